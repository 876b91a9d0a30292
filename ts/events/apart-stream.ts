// A file whose arrays lie apart, as the stream of events that all files are.

import type { ApartEvents } from "./apart.js";
import { copyOf, type Events } from "./chunk.js";
import type { SensorPixels } from "./decode.js";
import type { EventStream } from "./stream.js";

/** The chunks of such a file. */
export class ApartStream implements EventStream {
	readonly format: "npz" | "hdf5";
	readonly name: string | undefined;
	readonly length: number | undefined;
	readonly sensor: SensorPixels | undefined;
	readonly recordings: number | undefined;
	readonly #events: ApartEvents;
	readonly #chunks: AsyncGenerator<Events>;
	#given = 0;
	#isRead = false;

	constructor(
		events: ApartEvents,
		format: "npz" | "hdf5",
		{ name, length }: { name: string | undefined; length: number | undefined },
		reuse: boolean,
	) {
		this.format = format;
		this.name = name;
		this.length = length;
		this.sensor = events.sensor;
		this.recordings = events.recordings;
		this.#events = events;
		this.#chunks = this.#read(reuse);
	}

	get dropped(): number {
		return this.#events.dropped;
	}

	/** About as many: of what share of the events has been given. */
	get bytesRead(): number {
		const { count = 0 } = this.#events;
		const share = this.#isRead ? 1 : Math.min(1, this.#given / Math.max(1, count));
		return Math.round(share * (this.length ?? 0));
	}

	[Symbol.asyncIterator](): AsyncGenerator<Events> {
		return this.#chunks;
	}

	async close(): Promise<void> {
		await this.#chunks.return(undefined);
		// Chunks that nobody has asked for end without their last words.
		this.#events.close();
	}

	async *#read(reuse: boolean): AsyncGenerator<Events> {
		try {
			for (const chunk of this.#events.chunks()) {
				this.#given += chunk.t.length;
				yield reuse ? chunk : copyOf(chunk);
			}
			this.#isRead = true;
		} finally {
			this.#events.close();
		}
	}
}
