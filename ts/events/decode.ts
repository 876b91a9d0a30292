// Bytes of an event file to events, by the decoders in WASM.

import { FormatError } from "../errors.js";
import { EventRoom, type Events } from "./chunk.js";
import { type EventFormat, formatOf, formatOfCode } from "./formats.js";

/** What to do about a fault: throw, or drop what is faulty and count it. */
export type OnFault = "refuse" | "skip";

/** The size of a sensor. */
export interface SensorPixels {
	readonly width: number;
	readonly height: number;
}

/** Events of a file, and what was left out of it. */
export interface DecodedEvents extends Events {
	readonly format: EventFormat;
	/** Faulty records that were dropped; 0 unless faults are skipped. */
	readonly dropped: number;
	/** The sensor's size, where the file states it. */
	readonly sensor: SensorPixels | undefined;
}

/** How to decode. */
export interface DecodeOptions {
	/** Default `"refuse"`. */
	readonly onFault?: OnFault | undefined;
	/** The file's name, for errors. */
	readonly source?: string | undefined;
	/** Where the events go; fresh arrays without it. */
	readonly room?: EventRoom | undefined;
}

/** The decoder that the WASM module gives; see its Rust source for what the calls do. */
export interface WasmDecoder {
	start(format: number, skip: boolean): boolean;
	feed(from: number, until: number): number;
	border(): void;
	finish(): number;
	consumed(): number;
	dropped(): number;
	width(): number;
	height(): number;
	hasFault(): boolean;
	faultOffset(): number;
	faultFound(): string;
	faultAllowed(): string;
	inputCapacity(): number;
	capacity(): number;
	inputPtr(): number;
	tPtr(): number;
	xPtr(): number;
	yPtr(): number;
	pPtr(): number;
	free(): void;
}

/** What decoding needs of the WASM module. */
export interface DecoderModule {
	readonly memory: WebAssembly.Memory;
	readonly Decoder: new () => WasmDecoder;
	readonly detect: (head: Uint8Array) => number;
	readonly suspect: (head: Uint8Array) => number;
}

/** How many bytes of a file's beginning tell its format. */
export const HEAD_BYTES = 4096;

/** What the first bytes of a file tell of its format: one that they bear the mark of, or one whose records they could be. */
export interface Told {
	readonly marked: EventFormat | undefined;
	readonly likely: EventFormat | undefined;
}

/** Looks at the first bytes of a file, up to `HEAD_BYTES` of them. */
export function tellFormat({ detect, suspect }: DecoderModule, head: Uint8Array): Told {
	return { marked: formatOfCode(detect(head)), likely: formatOfCode(suspect(head)) };
}

/** Views of a decoder's buffers, to be made again when the memory has grown. */
interface Views extends Events {
	readonly input: Uint8Array;
}

/** One stream of bytes at a time through a decoder: about 430 kB of WASM memory and what the format has to keep. */
export class Decoding {
	readonly #memory: WebAssembly.Memory;
	readonly #decoder: WasmDecoder;
	#views: Views | undefined;
	#source: string | undefined;

	constructor(module: DecoderModule) {
		this.#memory = module.memory;
		this.#decoder = new module.Decoder();
	}

	/** Begins a new stream. */
	start(format: EventFormat, onFault: OnFault | undefined, source: string | undefined): void {
		const { code } = formatOf(format);
		if (code === undefined || !this.#decoder.start(code, onFault === "skip")) {
			throw new Error(`the WASM module has no decoder of ${format}`);
		}
		this.#source = source;
	}

	/**
	 * The events of the next bytes, in their order and in parts, each of which is overwritten by the next. Throws a FormatError at
	 * a fault, after the events before it.
	 */
	*push(bytes: Uint8Array): Generator<Events> {
		const decoder = this.#decoder;
		const step = decoder.inputCapacity();
		for (let offset = 0; offset < bytes.length; offset += step) {
			const part = bytes.subarray(offset, offset + step);
			this.#current().input.set(part);
			for (let from = 0; from < part.length; from += decoder.consumed()) {
				const count = decoder.feed(from, part.length);
				if (count > 0) yield firstOf(this.#current(), count);
				this.#check();
			}
		}
	}

	/** A message ends here: what it cuts is a fault, and what follows begins anew. */
	border(): void {
		this.#decoder.border();
		this.#check();
	}

	/** Ends the stream, and gives the last events as `push` does. */
	*finish(): Generator<Events> {
		const count = this.#decoder.finish();
		if (count > 0) yield firstOf(this.#current(), count);
		this.#check();
	}

	/** Faulty records that were dropped so far. */
	get dropped(): number {
		return this.#decoder.dropped();
	}

	/** The sensor's size, once a header has stated it. */
	get sensor(): SensorPixels | undefined {
		const [width, height] = [this.#decoder.width(), this.#decoder.height()];
		return width > 0 && height > 0 ? { width, height } : undefined;
	}

	/** Gives the memory back. */
	free(): void {
		this.#decoder.free();
	}

	#check(): void {
		const decoder = this.#decoder;
		if (!decoder.hasFault()) return;
		throw new FormatError(decoder.faultOffset(), decoder.faultFound(), decoder.faultAllowed(), this.#source);
	}

	#current(): Views {
		const { buffer } = this.#memory;
		if (this.#views === undefined || this.#views.input.buffer !== buffer) {
			const decoder = this.#decoder;
			const capacity = decoder.capacity();
			this.#views = {
				input: new Uint8Array(buffer, decoder.inputPtr(), decoder.inputCapacity()),
				t: new Float64Array(buffer, decoder.tPtr(), capacity),
				x: new Uint16Array(buffer, decoder.xPtr(), capacity),
				y: new Uint16Array(buffer, decoder.yPtr(), capacity),
				p: new Uint8Array(buffer, decoder.pPtr(), capacity),
			};
		}
		return this.#views;
	}
}

/** Events that come in parts, put one behind the other. */
export class Gathering {
	readonly #room: EventRoom;
	#made: Events;
	#count = 0;

	/** @param expected about how many there will be */
	constructor(expected: number, room = new EventRoom()) {
		this.#room = room;
		this.#made = room.take(expected);
	}

	/** Adds copies. */
	add({ t, x, y, p }: Events): void {
		const count = this.#count + t.length;
		if (count > this.#made.t.length) this.#made = this.#room.grow(this.events(), Math.ceil(1.5 * count));
		this.#made.t.set(t, this.#count);
		this.#made.x.set(x, this.#count);
		this.#made.y.set(y, this.#count);
		this.#made.p.set(p, this.#count);
		this.#count = count;
	}

	/** All that were added. */
	events(): Events {
		return firstOf(this.#made, this.#count);
	}
}

const decodings = new WeakMap<DecoderModule, Decoding>();

/**
 * All events of a file, in its order.
 *
 * @param module the WASM module; one decoder is made for it and kept, as the call does not yield
 * @param bytes the whole file; read once, not kept
 * @throws FormatError with the byte offset of the first fault, unless faults are skipped
 */
export function decodeEvents(
	module: DecoderModule,
	bytes: Uint8Array,
	format: EventFormat,
	{ onFault, source, room }: DecodeOptions = {},
): DecodedEvents {
	let decoding = decodings.get(module);
	if (decoding === undefined) {
		decoding = new Decoding(module);
		decodings.set(module, decoding);
	}
	decoding.start(format, onFault, source);
	const gathered = new Gathering(Math.floor(bytes.length / formatOf(format).eventBytes), room);
	for (const part of decoding.push(bytes)) gathered.add(part);
	for (const part of decoding.finish()) gathered.add(part);
	return { ...gathered.events(), format, dropped: decoding.dropped, sensor: decoding.sensor };
}

/** The first `count` events, in the same memory. */
export function firstOf(made: Events, count: number): Events {
	if (count === made.t.length) return made;
	return {
		t: made.t.subarray(0, count),
		x: made.x.subarray(0, count),
		y: made.y.subarray(0, count),
		p: made.p.subarray(0, count),
	};
}
