// Bytes of an event file to events, by the decoders in WASM.

import { FormatError } from "../errors.js";
import { EventRoom, type Events } from "./chunk.js";

/** The formats of event files. */
export type EventFormat = "bin" | "bs2";

/** What to do about a fault: throw, or drop what is faulty and count it. */
export type OnFault = "refuse" | "skip";

/** Events of a file, and what was left out of it. */
export interface DecodedEvents extends Events {
	readonly format: EventFormat;
	/** Faulty records that were dropped; 0 unless faults are skipped. */
	readonly dropped: number;
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
	finish(): number;
	consumed(): number;
	dropped(): number;
	faultCode(): number;
	faultOffset(): number;
	faultFound(): number;
	faultAllowed(): number;
	inputCapacity(): number;
	capacity(): number;
	inputPtr(): number;
	tPtr(): number;
	xPtr(): number;
	yPtr(): number;
	pPtr(): number;
}

/** What decoding needs of the WASM module. */
export interface DecoderModule {
	readonly memory: WebAssembly.Memory;
	readonly Decoder: new () => WasmDecoder;
}

/** By format: its number in WASM, and the bytes of its shortest record. */
const FORMATS: Readonly<Record<EventFormat, { code: number; recordBytes: number }>> = {
	bin: { code: 0, recordBytes: 5 },
	bs2: { code: 1, recordBytes: 5 },
};

/** The number of the only kind of fault these formats have. */
const CUT_RECORD = 1;

/** Views of a decoder's buffers, to be made again when the memory has grown. */
interface Views extends Events {
	readonly input: Uint8Array;
}

/** Decodes whole files, one after the other, through one decoder's buffers (about 110 kB of WASM memory). */
class FileDecoder {
	readonly #memory: WebAssembly.Memory;
	readonly #decoder: WasmDecoder;
	#views: Views | undefined;

	constructor(module: DecoderModule) {
		this.#memory = module.memory;
		this.#decoder = new module.Decoder();
	}

	decode(bytes: Uint8Array, format: EventFormat, { onFault, source, room }: DecodeOptions): DecodedEvents {
		const decoder = this.#decoder;
		const { code, recordBytes } = FORMATS[format];
		if (!decoder.start(code, onFault === "skip")) throw new Error(`the WASM module has no decoder of number ${code}`);
		const made = (room ?? new EventRoom()).take(Math.floor(bytes.length / recordBytes));
		let count = 0;
		const step = decoder.inputCapacity();
		for (let offset = 0; offset < bytes.length; offset += step) {
			const part = bytes.subarray(offset, offset + step);
			this.#current().input.set(part);
			for (let from = 0; from < part.length; from += decoder.consumed()) {
				count = this.#take(made, count, decoder.feed(from, part.length), source);
			}
		}
		count = this.#take(made, count, decoder.finish(), source);
		return { ...cut(made, count), format, dropped: decoder.dropped() };
	}

	/** Copies the events of the last call behind the first `count` ones; returns how many there are then. */
	#take(made: Events, count: number, fresh: number, source: string | undefined): number {
		if (this.#decoder.faultCode() !== 0) throw this.#fault(source);
		const views = this.#current();
		const { t, x, y, p } = fresh === views.t.length ? views : cut(views, fresh);
		made.t.set(t, count);
		made.x.set(x, count);
		made.y.set(y, count);
		made.p.set(p, count);
		return count + fresh;
	}

	#fault(source: string | undefined): FormatError {
		const [found, allowed] = [this.#decoder.faultFound(), this.#decoder.faultAllowed()];
		const isCut = this.#decoder.faultCode() === CUT_RECORD;
		const foundText = isCut ? `the last record is cut, it has ${found} bytes` : `${found}`;
		return new FormatError(this.#decoder.faultOffset(), foundText, isCut ? `${allowed} bytes` : `${allowed}`, source);
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

const decoders = new WeakMap<DecoderModule, FileDecoder>();

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
	options: DecodeOptions = {},
): DecodedEvents {
	let decoder = decoders.get(module);
	if (decoder === undefined) {
		decoder = new FileDecoder(module);
		decoders.set(module, decoder);
	}
	return decoder.decode(bytes, format, options);
}

/** The first `count` events. */
function cut(made: Events, count: number): Events {
	if (count === made.t.length) return made;
	return {
		t: made.t.subarray(0, count),
		x: made.x.subarray(0, count),
		y: made.y.subarray(0, count),
		p: made.p.subarray(0, count),
	};
}
