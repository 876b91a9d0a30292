// Streams that are there already: standard input, a process's output, any stream of Node or async iterable.

import type { Connection, Transport } from "../transport.js";

/** Reads a stream to its end; it cannot be had again. */
export function stream(from: AsyncIterable<Uint8Array | string>, name = "stream"): Transport {
	return {
		name,
		isMessages: false,
		isOnce: true,
		connect: async () => new StreamConnection(from),
	};
}

class StreamConnection implements Connection {
	readonly #from: AsyncIterable<Uint8Array | string>;
	#isClosed = false;

	constructor(from: AsyncIterable<Uint8Array | string>) {
		this.#from = from;
	}

	close(): void {
		this.#isClosed = true;
		// A stream of Node: who waits for it is told at once.
		if ("destroy" in this.#from && typeof this.#from.destroy === "function") this.#from.destroy();
	}

	async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
		try {
			for await (const part of this.#from) {
				if (this.#isClosed) return;
				yield typeof part === "string" ? new TextEncoder().encode(part) : part;
			}
		} catch (error) {
			if (!this.#isClosed) throw error;
		}
	}
}
