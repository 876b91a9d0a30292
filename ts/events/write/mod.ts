// Events to files. A writer takes chunks and gives the bytes of a file; what a format cannot keep is an error, never a loss.

import { OptionError } from "../../errors.js";
import type { Events } from "../chunk.js";
import type { SensorPixels } from "../decode.js";
import { aedat4 } from "./aedat4.js";
import { csv } from "./csv.js";
import { es } from "./es.js";
import { npz } from "./npz.js";

/** What a file is to say beside the events. */
export interface WriteOptions {
	/** The sensor's size; every event must lie on it. */
	readonly sensor: SensorPixels;
}

/** A writer of a format. Throws an EventError, with the index of the first event that the format cannot keep. */
export type Writer = (chunks: AsyncIterable<Events>, options: WriteOptions) => AsyncIterable<Uint8Array>;

const WRITERS = { csv, npz, es, aedat4 } as const satisfies Readonly<Record<string, Writer>>;

/** A format that can be written. */
export type WriteFormat = keyof typeof WRITERS;

/** All of them. */
export const writeFormats = Object.keys(WRITERS) as readonly WriteFormat[];

/**
 * The bytes of a file of events, piece by piece.
 *
 * | format | keeps | its limits |
 * | --- | --- | --- |
 * | `csv` | everything | none: a line `t,x,y,p` an event, in us |
 * | `npz` | everything | chunks that can be gone over again, and again: five times |
 * | `es` | two polarities, times that never go back | a byte for each 127 us without events |
 * | `aedat4` | two polarities, the order of the events | x and y up to 32767; not compressed |
 *
 * @param chunks for `npz` not a generator, nor a stream, which end after the first time, but what opens them anew:
 *   `{ async *[Symbol.asyncIterator]() { yield* await streamEvents(path); } }`
 * @throws OptionError for a format that is not there
 */
export function writeEvents(
	chunks: AsyncIterable<Events>,
	format: WriteFormat,
	options: WriteOptions,
): AsyncIterable<Uint8Array> {
	const writer: Writer | undefined = WRITERS[format];
	if (writer === undefined) {
		throw new OptionError("format", format, writeFormats.map((name) => JSON.stringify(name)).join(", "));
	}
	return writer(chunks, options);
}
