// Sound files as uncompressed WAV of 16 bits, one channel.

/** Sound: samples in -1 to 1, so many a second. */
export interface Sound {
	readonly rate: number;
	readonly samples: Float32Array;
}

/** Reads one. Throws where it is cut, or of another kind. */
export function readWav(bytes: Uint8Array): Sound {
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	const mark = (at: number) => String.fromCharCode(...bytes.subarray(at, at + 4));
	if (bytes.length < 12 || mark(0) !== "RIFF" || mark(8) !== "WAVE") throw new Error("not a WAV file");
	let rate = 0;
	for (let at = 12; at + 8 <= bytes.length; ) {
		const [name, size, body] = [mark(at), view.getUint32(at + 4, true), at + 8];
		if (body + size > bytes.length) throw new Error(`the WAV file is cut in its part ${name}`);
		if (name === "fmt ") {
			const [kind, channels, bits] = [0, 2, 14].map((offset) => view.getUint16(body + offset, true));
			if (kind !== 1 || channels !== 1 || bits !== 16) {
				throw new Error(`WAV of kind ${kind}, ${channels} channels, ${bits} bits; wanted: 1, 1, 16`);
			}
			rate = view.getUint32(body + 4, true);
		}
		if (name === "data") {
			const samples = Float32Array.from({ length: size >> 1 }, (_, k) => view.getInt16(body + 2 * k, true) / 32768);
			if (rate === 0) throw new Error("the WAV file does not say its rate before its samples");
			return { rate, samples };
		}
		// Parts begin at even bytes.
		at = body + size + (size & 1);
	}
	throw new Error("the WAV file has no samples");
}
