// Bytes of a sound file to samples, by the decoder in WASM.

import { FormatError } from "../errors.js";
import type { OnFault } from "../events/decode.js";

/** The decoder that the WASM module gives; see its Rust source for what the calls do. */
interface WasmWav {
	feed(from: number, until: number): number;
	finish(): void;
	consumed(): number;
	dropped(): number;
	sampleRateHz(): number;
	channels(): number;
	bits(): number;
	isFloat(): boolean;
	hasFault(): boolean;
	faultOffset(): number;
	faultFound(): string;
	faultAllowed(): string;
	inputCapacity(): number;
	inputPtr(): number;
	samplesPtr(): number;
	free(): void;
}

/** What decoding needs of the WASM module. */
export interface WavModule {
	readonly memory: WebAssembly.Memory;
	readonly Wav: new (skip: boolean) => WasmWav;
}

/** What the samples of a file are. */
export interface AudioFormat {
	/** Frames a second. */
	readonly sampleRateHz: number;
	/** Samples a frame. */
	readonly channels: number;
	/** Bits of a sample as the file stores it. */
	readonly bits: number;
	/** Does the file store floats? */
	readonly isFloat: boolean;
}

/** A file of sound through a decoder: about 40 kB of WASM memory. */
export class WavDecoding {
	readonly #memory: WebAssembly.Memory;
	readonly #wav: WasmWav;
	readonly #source: string | undefined;

	constructor({ memory, Wav }: WavModule, onFault: OnFault, source: string | undefined) {
		this.#memory = memory;
		this.#wav = new Wav(onFault === "skip");
		this.#source = source;
	}

	/** The samples of the next bytes, whole frames in parts, each of which is overwritten by the next. Throws as `finish`. */
	*push(bytes: Uint8Array): Generator<Int16Array> {
		const wav = this.#wav;
		const step = wav.inputCapacity();
		for (let offset = 0; offset < bytes.length; offset += step) {
			const part = bytes.subarray(offset, offset + step);
			new Uint8Array(this.#memory.buffer, wav.inputPtr(), part.length).set(part);
			for (let from = 0; from < part.length; from += wav.consumed()) {
				const count = wav.feed(from, part.length);
				if (count > 0) yield new Int16Array(this.#memory.buffer, wav.samplesPtr(), count);
				this.#check();
			}
		}
	}

	/** Ends the file. Throws a FormatError at a fault, after the samples before it. */
	finish(): void {
		this.#wav.finish();
		this.#check();
	}

	/** What the samples are, once that is known. */
	get format(): AudioFormat | undefined {
		const wav = this.#wav;
		const sampleRateHz = wav.sampleRateHz();
		if (sampleRateHz === 0) return undefined;
		return { sampleRateHz, channels: wav.channels(), bits: wav.bits(), isFloat: wav.isFloat() };
	}

	/** Faults that were skipped so far. */
	get dropped(): number {
		return this.#wav.dropped();
	}

	/** Gives the memory back. */
	free(): void {
		this.#wav.free();
	}

	#check(): void {
		const wav = this.#wav;
		if (!wav.hasFault()) return;
		throw new FormatError(wav.faultOffset(), wav.faultFound(), wav.faultAllowed(), this.#source);
	}
}

/** All samples of a file. Throws a FormatError as `WavDecoding` does. */
export function decodeAudio(
	module: WavModule,
	bytes: Uint8Array,
	onFault: OnFault,
	source: string | undefined,
): AudioFormat & { readonly samples: Int16Array; readonly dropped: number } {
	const decoding = new WavDecoding(module, onFault, source);
	try {
		// No sample is stored in less than a byte.
		let made = new Int16Array(bytes.length);
		let count = 0;
		for (const part of decoding.push(bytes)) {
			made.set(part, count);
			count += part.length;
		}
		decoding.finish();
		made = made.slice(0, count);
		const { format, dropped } = decoding;
		if (format === undefined) throw new FormatError(0, "no head of a sound file", "a WAV file", source);
		return { ...format, samples: made, dropped };
	} finally {
		decoding.free();
	}
}
