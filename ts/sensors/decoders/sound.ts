// Sound as `arecord`, `sox` and `ffmpeg` pipe it, through an encoder of `stllr/encode`.

import type { Encoder } from "../../encode/encoder.js";
import type { Sound } from "../../encode/samples.js";
import type { Events } from "../../events/chunk.js";
import type { LiveDecoder } from "./decoder.js";

/**
 * A decoder of 16-bit samples, little-endian, of one channel: what `arecord -t raw -f S16_LE -c 1` gives. Times are those of the
 * samples. The encoder stays its owner's to close.
 */
export function soundDecoder(encoder: Encoder<Sound>): LiveDecoder {
	return new SoundDecoder(encoder);
}

class SoundDecoder implements LiveDecoder {
	readonly hasTimes = true;
	readonly #encoder: Encoder<Sound>;
	/** The first byte of a sample that is not whole yet. */
	#half: number | undefined;
	#faults = 0;

	constructor(encoder: Encoder<Sound>) {
		this.#encoder = encoder;
	}

	get faults(): number {
		return this.#faults;
	}

	push(bytes: Uint8Array): Events[] {
		const held = this.#half === undefined ? 0 : 1;
		const samples = new Int16Array((held + bytes.length) >> 1);
		const all = new Uint8Array(held + bytes.length);
		if (this.#half !== undefined) all[0] = this.#half;
		all.set(bytes, held);
		const view = new DataView(all.buffer);
		for (let index = 0; index < samples.length; index += 1) samples[index] = view.getInt16(2 * index, true);
		this.#half = all.length % 2 === 1 ? all.at(-1) : undefined;
		return samples.length === 0 ? [] : this.#encoder.push(samples);
	}

	end(): Events[] {
		if (this.#half !== undefined) this.#faults += 1;
		this.#half = undefined;
		return this.#encoder.flush();
	}

	close(): void {
		this.#half = undefined;
	}
}
