// How bytes come from a sensor: what each transport has to give, and what those that cannot be asked to wait keep.

/** One connection: bytes in parts, until the peer ends it (the loop ends) or it breaks (the loop throws). */
export interface Connection extends AsyncIterable<Uint8Array> {
	/** Ends it at once: whoever waits for bytes is told that there are no more. */
	close(): void;
	/** Where it ends on this side, where that was left to the machine: the port of a `udp://127.0.0.1:0`. */
	readonly address?: string;
	/** Messages that came and were dropped, as nobody took those before them. */
	readonly unread?: number;
}

/** A way to a sensor. It knows nothing of events, of trying again, nor of other transports. */
export interface Transport {
	/** Where to, for people; holds no password. */
	readonly name: string;
	/** Are the parts whole messages, whose borders no record crosses? Else they are pieces of one stream. */
	readonly isMessages: boolean;
	/** Is it over for good when its bytes end, as standard input is? */
	readonly isOnce: boolean;
	/** Connects. Rejects where that cannot be done, and at once when the signal is aborted. */
	connect(signal: AbortSignal): Promise<Connection>;
}

/** The most bytes that wait in an inbox. */
const INBOX_BYTES = 8 * 2 ** 20;
/** What a message costs beside its bytes. */
const MESSAGE_BYTES = 64;

/**
 * Parts that come by callback, for a reader that asks. Where the reader stays away, 8 MiB wait; what comes beyond that is
 * dropped and counted.
 */
export class Inbox implements Connection {
	readonly #close: () => void;
	readonly address?: string;
	#held: Uint8Array[] = [];
	#first = 0;
	#bytes = 0;
	#unread = 0;
	#wake: (() => void) | undefined;
	#end: { readonly error: unknown } | undefined;
	#isClosed = false;

	/** @param close ends what fills it */
	constructor(close: () => void, address?: string) {
		this.#close = close;
		if (address !== undefined) this.address = address;
	}

	get unread(): number {
		return this.#unread;
	}

	put(part: Uint8Array): void {
		if (this.#end !== undefined) return;
		const cost = part.length + MESSAGE_BYTES;
		if (this.#bytes + cost > INBOX_BYTES) {
			this.#unread += 1;
			return;
		}
		this.#bytes += cost;
		this.#held.push(part);
		this.#wake?.();
	}

	/** No more will come; because of the error, where there is one. */
	end(error?: unknown): void {
		this.#end ??= { error };
		this.#wake?.();
	}

	close(): void {
		this.end();
		if (this.#isClosed) return;
		this.#isClosed = true;
		this.#close();
	}

	async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
		for (;;) {
			const part = this.#held[this.#first];
			if (part !== undefined) {
				this.#first += 1;
				this.#bytes -= part.length + MESSAGE_BYTES;
				// Those that were taken are let go now and then, not one by one.
				if (this.#first === this.#held.length || this.#first >= 1024) {
					this.#held = this.#held.slice(this.#first);
					this.#first = 0;
				}
				yield part;
			} else if (this.#end !== undefined) {
				if (this.#end.error !== undefined) throw this.#end.error;
				return;
			} else {
				await new Promise<void>((resolve) => {
					this.#wake = resolve;
				});
				this.#wake = undefined;
			}
		}
	}
}
