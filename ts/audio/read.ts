// Sound files as a whole.

import type { ByteSource } from "../events/bytes.js";
import type { AudioFormat } from "./decode.js";
import { type AudioChunk, type AudioOptions, streamAudio } from "./stream.js";

/** All samples of a sound file. */
export interface Audio extends AudioFormat, AudioChunk {
	/** Faults that were skipped; 0 unless they are. */
	readonly dropped: number;
}

/**
 * Reads a whole WAV file: 2 bytes of memory a sample. `streamAudio` reads those that are too large for that.
 *
 * @param source a path, a `file:` URL, the file's bytes, or a stream of them
 * @throws DatasetError for a file that cannot be read
 * @throws FormatError with the byte offset of the first fault
 */
export async function openAudio(source: ByteSource, options: AudioOptions = {}): Promise<Audio> {
	const stream = await streamAudio(source, { ...options, reuse: true });
	const { sampleRateHz, channels, bits, isFloat } = stream;
	let made = new Int16Array(Math.ceil((stream.length ?? 0) / Math.max(1, bits >> 3)));
	let count = 0;
	for await (const { samples } of stream) {
		if (count + samples.length > made.length) {
			const longer = new Int16Array(Math.ceil(1.5 * (count + samples.length)));
			longer.set(made);
			made = longer;
		}
		made.set(samples, count);
		count += samples.length;
	}
	return { sampleRateHz, channels, bits, isFloat, samples: made.slice(0, count), dropped: stream.dropped };
}
