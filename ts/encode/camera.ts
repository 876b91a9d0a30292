// Frames of a camera (a video, a webcam, a canvas) to events.

import { OptionError } from "../errors.js";
import { type Events, MAX_TIME_US } from "../events/chunk.js";
import * as check from "../network/check.js";
import { type EncodeModule, loadEncodeModule } from "../wasm/module.js";
import { type Encoder, type EncoderOptions, type NetworkInput, type Source, SourceEncoder } from "./encoder.js";
import { Outlet, refusal } from "./outlet.js";
import { fixed } from "./samples.js";

/** A frame and its time. */
export interface Frame {
	/** When, in us: after the frame before it. */
	readonly timeUs: number;
	/** Row by row: a grey byte a pixel, or red, green, blue and alpha, as a canvas gives them. */
	readonly pixels: Uint8Array | Uint8ClampedArray;
}

/** What frames take. */
export interface CameraOptions extends EncoderOptions {
	/** Columns and rows, 1 to 4,096. */
	readonly width: number;
	readonly height: number;
	/** How much brighter makes an event, in ln of intensity: 0.01 to 5. Default 0.2. */
	readonly on?: number;
	/** How much darker. Default 0.2. */
	readonly off?: number;
	/** How far thresholds differ from pixel to pixel, as a part of them: 0 (the default) to 0.25, a standard deviation. */
	readonly mismatch?: number;
	/** Names the differences. Default 1. */
	readonly seed?: number;
	/** Grey levels, 1 to 255, below which brightness is a straight line in place of the logarithm. Default 20. */
	readonly linearBelow?: number;
	/** Events come at multiples of this: 1 to 1,000,000 us. Default 1,000. */
	readonly resolutionUs?: number;
	/**
	 * The latency, in us, at most 4,096 times the resolution: after a longer time between frames, what has changed counts as having
	 * changed in the last so many us. Default 100,000.
	 */
	readonly maxIntervalUs?: number;
}

const OPTIONS = [
	"width",
	"height",
	"on",
	"off",
	"mismatch",
	"seed",
	"linearBelow",
	"resolutionUs",
	"maxIntervalUs",
	"delaysUs",
];

/** 17 bytes a pixel and up to 4 for a frame; 4 more with mismatch. */
class CameraSource implements Source<Frame> {
	readonly input: NetworkInput;
	readonly latencyUs: number;
	readonly #memory: WebAssembly.Memory;
	readonly #encoder: InstanceType<EncodeModule["FrameEncoder"]>;
	readonly #outlet: Outlet;
	#bytes = new Uint8Array(0);
	#lastUs = -1;

	constructor(module: EncodeModule, width: number, height: number, latencyUs: number, settings: readonly number[]) {
		this.#memory = module.memory;
		this.#encoder = new module.FrameEncoder();
		if (!this.#encoder.start(Float64Array.from([width, height, ...settings, 1]))) {
			const error = refusal(this.#encoder);
			this.#encoder.free();
			throw error;
		}
		this.#outlet = new Outlet(module.memory, this.#encoder);
		this.input = { width, height, polarities: 2 };
		this.latencyUs = latencyUs;
	}

	push({ pixels, timeUs }: Frame): Events[] {
		const { width, height } = this.input;
		const encoder = this.#encoder;
		if (!(pixels instanceof Uint8Array || pixels instanceof Uint8ClampedArray)) {
			throw new OptionError("pixels", pixels, "a Uint8Array or a Uint8ClampedArray");
		}
		const count = width * height;
		if (pixels.length !== count && pixels.length !== 4 * count) {
			throw new OptionError(
				"pixels.length",
				pixels.length,
				`${count} (grey) or ${4 * count} (red, green, blue, alpha)`,
			);
		}
		check.integer("timeUs", timeUs, this.#lastUs + 1, MAX_TIME_US);
		if (this.#bytes.buffer !== this.#memory.buffer) {
			this.#bytes = new Uint8Array(this.#memory.buffer, encoder.inputPtr(), encoder.inputCapacity());
		}
		this.#bytes.set(pixels);
		if (!encoder.frame(timeUs, pixels.length !== count)) throw refusal(encoder);
		this.#lastUs = timeUs;
		const given: Events[] = [];
		while (!encoder.isDone()) {
			const made = encoder.events();
			if (made > 0) given.push(this.#outlet.take(made));
		}
		return given;
	}

	reset(): void {
		this.#encoder.reset();
		this.#lastUs = -1;
	}

	free(): void {
		this.#encoder.free();
	}
}

/**
 * Frames to events, as an event camera would see them: polarity 1 where a pixel gets brighter, 0 where it gets darker. Between
 * frames brightness follows a straight line, and events have the times at which it comes to thresholds. The first frame has none.
 *
 * @throws OptionError for an option that is out of its range
 */
export async function cameraEncoder(options: CameraOptions): Promise<Encoder<Frame>> {
	check.object("cameraEncoder", options, OPTIONS);
	const width = check.integer("width", options.width, 1, 4096);
	const height = check.integer("height", options.height, 1, 4096);
	const resolutionUs = check.integer("resolutionUs", options.resolutionUs, 1, 1e6, 1000);
	const most = 4096 * resolutionUs;
	const maxIntervalUs = check.integer("maxIntervalUs", options.maxIntervalUs, 1, most, Math.min(100_000, most));
	const settings = [
		fixed(check.number("on", options.on, 0.01, 5, 0.2)),
		fixed(check.number("off", options.off, 0.01, 5, 0.2)),
		fixed(check.number("mismatch", options.mismatch, 0, 0.25, 0)),
		check.integer("seed", options.seed, 0, 2 ** 32 - 1, 1),
		check.integer("linearBelow", options.linearBelow, 1, 255, 20),
		resolutionUs,
		maxIntervalUs,
	];
	const module = await loadEncodeModule();
	const source = new CameraSource(module, width, height, maxIntervalUs, settings);
	return new SourceEncoder(module, source, options.delaysUs);
}
