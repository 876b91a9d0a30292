// A transport whose connections a test makes and breaks.
import { type Connection, Inbox, type Transport } from "stllr/sensors";

/** A peer: each attempt to connect waits until the test lets it be made, or fail. */
export class ScriptedPeer implements Transport {
	readonly name = "scripted";
	readonly isMessages: boolean;
	readonly isOnce = false;
	attempts = 0;
	isAborted = false;
	#pending: { resolve: (made: Connection) => void; reject: (error: Error) => void } | undefined;

	constructor(isMessages = true) {
		this.isMessages = isMessages;
	}

	connect(signal: AbortSignal): Promise<Connection> {
		this.attempts += 1;
		return new Promise((resolve, reject) => {
			this.#pending = { resolve, reject };
			signal.addEventListener("abort", () => {
				this.isAborted = true;
			});
		});
	}

	/** Lets the attempt that waits be made. */
	accept(): Inbox {
		const inbox = new Inbox(() => {});
		this.#pending?.resolve(inbox);
		return inbox;
	}

	/** Lets it fail. */
	refuse(reason: string): void {
		this.#pending?.reject(new Error(reason));
	}
}

/** SPIF words of events in a row: each 1 us after the one before, at x = index. */
export function spif(count: number, fromUs: number, everyUs = 1): Uint8Array {
	const words = new Uint32Array(2 * count);
	for (let index = 0; index < count; index += 1) {
		words[2 * index] = ((index % 16) << 16) | ((index % 2) << 15) | (index % 8);
		words[2 * index + 1] = fromUs + index * everyUs;
	}
	return new Uint8Array(words.buffer);
}
