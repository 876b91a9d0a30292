// The loaders of `npm run learn`, on files made here.
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { zipSync } from "fflate";
import { File as Hdf5File, ready } from "h5wasm/node";
import t from "tap";
import { readTouches } from "./learn/data/braille.js";
import { readClips } from "./learn/data/clips.js";
import { readCueText } from "./learn/data/cue.js";
import { tableOf } from "./learn/data/files.js";
import { listFlow, readFlow } from "./learn/data/flow.js";
import { readSpokenDigits } from "./learn/data/fsdd.js";
import { readRadarGestures, readSpikes } from "./learn/data/neuroradar.js";
import { readNpy } from "./learn/data/npy.js";
import { readWav } from "./learn/data/wav.js";

/** A WAV file of 16 bits, with a part of odd length before its samples. */
function wav(samples: readonly number[], channels = 1): Buffer {
	const body = Buffer.from(Int16Array.from(samples).buffer);
	const format = Buffer.alloc(16);
	format.writeUInt16LE(1, 0);
	format.writeUInt16LE(channels, 2);
	format.writeUInt32LE(8000, 4);
	format.writeUInt16LE(16, 14);
	const part = (name: string, content: Buffer) => {
		const size = Buffer.alloc(4);
		size.writeUInt32LE(content.length);
		return Buffer.concat([Buffer.from(name), size, content, Buffer.alloc(content.length % 2)]);
	};
	const parts = [part("fmt ", format), part("note", Buffer.from("odd")), part("data", body)];
	return Buffer.concat([Buffer.from("RIFF\0\0\0\0WAVE"), ...parts]);
}

function npy(shape: readonly number[], values: readonly number[], descr = "|u1"): Buffer {
	const head = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape.join(", ")},), }`.padEnd(117);
	const length = Buffer.alloc(2);
	length.writeUInt16LE(head.length + 1);
	return Buffer.concat([
		Buffer.from("\x93NUMPY\x01\x00", "latin1"),
		length,
		Buffer.from(`${head}\n`),
		Buffer.from(values),
	]);
}

function archive(folder: string, files: Readonly<Record<string, Uint8Array | string>>): string {
	const entries = Object.entries(files).map(([name, content]) => [name, Uint8Array.from(Buffer.from(content))]);
	const path = join(folder, "set.zip");
	writeFileSync(path, zipSync(Object.fromEntries(entries)));
	return path;
}

t.test("tables: named columns in any order; what is missing is an error", async (t) => {
	t.same(tableOf("a,b,c\n1,2,3\r\n4,5,6\n", ["c", "a"]), [
		{ c: "3", a: "1" },
		{ c: "6", a: "4" },
	]);
	t.throws(() => tableOf("a,b\n1,2\n", ["d" as "a"]), /no column d/);
	t.throws(() => tableOf("a,b\n1,2,3\n", ["a"]), /line 2/);
});

t.test("WAV: samples and rate; cut or of another kind is an error", async (t) => {
	const { rate, samples } = readWav(wav([0, 16384, -32768]));
	t.equal(rate, 8000);
	t.same([...samples], [0, 0.5, -1]);
	t.throws(() => readWav(wav([1, 2]).subarray(0, 59)), /cut in its part data/);
	t.throws(() => readWav(wav([1, 2], 2)), /2 channels/);
	t.throws(() => readWav(Buffer.from("nothing of the sort")), /not a WAV/);
});

t.test("npy: bytes with their shape; cut or of another kind is an error", async (t) => {
	t.same(readNpy(npy([2, 3], [1, 2, 3, 4, 5, 6])), { shape: [2, 3], values: Uint8Array.of(1, 2, 3, 4, 5, 6) });
	t.throws(() => readNpy(npy([2, 3], [1, 2])), /2 bytes; wanted: 6/);
	t.throws(() => readNpy(npy([2], [1, 2], "<f4")), /<f4/);
	t.throws(() => readNpy(Buffer.from("no")), /not an .npy/);
});

t.test("fsdd: takes with their digit, speaker, take and part", async (t) => {
	const path = archive(t.testdir(), {
		"index.csv": "file,digit,speaker,split\n7_ann_12.wav,7,ann,train\n0_bob_3.wav,0,bob,test\n",
		"7_ann_12.wav": wav([8192]),
		"0_bob_3.wav": wav([]),
	});
	const [seven, zero] = await readSpokenDigits(path);
	t.match(seven, { digit: 7, speaker: "ann", take: 12, isTest: false });
	t.same([...(seven?.sound.samples ?? [])], [0.25]);
	t.match(zero, { digit: 0, speaker: "bob", take: 3, isTest: true });
});

t.test("neuroradar: spikes by time, trains from 0; a bad line is named", async (t) => {
	t.same(readSpikes("3\n1 0.5\n1 0.75\n2 0.25\n"), { seconds: [0.25, 0.5, 0.75], trains: [1, 0, 0] });
	t.same(readSpikes("3"), { seconds: [], trains: [] });
	t.throws(() => readSpikes("3\n1 0.5\n0 0.5\n"), /line 3/);
	t.throws(() => readSpikes("3\n1\n"), /line 2/);
	const files = { "index.csv": "file,class,name,session,split\ng.txt,2,push,8,test\n", "g.txt": "2\n6 1.0\n" };
	const [gesture] = await readRadarGestures(archive(t.testdir(), files));
	t.same(gesture, { label: 1, name: "push", session: 8, seconds: [1], trains: [5] });
});

t.test("braille: taxels apart, without the padding", async (t) => {
	// Two readings of up to three frames of two taxels.
	const path = archive(t.testdir(), {
		"data.npy": npy([2, 3, 2], [1, 10, 2, 20, 0, 0, 3, 30, 4, 40, 5, 50]),
		"length.npy": npy([2], [2, 3]),
		"label.npy": npy([2], [0, 26]),
		"repetition.npy": npy([2], [7, 33]),
		"is_test.npy": npy([2], [0, 1]),
	});
	t.same(await readTouches(path), [
		{ letter: 0, repetition: 7, isTest: false, taxels: [Uint8Array.of(1, 2), Uint8Array.of(10, 20)] },
		{ letter: 26, repetition: 33, isTest: true, taxels: [Uint8Array.of(3, 4, 5), Uint8Array.of(30, 40, 50)] },
	]);
});

t.test("cue: samples end at -1, labels come at -2; what is amiss is an error", async (t) => {
	t.same(readCueText("2\n5, 20\n3, 10\n-2, 1\n4, 30\n-1, 40\n-2, 0\n-1, 40\n"), [
		{ label: 1, times: [10, 20, 30], neurons: [3, 5, 4], end: 40 },
		{ label: 0, times: [], neurons: [], end: 40 },
	]);
	t.throws(() => readCueText("2\n-2, 1\n-1, 40\n"), /1 samples; its first line says 2/);
	t.throws(() => readCueText("1\n3, 10\n-1, 40\n"), /line 3/);
	t.throws(() => readCueText("1\n-2, 1\n3\n-1, 40\n"), /line 3/);
});

t.test("clips: in the order of their numbers", async (t) => {
	const clip = (x: number) => Uint8Array.of(x, 2, 0x80, 0, 7);
	const files = Object.fromEntries(Array.from({ length: 10 }, (_, at) => [`${at + 1}.bs2`, clip(at + 100)]));
	const clips = await readClips(archive(t.testdir(), files));
	t.same(
		clips.map(({ label, events }) => [label, events.t[0], events.x[0], events.y[0], events.p[0]]),
		Array.from({ length: 10 }, (_, at) => [at, 7, at + 100, 2, 1]),
	);
});

t.test("flow: events and true flow from HDF5 as MVSEC lays it out", async (t) => {
	const folder = t.testdir();
	await ready;
	const write = (name: string, arrays: Readonly<Record<string, [Float64Array | Float32Array, number[]]>>) => {
		const file = new Hdf5File(join(folder, name), "w");
		file.create_group("davis").create_group("left");
		for (const [path, [data, shape]] of Object.entries(arrays)) {
			file.create_dataset({ name: `davis/left/${path}`, data, shape });
		}
		file.close();
	};
	write("train_00_data.hdf5", { events: [Float64Array.of(1, 0, 0.001, 1, 2, 1, 0.0205, -1), [2, 4]] });
	// Two moments, two directions, 2 rows of 3; the last map is of no interval.
	const maps = Float32Array.from({ length: 24 }, (_, at) => (at < 12 ? at / 2 : 0));
	write("train_00_gt.hdf5", {
		flow_dist: [maps, [2, 2, 2, 3]],
		flow_dist_ts: [Float64Array.of(0, 0.025), [2]],
	});
	writeFileSync(
		join(folder, "index.json"),
		'{"sequences":[{"name":"train_00"},{"name":"train_01"},{"name":"test_00"}]}',
	);
	t.same(listFlow(folder, existsSync), { train: ["train_00"], test: [] });
	const { width, height, events, flow } = await readFlow(folder, "train_00");
	t.same([width, height], [3, 2]);
	t.same(
		[[...events.t], [...events.x], [...events.y], [...events.p]],
		[
			[1000, 20500],
			[1, 2],
			[0, 1],
			[1, 0],
		],
	);
	t.same(flow, [
		{
			fromUs: 0,
			toUs: 25_000,
			dx: Float32Array.of(0, 0.5, 1, 1.5, 2, 2.5),
			dy: Float32Array.of(3, 3.5, 4, 4.5, 5, 5.5),
		},
	]);
	await t.rejects(readFlow(folder, "train_01"), /ENOENT/);
});
