// Sound files as streams: a chunk of samples at a time, whatever their size.

import { FormatError } from "../errors.js";
import { type ByteSource, openBytes } from "../events/bytes.js";
import type { OnFault } from "../events/decode.js";
import { checkOnFault } from "../events/stream.js";
import { loadEventsModule } from "../wasm/module.js";
import { type AudioFormat, WavDecoding } from "./decode.js";

/** Samples of sound. */
export interface AudioChunk {
	/** Frames a second. */
	readonly sampleRateHz: number;
	/** Samples a frame. */
	readonly channels: number;
	/**
	 * Whole frames, the channels of each one after the other; full scale is 2^15. Samples of 16 bits are as in the file, those
	 * of 8 are multiplied by 2^8, others rounded to the nearest, halves up, and held to -32768 to 32767.
	 */
	readonly samples: Int16Array;
}

/** How to read a sound file. */
export interface AudioOptions {
	/** At a fault: `"refuse"` (the default) throws, `"skip"` counts it and goes on; a sample that is no number is then 0. */
	readonly onFault?: OnFault;
}

/** How to stream sound. */
export interface AudioStreamOptions extends AudioOptions {
	/** Chunks share memory: each is overwritten by the next. For loops that are done with a chunk when they ask for the next. */
	readonly reuse?: boolean;
}

/** A sound file that is being read. */
export interface AudioStream extends AudioFormat, AsyncIterable<AudioChunk> {
	readonly format: "wav";
	/** Faults skipped so far. */
	readonly dropped: number;
	/** Bytes read so far. */
	readonly bytesRead: number;
	/** Bytes there are, where that is known. */
	readonly length: number | undefined;
	/** The file's name, where it has one. */
	readonly name: string | undefined;
	/** Leaves off: the file is closed. Leaving the loop over the chunks does it too. */
	close(): Promise<void>;
}

/**
 * Opens a WAV file to be read a chunk at a time: PCM of 8 to 32 bits or floats of 32 or 64, up to 1,024 channels, also while it is
 * being written into a pipe. When it is open its rate and channels are known.
 *
 * @param source a path, a `file:` URL, bytes, or a stream of bytes
 * @throws DatasetError for a file that cannot be read
 * @throws FormatError with the byte offset for a head that is not read, and from the loop for later faults; the samples before it
 *   have been given
 */
export async function streamAudio(source: ByteSource, options: AudioStreamOptions = {}): Promise<AudioStream> {
	const onFault = checkOnFault(options.onFault);
	const [module, bytes] = await Promise.all([loadEventsModule(), openBytes(source)]);
	const stream = new WavStream(new WavDecoding(module, onFault, bytes.name), bytes, options.reuse === true);
	await stream.begin();
	return stream;
}

class WavStream implements AudioStream {
	readonly format = "wav";
	readonly name: string | undefined;
	readonly length: number | undefined;
	readonly #decoding: WavDecoding;
	readonly #bytes: AsyncIterable<Uint8Array>;
	readonly #decoded: AsyncGenerator<Int16Array>;
	readonly #chunks: AsyncGenerator<AudioChunk>;
	readonly #reuse: boolean;
	#first: IteratorResult<Int16Array> | undefined;
	#known: AudioFormat = { sampleRateHz: 0, channels: 0, bits: 0, isFloat: false };
	#bytesRead = 0;
	#dropped = 0;

	constructor(
		decoding: WavDecoding,
		bytes: AsyncIterable<Uint8Array> & { name: string | undefined; length: number | undefined },
		reuse: boolean,
	) {
		this.name = bytes.name;
		this.length = bytes.length;
		this.#decoding = decoding;
		this.#bytes = bytes;
		this.#reuse = reuse;
		this.#decoded = this.#decode();
		this.#chunks = this.#give();
	}

	get sampleRateHz(): number {
		return this.#known.sampleRateHz;
	}

	get channels(): number {
		return this.#known.channels;
	}

	get bits(): number {
		return this.#known.bits;
	}

	get isFloat(): boolean {
		return this.#known.isFloat;
	}

	get dropped(): number {
		return this.#dropped;
	}

	get bytesRead(): number {
		return this.#bytesRead;
	}

	[Symbol.asyncIterator](): AsyncGenerator<AudioChunk> {
		return this.#chunks;
	}

	/** Reads the head, and the first samples. */
	async begin(): Promise<void> {
		this.#first = await this.#decoded.next();
		if (this.#known.sampleRateHz > 0) return;
		// Faults were skipped, and there is nothing left.
		throw new FormatError(0, "no head of a sound file", "a WAV file", this.name);
	}

	async close(): Promise<void> {
		await this.#chunks.return(undefined);
		await this.#decoded.return(undefined);
	}

	async *#give(): AsyncGenerator<AudioChunk> {
		try {
			const { sampleRateHz, channels } = this.#known;
			for (let next = this.#first; next?.done === false; next = await this.#decoded.next()) {
				yield { sampleRateHz, channels, samples: this.#reuse ? next.value : next.value.slice() };
			}
		} finally {
			await this.#decoded.return(undefined);
		}
	}

	async *#decode(): AsyncGenerator<Int16Array> {
		const decoding = this.#decoding;
		try {
			for await (const part of this.#bytes) {
				for (const samples of decoding.push(part)) {
					this.#note();
					yield samples;
				}
				this.#bytesRead += part.length;
			}
			this.#note();
			decoding.finish();
		} finally {
			this.#note();
			decoding.free();
		}
	}

	#note(): void {
		this.#dropped = this.#decoding.dropped;
		if (this.#known.sampleRateHz === 0) this.#known = this.#decoding.format ?? this.#known;
	}
}
