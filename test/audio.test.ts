// Sound files: chunks, whole files, pipes; what the decoder itself does is tested beside it (crates/stllr-events/tests/wav.rs).
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";
import { type AudioChunk, openAudio, streamAudio } from "../dist/index.js";

const data = fileURLToPath(new URL("data", import.meta.url));
const shared = fileURLToPath(new URL("../../shared/data/audio-samples", import.meta.url));
const unshared = existsSync(shared) ? false : "needs ../shared/data, which is not there";
const stereo = join(data, "stereo.wav");
const truth = JSON.parse(readFileSync(join(data, "truth.json"), "utf8")) as Record<string, { readonly digest: string }>;

const digestOf = (samples: Int16Array) =>
	createHash("sha256")
		.update(new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength))
		.digest("hex");

/** A file of so many channels; its samples are 0, 1, 2 and so on. */
function wav(count: number, { channels = 1, rate = 16_000, dataBytes = 2 * count } = {}): Buffer {
	const bytes = Buffer.alloc(44 + 2 * count);
	bytes.write("RIFF\xff\xff\xff\xffWAVEfmt ", "latin1");
	bytes.writeUInt32LE(16, 16);
	for (const [at, value] of [1, channels].entries()) bytes.writeUInt16LE(value, 20 + 2 * at);
	bytes.writeUInt32LE(rate, 24);
	bytes.writeUInt32LE(2 * rate * channels, 28);
	for (const [at, value] of [2 * channels, 16].entries()) bytes.writeUInt16LE(value, 32 + 2 * at);
	bytes.write("data", 36, "latin1");
	bytes.writeUInt32LE(dataBytes, 40);
	for (let at = 0; at < count; at += 1) bytes.writeInt16LE(at % 30_000, 44 + 2 * at);
	return bytes;
}

async function* piecewise(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
	for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

t.test("openAudio: what Python's wave wrote, from a path, bytes and any pieces of them", async (t) => {
	const bytes = new Uint8Array(readFileSync(stereo));
	for (const source of [stereo, bytes, piecewise(bytes, 1), piecewise(bytes, 77)]) {
		const { samples, ...known } = await openAudio(source);
		t.same(known, { sampleRateHz: 44_100, channels: 2, bits: 16, isFloat: false, dropped: 0 });
		t.equal(digestOf(samples), truth["stereo.wav"]?.digest);
	}
});

t.test("streamAudio: the rate is known at once, chunks are whole frames of their own", async (t) => {
	const count = 3 * 40_001;
	const stream = await streamAudio(wav(count, { channels: 3 }));
	t.match(stream, { format: "wav", sampleRateHz: 16_000, channels: 3, bits: 16, isFloat: false });
	const chunks: AudioChunk[] = [];
	for await (const chunk of stream) chunks.push(chunk);
	t.ok(chunks.length > 5 && chunks.every(({ samples, channels }) => channels === 3 && samples.length % 3 === 0));
	const all = chunks.flatMap(({ samples }) => [...samples]);
	t.same([all.length, all.findIndex((sample, at) => sample !== at % 30_000)], [count, -1]);
	t.equal(stream.bytesRead, 44 + 2 * count);
});

t.test("streamAudio: a pipe that never ends gives samples as they come, and closes at once", async (t) => {
	let hasLeft = false;
	async function* endless(): AsyncGenerator<Uint8Array> {
		try {
			yield wav(10, { dataBytes: 0xffff_ffff });
			for (;;) yield new Uint8Array(640);
		} finally {
			hasLeft = true;
		}
	}
	let seen = 0;
	for await (const { samples } of await streamAudio(endless())) {
		seen += samples.length;
		if (seen > 1000) break;
	}
	t.ok(hasLeft && seen > 1000);
	hasLeft = false;
	const other = await streamAudio(endless());
	await other.close();
	t.ok(hasLeft, "closed before the first chunk was asked for");
});

t.test("faults: the samples before them, then an error; or skipped and counted", async (t) => {
	const cut = wav(9000).subarray(0, -3);
	const file = join(t.testdir(), "cut.wav");
	writeFileSync(file, cut);
	const stream = await streamAudio(file);
	let seen = 0;
	const read = async () => {
		for await (const { samples } of stream) seen += samples.length;
	};
	await t.rejects(read(), { name: "FormatError", source: file, message: /byte 18040: the last record is cut/ });
	t.equal(seen, 8998);
	t.match(await openAudio(file, { onFault: "skip" }), { dropped: 1, samples: { length: 8998 } });
	await t.rejects(openAudio(new TextEncoder().encode("fLaC, no WAV at all")), {
		name: "FormatError",
		byteOffset: 0,
		message: /not the mark of the format/,
	});
	await t.rejects(openAudio(new Uint8Array(0), { onFault: "skip" }), { message: /no head of a sound file/ });
	await t.rejects(openAudio(join(data, "none.wav")), { name: "DatasetError", message: /cannot be read: ENOENT/ });
	t.same([...(await openAudio(wav(0))).samples], [], "no samples are none");
});

t.test("real recordings: rate and length", { skip: unshared }, async (t) => {
	for (const name of ["yes", "no"]) {
		const { samples, ...known } = await openAudio(join(shared, `${name}_1000ms.wav`));
		t.match(known, { sampleRateHz: 16_000, channels: 1, dropped: 0 });
		t.equal(samples.length, 16_000);
	}
});
