// Frames as `libcamera-vid`, `rpicam-vid` and `ffmpeg` pipe them, raw, through an encoder of `stllr/encode`.

import type { Frame } from "../../encode/camera.js";
import type { Encoder } from "../../encode/encoder.js";
import type { Events } from "../../events/chunk.js";
import * as check from "../../network/check.js";
import type { LiveDecoder } from "./decoder.js";

/** How frames lie in the bytes. */
export interface FrameLayout {
	/**
	 * `gray`: a byte a pixel (`ffmpeg -pix_fmt gray`). `yuv420`: the same, and then colours, which are passed over (`libcamera-vid
	 * --codec yuv420`, `ffmpeg -pix_fmt yuv420p`). `rgba`: red, green, blue and alpha of each pixel.
	 */
	readonly format: "gray" | "yuv420" | "rgba";
	/** Frames a second, 0.001 to 1,000,000: frame k has the time `startUs` + k / rate, in whole us. */
	readonly frameRateHz: number;
	/** Default 0. */
	readonly startUs?: number;
	/** Bytes from the begin of a row to that of the next, up to 65,536. Default: those of the pixels. */
	readonly strideBytes?: number;
}

const OPTIONS = ["format", "frameRateHz", "startUs", "strideBytes"];

/**
 * A decoder of raw frames for `cameraEncoder`, whose `width` and `height` say how large they are. Holds one frame. A frame that the
 * end cuts is a fault. The encoder stays its owner's to close.
 *
 * @throws OptionError for a layout that is not allowed
 */
export function frameDecoder(encoder: Encoder<Frame>, layout: FrameLayout): LiveDecoder {
	check.object("layout", layout, OPTIONS);
	const { width, height } = encoder.input;
	const format = check.oneOf("format", layout.format, ["gray", "yuv420", "rgba"]);
	const frameRateHz = check.number("frameRateHz", layout.frameRateHz, 0.001, 1e6);
	const startUs = check.integer("startUs", layout.startUs, 0, 2 ** 52, 0);
	const rowBytes = format === "rgba" ? 4 * width : width;
	const strideBytes = check.integer("strideBytes", layout.strideBytes, rowBytes, 65_536, rowBytes);
	// Two planes of colours, of half as many columns and rows, rounded up.
	const colours = format === "yuv420" ? 2 * Math.ceil(strideBytes / 2) : 0;
	return new Frames(encoder, {
		rowBytes,
		strideBytes,
		height,
		bytes: strideBytes * height + colours * Math.ceil(height / 2),
		timeOf: (index) => startUs + Math.round((index * 1e6) / frameRateHz),
	});
}

interface Layout {
	/** Of a row's pixels, and of a row. */
	readonly rowBytes: number;
	readonly strideBytes: number;
	readonly height: number;
	/** Of a frame. */
	readonly bytes: number;
	readonly timeOf: (index: number) => number;
}

class Frames implements LiveDecoder {
	readonly hasTimes = true;
	readonly #encoder: Encoder<Frame>;
	readonly #layout: Layout;
	/** The pixels of a frame, and where in the frame the next byte lies. */
	readonly #pixels: Uint8Array;
	#at = 0;
	#index = 0;
	#faults = 0;

	constructor(encoder: Encoder<Frame>, layout: Layout) {
		this.#encoder = encoder;
		this.#layout = layout;
		this.#pixels = new Uint8Array(layout.rowBytes * layout.height);
	}

	get faults(): number {
		return this.#faults;
	}

	*push(bytes: Uint8Array): Generator<Events> {
		const { rowBytes, strideBytes, height, timeOf } = this.#layout;
		for (let from = 0; from < bytes.length; ) {
			const row = Math.floor(this.#at / strideBytes);
			const column = this.#at - row * strideBytes;
			const isPixel = row < height && column < rowBytes;
			const border = row >= height ? this.#layout.bytes : row * strideBytes + (isPixel ? rowBytes : strideBytes);
			const count = Math.min(bytes.length - from, border - this.#at);
			if (isPixel) this.#pixels.set(bytes.subarray(from, from + count), row * rowBytes + column);
			from += count;
			this.#at += count;
			if (this.#at < this.#layout.bytes) continue;
			this.#at = 0;
			yield* this.#encoder.push({ timeUs: timeOf(this.#index), pixels: this.#pixels });
			this.#index += 1;
		}
	}

	*end(): Generator<Events> {
		if (this.#at > 0) this.#faults += 1;
		this.#at = 0;
		this.#index = 0;
		yield* this.#encoder.flush();
	}

	close(): void {
		this.#at = 0;
	}
}
