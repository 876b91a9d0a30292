// Sound: a mel spectrogram, and a cochlea.

import { OptionError } from "../errors.js";
import * as check from "../network/check.js";
import type { Encoder } from "./encoder.js";
import { fixed, openSound, rateMilliHz, SAMPLE_OPTIONS, type SampleOptions, type Sound } from "./samples.js";

/** What a mel spectrogram takes. Samples a second: 1,000 and up. */
export interface MelOptions extends SampleOptions {
	/** 1 to 256: columns of the events. Default 32. */
	readonly bands?: number;
	/** Samples of a window: 2 to 4,096. Default: those of 25 ms. */
	readonly windowSamples?: number;
	/** From one window to the next: 1 to 65,536. Default: those of 10 ms. */
	readonly hopSamples?: number;
	/** Points of the Fourier transform: a power of two from the window to 4,096. Default: the first that is twice the window. */
	readonly points?: number;
	/** Where the lowest band begins, in Hz. Default 60. */
	readonly lowHz?: number;
	/** Where the highest ends, up to half the sample rate, which is the default. */
	readonly highHz?: number;
	/** The sample that counts as 1, 1 to 32,768, the default: less for quiet sound. */
	readonly fullScale?: number;
	/** What is quieter counts as so loud: -60 to 90 dB. Default -30. A tone of full scale has about 34 dB (by 200 samples a window). */
	readonly floorDb?: number;
	/** The rate code's range over the floor: it spikes in every window from there on. Default 60 dB; `false`: no rate code. */
	readonly rateDb?: number | false;
	/** The change that spikes. Default 6 dB; `false`: no changes. */
	readonly deltaDb?: number | false;
}

/**
 * Sound by its loudness in bands: by rate (polarity 0) and by falls and rises (1 and 2; 0 and 1 without the rate). An event has the
 * time at which its window begins.
 *
 * @throws OptionError for an option that is out of its range
 */
export async function melEncoder(options: MelOptions): Promise<Encoder<Sound>> {
	check.object("melEncoder", options, [
		...SAMPLE_OPTIONS,
		...[
			"bands",
			"windowSamples",
			"hopSamples",
			"points",
			"lowHz",
			"highHz",
			"fullScale",
			"floorDb",
			"rateDb",
			"deltaDb",
		],
	]);
	const rate = rateMilliHz(options) / 1000;
	check.number("sampleRateHz", options.sampleRateHz, 1000, 1e6);
	const windowSamples = check.integer(
		"windowSamples",
		options.windowSamples,
		2,
		4096,
		Math.min(4096, Math.round(rate / 40)),
	);
	const hopSamples = check.integer("hopSamples", options.hopSamples, 1, 65_536, Math.round(rate / 100));
	const least = powerFrom(windowSamples);
	const points = check.integer("points", options.points, least, 4096, Math.min(4096, 2 * least));
	if (points !== powerFrom(points)) throw new OptionError("points", points, "a power of two");
	const lowHz = check.number("lowHz", options.lowHz, 0, rate / 2, 60);
	const highHz = check.number("highHz", options.highHz, 0, rate / 2, rate / 2);
	if (highHz <= lowHz) throw new OptionError("highHz", highHz, `more than lowHz, ${lowHz}`);
	if (options.rateDb === false && options.deltaDb === false) {
		throw new OptionError("deltaDb", false, "a number, where rateDb is false: one code at least");
	}
	return openSound(options, 5, [
		...[windowSamples, hopSamples, points, check.integer("bands", options.bands, 1, 256, 32)],
		...[Math.floor(1000 * lowHz), Math.floor(1000 * highHz)],
		check.integer("fullScale", options.fullScale, 1, 32_768, 32_768),
		fixed(check.number("floorDb", options.floorDb, -60, 90, -30)),
		...optional("rateDb", options.rateDb, 60),
		...optional("deltaDb", options.deltaDb, 6),
	]);
}

/** What a hair cell does. */
export type CochleaCode =
	| {
			/** A leaky integrate-and-fire neuron: one polarity. */
			readonly type: "fire";
			/** Spikes a second of a tone of full scale at the centre, without the leak: the sample rate / 49,000 to 100,000. Default 2,000. */
			readonly rateHz?: number;
			/** The time after which a membrane has leaked to half, 1 to 10^7 us. Default 20,000. */
			readonly halfUs?: number;
	  }
	| {
			/** Falls (polarity 0) and rises (1) of the envelope. */
			readonly type: "delta";
			/** From level to level, 0.5 to 60 dB. Default 3. */
			readonly deltaDb?: number;
			/** The lowest level, of full scale: -90 to 0 dB. Default -60. */
			readonly floorDb?: number;
			/** Where the envelope's low pass halves power, up to an eighth of the sample rate. Default 30 Hz. */
			readonly envelopeHz?: number;
	  };

/** What a cochlea takes. Samples a second: 1,000 and up. */
export interface CochleaOptions extends SampleOptions {
	/** 1 to 256: columns of the events. Default 64. */
	readonly channels?: number;
	/** The lowest centre in Hz, 1 and up. Default 60. */
	readonly lowHz?: number;
	/** The highest, at most 0.45 of the sample rate. Default 0.4 of it. */
	readonly highHz?: number;
	/** Default `{ type: "fire" }`. */
	readonly code?: CochleaCode;
}

/**
 * Sound through a bank of band-pass filters as narrow as the ear's, each with a hair cell that spikes, at any sample.
 *
 * @throws OptionError for an option that is out of its range
 */
export async function cochleaEncoder(options: CochleaOptions): Promise<Encoder<Sound>> {
	check.object("cochleaEncoder", options, [...SAMPLE_OPTIONS, "channels", "lowHz", "highHz", "code"]);
	const rate = rateMilliHz(options) / 1000;
	check.number("sampleRateHz", options.sampleRateHz, 1000, 1e6);
	const channels = check.integer("channels", options.channels, 1, 256, 64);
	const lowHz = check.number("lowHz", options.lowHz, 1, 0.45 * rate, 60);
	const highHz = check.number("highHz", options.highHz, 1, 0.45 * rate, 0.4 * rate);
	if (highHz <= lowHz) throw new OptionError("highHz", highHz, `more than lowHz, ${lowHz}`);
	const code = codeOf(options.code ?? { type: "fire" }, rate);
	return openSound(options, 6, [channels, Math.floor(1000 * lowHz), Math.floor(1000 * highHz), ...code]);
}

function codeOf(code: CochleaCode, rate: number): number[] {
	check.object("code", code);
	if (check.oneOf("code.type", code.type, ["fire", "delta"]) === "fire") {
		const { rateHz, halfUs } = check.object("code", code, ["type", "rateHz", "halfUs"]);
		return [
			...[0, Math.round(1000 * check.number("code.rateHz", rateHz, rate / 49_000, 100_000, 2000))],
			check.integer("code.halfUs", halfUs, 1, 1e7, 20_000),
		];
	}
	const { deltaDb, floorDb, envelopeHz } = check.object("code", code, ["type", "deltaDb", "floorDb", "envelopeHz"]);
	return [
		1,
		fixed(check.number("code.deltaDb", deltaDb, 0.5, 60, 3)),
		fixed(check.number("code.floorDb", floorDb, -90, 0, -60)),
		Math.floor(1000 * check.number("code.envelopeHz", envelopeHz, 0.001, rate / 8, 30)),
	];
}

function optional(option: string, given: number | false | undefined, fallback: number): [number, number] {
	if (given === false) return [0, 0];
	return [1, fixed(check.number(option, given, 1 / 65_536, 200, fallback))];
}

/** The first power of two that is no less, from 4 on. */
function powerFrom(count: number): number {
	let power = 4;
	while (power < count) power *= 2;
	return power;
}
