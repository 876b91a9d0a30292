// Event files as streams: a chunk at a time, whatever their size.

import { OptionError } from "../errors.js";
import { type EventsModule, loadEventsModule } from "../wasm/module.js";
import { openApart } from "./apart.js";
import { ApartStream } from "./apart-stream.js";
import { type ByteSource, type Bytes, openBytes } from "./bytes.js";
import { copyOf, type Events } from "./chunk.js";
import { Decoding, HEAD_BYTES, type OnFault, type SensorPixels, tellFormat } from "./decode.js";
import { checkFormat, type EventFormat, eventFormats, formatApart, formatOfName, isSound } from "./formats.js";
import type { H5wasm } from "./hdf5/library.js";

/** How to read an event file. */
export interface ReadOptions {
	/**
	 * The format. Without it the content tells, where the format bears a mark; else the name's ending; else what the records
	 * look like. `"bin"` and `"bs2"` hold the same bytes and differ in one thing: in `"bin"` a record with y = 240 is no
	 * event, it adds 2^13 us to all times after it.
	 */
	readonly format?: EventFormat;
	/** At a fault: `"refuse"` (the default) throws, `"skip"` drops what is faulty, counts it and goes on. */
	readonly onFault?: OnFault;
	/** Of an HDF5 file that is a set of recordings (SHD, SSC) the one that is read, from 0; must be given for those. */
	readonly recording?: number;
	/** Of another HDF5 file where the events are, as `"davis/right/events"`: an array of rows or a group of arrays. */
	readonly at?: string;
	/** Of an HDF5 file whose times rise the events from this time on, in us; only these are read. */
	readonly fromUs?: number;
	/** The same before this time. */
	readonly untilUs?: number;
	/** The package h5wasm, which HDF5 files need, where it cannot be loaded by its name: in browsers. */
	readonly h5wasm?: H5wasm;
}

/** How to stream. */
export interface StreamOptions extends ReadOptions {
	/** Chunks share memory: each is overwritten by the next. For loops that are done with a chunk when they ask for the next. */
	readonly reuse?: boolean;
}

/** An event file that is being read: chunks of events, in the order and with the values of the file. */
export interface EventStream extends AsyncIterable<Events> {
	readonly format: EventFormat;
	/** The sensor's size, once a header has stated it; at the latest with the first chunk. */
	readonly sensor: SensorPixels | undefined;
	/** Faulty records dropped so far; 0 unless faults are skipped. */
	readonly dropped: number;
	/** Bytes read so far. */
	readonly bytesRead: number;
	/** Bytes there are, where that is known. */
	readonly length: number | undefined;
	/** The file's name, where it has one. */
	readonly name: string | undefined;
	/** How many recordings the file is a set of, where it is one; `recording` chooses among them. */
	readonly recordings: number | undefined;
	/** Leaves off: the file is closed. Leaving the loop over the chunks does it too. */
	close(): Promise<void>;
}

/**
 * Opens an event file to be read a chunk at a time: the memory it takes does not depend on the file's size.
 *
 * @param source a path, a `file:` URL, bytes, or a stream of bytes
 * @throws OptionError for a format that is neither given nor told by content or name
 * @throws DatasetError for a file that cannot be read
 * @throws EnvironmentError for an HDF5 file without the package h5wasm
 * @throws FormatError, from the loop, with the byte offset of the first fault; the events before it have been given. Where the
 *   fields of events lie in arrays of their own (NPZ, HDF5) the offset is in the array that the error names
 */
export async function streamEvents(source: ByteSource, options: StreamOptions = {}): Promise<EventStream> {
	const onFault = checkOnFault(options.onFault);
	const given = checkFormat(options.format);
	const [module, bytes] = await Promise.all([loadEventsModule(), openBytes(source)]);
	const parts = bytes[Symbol.asyncIterator]();
	try {
		const head = await headOf(parts);
		const apart = given === undefined ? formatApart(head) : given === "npz" || given === "hdf5" ? given : undefined;
		if (apart !== undefined) {
			await parts.return?.();
			const events = await openApart(module, source, apart, { ...options, onFault });
			return new ApartStream(events, apart, bytes, options.reuse === true);
		}
		for (const name of ["recording", "at", "fromUs", "untilUs"] as const) {
			if (options[name] !== undefined) throw new OptionError(name, options[name], "none for files that are not HDF5");
		}
		if (given === undefined && isSound(head)) {
			throw new OptionError("source", bytes.name ?? "WAV", "event files; openAudio and streamAudio read sound");
		}
		const format = given ?? toldFormat(module, head, bytes.name);
		return new DecodedStream(module, bytes, head, parts, { format, onFault, reuse: options.reuse === true });
	} catch (cause) {
		await parts.return?.();
		throw cause;
	}
}

/** An `onFault` option as it was given, or the default. */
export function checkOnFault(given: OnFault | undefined): OnFault {
	if (given === undefined || given === "refuse" || given === "skip") return given ?? "refuse";
	throw new OptionError("onFault", given, '"refuse" or "skip"');
}

/** The first bytes, at least `HEAD_BYTES` where there are so many. */
async function headOf(parts: AsyncIterator<Uint8Array>): Promise<Uint8Array> {
	const first = await nextOf(parts);
	if (first === undefined || first.length >= HEAD_BYTES) return first ?? new Uint8Array(0);
	// The next part may come in the same memory.
	let head = first.slice();
	while (head.length < HEAD_BYTES) {
		const next = await nextOf(parts);
		if (next === undefined) break;
		const longer = new Uint8Array(head.length + next.length);
		longer.set(head);
		longer.set(next, head.length);
		head = longer;
	}
	return head;
}

function toldFormat(module: EventsModule, head: Uint8Array, name: string | undefined): EventFormat {
	const { marked, likely } = tellFormat(module, head.subarray(0, HEAD_BYTES));
	const format = marked ?? (name === undefined ? undefined : formatOfName(name)) ?? likely;
	if (format !== undefined) return format;
	const allowed = eventFormats.map((format) => JSON.stringify(format)).join(", ");
	const what =
		name === undefined ? "the bytes bear no mark of a format" : `${JSON.stringify(name)} bears no mark of one`;
	throw new OptionError("format", undefined, `${allowed}; ${what}, so it must be given`);
}

/** How a stream is read. */
interface Reading {
	readonly format: EventFormat;
	readonly onFault: OnFault;
	readonly reuse: boolean;
}

class DecodedStream implements EventStream {
	readonly format: EventFormat;
	readonly name: string | undefined;
	readonly length: number | undefined;
	readonly recordings = undefined;
	readonly #decoding: Decoding;
	readonly #chunks: AsyncGenerator<Events>;
	readonly #rest: AsyncIterator<Uint8Array>;
	readonly #reuse: boolean;
	#isOpen = true;
	#sensor: SensorPixels | undefined;
	#dropped = 0;
	#bytesRead = 0;

	constructor(
		module: EventsModule,
		{ name, length }: Bytes,
		head: Uint8Array,
		rest: AsyncIterator<Uint8Array>,
		{ format, onFault, reuse }: Reading,
	) {
		this.format = format;
		this.name = name;
		this.length = length;
		this.#reuse = reuse;
		this.#decoding = new Decoding(module);
		this.#decoding.start(format, onFault, name);
		this.#rest = rest;
		this.#chunks = this.#read(head);
	}

	get sensor(): SensorPixels | undefined {
		return this.#sensor;
	}

	get dropped(): number {
		return this.#dropped;
	}

	get bytesRead(): number {
		return this.#bytesRead;
	}

	[Symbol.asyncIterator](): AsyncGenerator<Events> {
		return this.#chunks;
	}

	async close(): Promise<void> {
		await this.#chunks.return(undefined);
		// Chunks that nobody has asked for end without their last words.
		await this.#end();
	}

	async *#read(head: Uint8Array): AsyncGenerator<Events> {
		try {
			for (let part: Uint8Array | undefined = head; part !== undefined; part = await nextOf(this.#rest)) {
				yield* this.#decode(part);
				this.#bytesRead += part.length;
			}
			yield* this.#decode(undefined);
		} finally {
			await this.#end();
		}
	}

	async #end(): Promise<void> {
		if (!this.#isOpen) return;
		this.#isOpen = false;
		this.#decoding.free();
		await this.#rest.return?.();
	}

	/** Decodes the next bytes, or ends the stream. */
	*#decode(bytes: Uint8Array | undefined): Generator<Events> {
		const decoding = this.#decoding;
		try {
			for (const chunk of bytes === undefined ? decoding.finish() : decoding.push(bytes)) {
				this.#sensor = decoding.sensor;
				yield this.#reuse ? chunk : copyOf(chunk);
			}
		} finally {
			this.#sensor = decoding.sensor;
			this.#dropped = decoding.dropped;
		}
	}
}

async function nextOf(parts: AsyncIterator<Uint8Array>): Promise<Uint8Array | undefined> {
	const { done, value } = await parts.next();
	return done === true ? undefined : value;
}
