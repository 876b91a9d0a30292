// Encoders of samples: values of channels at a steady rate, and sound.

import { OptionError } from "../errors.js";
import type { Events } from "../events/chunk.js";
import * as check from "../network/check.js";
import { type EncodeModule, loadEncodeModule } from "../wasm/module.js";
import { type Encoder, type EncoderOptions, type NetworkInput, type Source, SourceEncoder } from "./encoder.js";
import { Outlet, refusal } from "./outlet.js";

/**
 * Samples of all channels, one frame after the other: `[frame][channel]`. A chunk may end within a frame.
 *
 * Values are held as whole multiples of 2^-16, rounded to the nearest (halves up), from -32,768 to 32,767.99998: scale what is
 * larger.
 */
export type Samples = ArrayLike<number>;

/**
 * Sound: 16-bit samples of one channel; or floats in -1 to 1, which count as round(32,768 x) (halves up), and what lies beyond
 * 16 bits as the nearest.
 */
export type Sound = Int16Array | Float32Array | Float64Array;

/** What encoders of samples take. */
export interface SampleOptions extends EncoderOptions {
	/** Samples (frames) a second: 0.001 to 1,000,000, in thousandths. */
	readonly sampleRateHz: number;
	/** The time of the first sample, in us. Default 0. */
	readonly startUs?: number;
}

/** Options of `SampleOptions`, for `check.object`. */
export const SAMPLE_OPTIONS = ["sampleRateHz", "startUs", "delaysUs"] as const;

/** Bits after the point of a value. */
const ONE = 65_536;
/** The range of values. */
export const LEAST = -32_768;
export const MOST = 32_768 - 1 / ONE;

/** A value as WASM takes it. */
export function fixed(value: number): number {
	return Math.round(value * ONE);
}

/** How input is put into WASM: copies of it from `from` on; and what is none is refused before. */
interface Taking<S> {
	check(input: S): void;
	put(to: Int32Array, input: S, from: number): void;
}

const VALUES: Taking<Samples> = {
	check(input) {
		if (typeof input !== "object" || input === null || typeof input.length !== "number") {
			throw new OptionError("samples", input, "an array or a typed array of numbers");
		}
		for (let index = 0; index < input.length; index += 1) {
			const value = input[index] as number;
			// NaN is in no range.
			if (!(value >= LEAST && value <= MOST)) {
				throw new OptionError(`samples[${index}]`, value, `a number from ${LEAST} to ${MOST}`);
			}
		}
	},
	put(to, input, from) {
		for (let at = 0; at < to.length; at += 1) to[at] = Math.round((input[from + at] as number) * ONE);
	},
};

const SOUND: Taking<Sound> = {
	check(input) {
		if (input instanceof Int16Array) return;
		if (!(input instanceof Float32Array || input instanceof Float64Array)) {
			throw new OptionError("samples", input, "an Int16Array, or a Float32Array of samples from -1 to 1");
		}
		const index = input.findIndex((value) => Number.isNaN(value));
		if (index >= 0) throw new OptionError(`samples[${index}]`, Number.NaN, "a number");
	},
	put(to, input, from) {
		if (input instanceof Int16Array) {
			to.set(input.subarray(from, from + to.length));
			return;
		}
		for (let at = 0; at < to.length; at += 1) {
			to[at] = Math.max(-32_768, Math.min(32_767, Math.round((input[from + at] as number) * 32_768)));
		}
	},
};

/** Samples through an encoder in WASM: about 100 kB, and what the code says. */
class SampleSource<S extends ArrayLike<number>> implements Source<S> {
	readonly input: NetworkInput;
	readonly latencyUs: number;
	readonly #memory: WebAssembly.Memory;
	readonly #encoder: InstanceType<EncodeModule["SampleEncoder"]>;
	readonly #outlet: Outlet;
	readonly #taking: Taking<S>;
	#values: Int32Array;

	constructor(module: EncodeModule, taking: Taking<S>, kind: number, settings: readonly number[]) {
		this.#memory = module.memory;
		this.#taking = taking;
		this.#encoder = new module.SampleEncoder();
		if (!this.#encoder.start(kind, Float64Array.from(settings))) {
			const error = refusal(this.#encoder);
			this.#encoder.free();
			throw error;
		}
		this.#outlet = new Outlet(module.memory, this.#encoder);
		this.#values = new Int32Array(0);
		this.input = { width: this.#encoder.width(), height: 1, polarities: this.#encoder.polarities() };
		this.latencyUs = this.#encoder.latencyUs();
	}

	push(input: S): Events[] {
		this.#taking.check(input);
		const given: Events[] = [];
		const encoder = this.#encoder;
		const capacity = encoder.inputCapacity();
		for (let offset = 0; offset < input.length; offset += capacity) {
			const count = Math.min(capacity, input.length - offset);
			if (this.#values.buffer !== this.#memory.buffer) {
				this.#values = new Int32Array(this.#memory.buffer, encoder.inputPtr(), capacity);
			}
			this.#taking.put(this.#values.subarray(0, count), input, offset);
			for (let from = 0; from < count; from += encoder.consumed()) {
				const made = encoder.feed(from, count);
				if (made > 0) given.push(this.#outlet.take(made));
			}
		}
		return given;
	}

	reset(): void {
		this.#encoder.reset();
	}

	free(): void {
		this.#encoder.free();
	}
}

/** The encoder of a kind of values. */
export function openSamples(
	options: SampleOptions,
	kind: number,
	settings: readonly number[],
): Promise<Encoder<Samples>> {
	return open(VALUES, options, kind, settings);
}

/** The encoder of a kind of sound. */
export function openSound(options: SampleOptions, kind: number, settings: readonly number[]): Promise<Encoder<Sound>> {
	return open(SOUND, options, kind, settings);
}

async function open<S extends ArrayLike<number>>(
	taking: Taking<S>,
	options: SampleOptions,
	kind: number,
	settings: readonly number[],
): Promise<Encoder<S>> {
	const startUs = check.integer("startUs", options.startUs, 0, 2 ** 52, 0);
	const module = await loadEncodeModule();
	const source = new SampleSource(module, taking, kind, [startUs, rateMilliHz(options), ...settings]);
	return new SourceEncoder(module, source, options.delaysUs);
}

/** The rate as WASM takes it. */
export function rateMilliHz({ sampleRateHz }: SampleOptions): number {
	return Math.round(1000 * check.number("sampleRateHz", sampleRateHz, 0.001, 1e6));
}
