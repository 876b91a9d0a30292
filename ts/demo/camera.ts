// A simulated event camera: pixels that see brightness rise and fall, and say so when it has changed enough.
//
// Brightness is logarithmic from the start and measured in contrast thresholds of a nominal pixel. A pixel remembers the
// brightness of its last event; where the brightness comes to differ from that by the pixel's own threshold, it sends ON
// (1) or OFF (0). Brightness changes in straight ramps, so each crossing's time is computed, not searched for in frames.
// Only + - * / and the functions of integers are used: the same bytes on every machine.

import type { Events } from "../events/chunk.js";
import { Random } from "../random.js";

/** What a camera is like; its pixels are drawn from `seed`. */
export interface CameraOptions {
	/** Pixels in a row and rows, each at least 1. */
	readonly width: number;
	readonly height: number;
	/** Names the camera: the same seed has the same thresholds and hot pixels. */
	readonly seed: number;
	/** Thresholds lie from 1 - spread to 1 + spread; 0 to 0.9. */
	readonly thresholdSpread: number;
	/** A pixel sends nothing for this long after an event; what happens meanwhile is lost. */
	readonly refractoryUs: number;
	/** The probability that an event gets lost on its way. */
	readonly loss: number;
	/** Events a pixel sends by itself, of either polarity, a second. */
	readonly noiseHz: number;
	/** How many pixels are hot, and how many ON events each sends a second. */
	readonly hotPixels: number;
	readonly hotHz: number;
}

/** One camera; it makes one recording after the other. */
export class EventCamera {
	readonly #options: CameraOptions;
	readonly #threshold: Float64Array;
	readonly #hot: readonly number[];
	/** By pixel: the brightness now, the brightness at the last event, the time of the last event sent. */
	readonly #level: Float64Array;
	readonly #reference: Float64Array;
	readonly #sentUs: Float64Array;
	/** The events so far, unsorted: time in us times twice the pixels, plus twice the pixel, plus the polarity. */
	#keys: Float64Array;
	#count = 0;

	constructor(options: CameraOptions) {
		const pixels = options.width * options.height;
		const random = new Random(options.seed, CAMERA_STREAM);
		this.#options = options;
		this.#threshold = Float64Array.from({ length: pixels }, () =>
			random.between(1 - options.thresholdSpread, 1 + options.thresholdSpread),
		);
		this.#hot = Array.from({ length: options.hotPixels }, () => random.below(pixels));
		this.#level = new Float64Array(pixels);
		this.#reference = new Float64Array(pixels);
		this.#sentUs = new Float64Array(pixels);
		this.#keys = new Float64Array(4096);
		this.#forget();
	}

	/**
	 * One pixel's brightness changes evenly from `startUs` to `endUs` by `change` nominal thresholds.
	 * A pixel's ramps must come in the order of time; times are at least 0.
	 */
	ramp(x: number, y: number, startUs: number, endUs: number, change: number, random: Random): void {
		const { loss, refractoryUs } = this.#options;
		const pixel = y * this.#options.width + x;
		const from = this.#level[pixel] ?? 0;
		const to = from + change;
		const polarity = change > 0 ? 1 : 0;
		const step = (this.#threshold[pixel] ?? 1) * (polarity === 1 ? 1 : -1);
		let reference = this.#reference[pixel] ?? 0;
		while ((to - reference) / step >= 1) {
			reference += step;
			const t = startUs + ((reference - from) / change) * (endUs - startUs);
			if (t - (this.#sentUs[pixel] ?? 0) < refractoryUs || random.chance(loss)) continue;
			this.#sentUs[pixel] = t;
			this.#send(t, pixel, polarity);
		}
		this.#reference[pixel] = reference;
		this.#level[pixel] = to;
	}

	/** Ends the recording: adds what the pixels send by themselves in `durationUs`, and sorts all by time. */
	finish(durationUs: number, random: Random): Events {
		const { width, height, noiseHz, hotHz } = this.#options;
		const pixels = width * height;
		this.#spontaneous(noiseHz * pixels, durationUs, random, () => random.below(2 * pixels));
		for (const pixel of this.#hot) this.#spontaneous(hotHz, durationUs, random, () => 2 * pixel + 1);
		const keys = this.#keys.subarray(0, this.#count).sort();
		const recording = unpack(keys, width, 2 * pixels);
		this.#forget();
		return recording;
	}

	/** Sends events at `rateHz` on average: twice as many chances, each taken or not. */
	#spontaneous(rateHz: number, durationUs: number, random: Random, cell: () => number): void {
		const chances = Math.floor((2 * rateHz * durationUs) / 1e6 + random.unit());
		for (let i = 0; i < chances; i++) {
			if (!random.chance(0.5)) continue;
			const at = cell();
			this.#send(random.unit() * durationUs, at >> 1, at & 1);
		}
	}

	#send(timeUs: number, pixel: number, polarity: number): void {
		if (this.#count === this.#keys.length) {
			const larger = new Float64Array(2 * this.#count);
			larger.set(this.#keys);
			this.#keys = larger;
		}
		this.#keys[this.#count++] = Math.floor(timeUs) * 2 * this.#level.length + 2 * pixel + polarity;
	}

	#forget(): void {
		this.#level.fill(0);
		this.#reference.fill(0);
		this.#sentUs.fill(-Infinity);
		this.#count = 0;
	}
}

/** Tells a camera's stream of random numbers from the others of its seed. */
const CAMERA_STREAM = 0xca;

function unpack(keys: Float64Array, width: number, cells: number): Events {
	const t = new Float64Array(keys.length);
	const x = new Uint16Array(keys.length);
	const y = new Uint16Array(keys.length);
	const p = new Uint8Array(keys.length);
	for (let i = 0; i < keys.length; i++) {
		const key = keys[i] ?? 0;
		const timeUs = Math.floor(key / cells);
		const cell = key - timeUs * cells;
		const pixel = cell >> 1;
		const row = Math.floor(pixel / width);
		t[i] = timeUs;
		x[i] = pixel - row * width;
		y[i] = row;
		p[i] = cell & 1;
	}
	return { t, x, y, p };
}
