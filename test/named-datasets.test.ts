// Datasets by name: in the true layout of each, written here or by h5py (test/data/make.py), and those of ../shared/data.
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { deflateSync } from "node:zlib";
import { type Zippable, zipSync } from "fflate";
import { File as Hdf5File, ready } from "h5wasm/node";
import t from "tap";
import { readPng48 } from "../dist/datasets/named/png.js";
import { DATASETS, dataset, datasetNames, folds } from "../dist/datasets/node.js";
import { FormatError } from "../dist/index.js";
import { loadEventsModule } from "../dist/wasm/module.js";

const main = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));
const data = fileURLToPath(new URL("data", import.meta.url));
const shared = fileURLToPath(new URL("../../shared/data", import.meta.url));
const unshared = existsSync(shared) ? false : "needs ../shared/data, which is not there";

type Files = Record<string, string | Uint8Array>;

function writeAll(folder: string, files: Files): string {
	for (const [name, content] of Object.entries(files)) {
		mkdirSync(dirname(join(folder, name)), { recursive: true });
		writeFileSync(join(folder, name), content);
	}
	return folder;
}

function zip(files: Files): Uint8Array {
	const entries: Zippable = {};
	for (const [name, content] of Object.entries(files)) {
		entries[name] = typeof content === "string" ? Buffer.from(content) : content;
	}
	return zipSync(entries);
}

/** One event of `.bin`: on the pixel (x, 2), at 7 us, on. */
const bin = (x: number) => Uint8Array.of(x, 2, 0x80, 0, 7);

/** AEDAT 2.0 of a DVS128: events of x, us. */
function aedat2(events: readonly (readonly [x: number, us: number])[]): Buffer {
	const records = Buffer.alloc(8 * events.length);
	for (const [at, [x, us]] of events.entries()) {
		records.writeUInt32BE((x << 1) | (5 << 8) | 1, 8 * at);
		records.writeUInt32BE(us, 8 * at + 4);
	}
	return Buffer.concat([Buffer.from("#!AER-DAT2.0\r\n# a test\r\n"), records]);
}

/** AEDAT 3.1: packets of events (us), x counting on over all; and one of another type between them. */
function aedat3(packets: readonly (readonly number[])[]): Buffer {
	const parts = [Buffer.from("#!AER-DAT3.1\r\n#Format: RAW\r\n#!END-HEADER\r\n")];
	let x = 0;
	for (const times of packets) {
		const special = Buffer.alloc(28 + 8);
		special.writeInt32LE(8, 4);
		for (const at of [16, 20, 24]) special.writeInt32LE(1, at);
		const packet = Buffer.alloc(28 + 8 * times.length);
		packet.writeInt16LE(1, 0);
		packet.writeInt32LE(8, 4);
		packet.writeInt32LE(4, 8);
		for (const at of [16, 20, 24]) packet.writeInt32LE(times.length, at);
		for (const [at, us] of times.entries()) {
			packet.writeUInt32LE((x << 17) | (9 << 2) | 3, 28 + 8 * at);
			packet.writeInt32LE(us, 28 + 8 * at + 4);
			x += 1;
		}
		parts.push(special, packet);
	}
	return Buffer.concat(parts);
}

function wav(samples: readonly number[]): Buffer {
	const bytes = Buffer.alloc(44 + 2 * samples.length);
	bytes.write("RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0", "latin1");
	bytes.writeUInt32LE(8000, 24);
	bytes.writeUInt16LE(2, 32);
	bytes.writeUInt16LE(16, 34);
	bytes.write("data", 36);
	bytes.writeUInt32LE(2 * samples.length, 40);
	for (const [at, sample] of samples.entries()) bytes.writeInt16LE(sample, 44 + 2 * at);
	return bytes;
}

function npy(shape: readonly number[], values: readonly number[]): Uint8Array {
	const head = `{'descr': '|u1', 'fortran_order': False, 'shape': (${shape.join(", ")},), }\n`;
	const magic = Buffer.from("\x93NUMPY\x01\0", "latin1");
	return Buffer.concat([magic, Buffer.from([head.length, 0]), Buffer.from(head), Buffer.from(values)]);
}

t.test("N-Caltech101 and CIFAR10-DVS: a folder for each class, and no split of their own", async (t) => {
	const files = { "bear/image_0001.bin": bin(1), "bear/image_0002.bin": bin(2), "ant/image_0001.bin": bin(3) };
	const nested = Object.fromEntries(Object.entries(files).map(([name, bytes]) => [`Caltech101/${name}`, bytes]));
	for (const source of [writeAll(t.testdir(), nested), zip(files)]) {
		const set = await dataset("ncaltech101", source);
		t.match(set, { classes: ["ant", "bear"], test: { length: 0 }, width: 240, height: 180, polarities: 2 });
		t.same(
			set.train.map(({ label, events }) => [label, events.x[0], events.t[0]]),
			[
				[0, 3, 7],
				[1, 1, 7],
				[1, 2, 7],
			],
		);
		t.equal(folds(set, 3, 1).length, 3);
	}
	const classes = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];
	const cifar: Files = {};
	for (const [at, name] of classes.entries()) cifar[`${name}/cifar10_${name}_${at}.aedat`] = aedat2([[at, 100 + at]]);
	const set = await dataset("cifar10-dvs", writeAll(join(t.testdir(), "cifar"), cifar));
	t.match(set, { classes, train: { length: 10 }, width: 128, height: 128 });
	t.same(
		set.train.map(({ label, events: { t, x, y, p } }) => [label, t[0], x[0], y[0], p[0]]),
		classes.map((_, at) => [at, 100 + at, at, 5, 1]),
	);
	delete cifar["ship/cifar10_ship_8.aedat"];
	await t.rejects(dataset("cifar10-dvs", zip(cifar)), { name: "DatasetError", message: /no folder ship; .*figshare/ });
});

t.test(
	"DVS128 Gesture: gestures are cut from recordings, their ends not in them, also where they overlap",
	async (t) => {
		const head = "class,startTime_usec,endTime_usec\n";
		const times = [
			[10, 20, 30],
			[40, 50, 60],
			[60, 70, 80],
		];
		const files: Files = {
			"trials_to_train.txt": "user01_led.aedat\r\nuser02_lab.aedat\n\n",
			"trials_to_test.txt": "user24_led.aedat\n",
			"user01_led.aedat": aedat3(times),
			"user01_led_labels.csv": `${head}1,20,60\n11,60,61\n3,50,1000\n`,
			"user02_lab.aedat": aedat3([[5]]),
			"user02_lab_labels.csv": `${head}8,0,5\n`,
			"user24_led.aedat": aedat3(times),
			"user24_led_labels.csv": `${head}2,0,2000000\n`,
		};
		const folder = writeAll(
			t.testdir(),
			Object.fromEntries(Object.entries(files).map(([f, b]) => [`DvsGesture/${f}`, b])),
		);
		const set = await dataset("dvs-gesture", folder);
		t.match(set, { classes: { length: 11 }, train: { length: 4 }, test: { length: 1 }, width: 128, height: 128 });
		t.same(
			set.train.map(({ label, subject, endUs, events }) => [label, subject, endUs, [...events.t], [...events.x]]),
			[
				[0, "user01_led", 40, [0, 10, 20, 30], [1, 2, 3, 4]],
				[10, "user01_led", 1, [0, 0], [5, 6]],
				[2, "user01_led", 950, [0, 10, 10, 20, 30], [4, 5, 6, 7, 8]],
				[7, "user02_lab", 5, [], []],
			],
		);
		t.equal(set.test[0]?.events.t.length, 9);
		const { "user24_led_labels.csv": _, ...less } = files;
		await t.rejects(dataset("dvs-gesture", zip(less)), {
			message: /names user24_led\.aedat.*no user24_led_labels\.csv/,
		});
		const wrong = { ...files, "user02_lab_labels.csv": `${head}12,0,5\n` };
		await t.rejects(dataset("dvs-gesture", zip(wrong)), { message: /labels\.csv: line 2 is no class from 1 to 11/ });
		const cut = { ...files, "user24_led.aedat": aedat3(times).subarray(0, -3) };
		const damaged = await dataset("dvs-gesture", zip(cut));
		t.throws(() => damaged.test[0]?.events, { name: "FormatError" });
	},
);

t.test("SHD and SSC: h5py's files with float16 times, words and speakers; SSC has a third part", async (t) => {
	const folder = t.testdir();
	const copy = (from: string, to: string) => copyFileSync(join(data, from), join(folder, to));
	copy("shd-float16.h5", "shd_train.h5");
	await t.rejects(dataset("shd", folder), { message: /there is no shd_test\.h5 here; .*zenkelab/ });
	copy("shd-float32.h5", "shd_test.h5");
	const set = await dataset("shd", folder);
	t.match(set, { classes: { length: 20 }, train: { length: 6 }, test: { length: 6 }, width: 700, height: 1 });
	t.equal(set.classes[3], "word3");
	t.same(
		set.train.map(({ label, subject, events }) => [label, subject, events.t.length]),
		[
			[3, "speaker 0", 40],
			[19, "speaker 4", 0],
			[0, "speaker 5", 25],
			[3, "speaker 0", 30],
			[7, "speaker 1", 35],
			[11, "speaker 4", 10],
		],
	);
	t.same(set.train[2]?.events, set.train[2]?.events, "as often as one likes");
	set.close?.();
	for (const part of ["train", "valid", "test"]) copy("shd-float16.h5", `ssc_${part}.h5`);
	const ssc = await dataset("ssc", folder);
	t.match(ssc, { train: { length: 6 }, valid: { length: 6 }, test: { length: 6 } });
	ssc.close?.();
	copy("dsec.h5", "shd_test.h5");
	await t.rejects(dataset("shd", folder), { message: /shd_test\.h5: it holds no spikes/ });
});

t.test("MVSEC: events of a window and the flow of a frame, a recording at a time", async (t) => {
	const folder = t.testdir();
	for (const scene of ["outdoor_day2", "indoor_flying1"]) {
		copyFileSync(join(data, "mvsec.hdf5"), join(folder, `${scene}_data.hdf5`));
		await ready;
		const file = new Hdf5File(join(folder, `${scene}_gt.hdf5`), "w");
		file.create_group("davis");
		file.create_group("davis/left");
		const start = 1_504_645_177.42;
		const flow = Float64Array.from({ length: 3 * 2 * 260 * 346 }, (_, at) => (at % (260 * 346)) / 100);
		flow[2 * 260 * 346 + 5] = -7;
		file.create_dataset({ name: "davis/left/flow_dist", data: flow, shape: [3, 2, 260, 346] });
		file.create_dataset({ name: "davis/left/flow_dist_ts", data: Float64Array.of(start, start + 0.02, start + 0.05) });
		file.close();
	}
	const set = await dataset("mvsec", folder);
	t.same(
		[set.train, set.test].map((part) => part.map(({ name }) => name)),
		[["outdoor_day2"], ["indoor_flying1"]],
	);
	const open = await set.train[0]?.open();
	t.match(open, { width: 346, height: 260, frames: 2 });
	const frame = open?.frame(1);
	t.match(frame, { fromUs: 1_504_645_177_440_000, toUs: 1_504_645_177_470_000, dx: { length: 260 * 346 } });
	t.same([frame?.dx[5], frame?.dx[300], frame?.dy[300]], [-7, 3, 3]);
	const [all, part] = [open?.events(), open?.events(frame?.fromUs, frame?.toUs)];
	t.same(
		part?.t,
		all?.t.filter((us) => us >= 1_504_645_177_440_000 && us < 1_504_645_177_470_000),
	);
	t.ok((part?.t.length ?? 0) > 100 && all?.t.length === 600);
	t.throws(() => open?.frame(2), { name: "DatasetError", message: /there is no frame 2; allowed: 0 to 1/ });
	open?.close();
	copyFileSync(join(data, "dsec.h5"), join(folder, "outdoor_day2_gt.hdf5"));
	await t.rejects(async () => (await set.train[0])?.open(), { message: /there is no flow in it/ });
});

t.test(
	"DSEC-Flow: sequences over the folders of its archives, flow from PNG pictures as OpenCV writes them",
	async (t) => {
		const folder = t.testdir();
		const offset = 49_599_300_523;
		const times = `# from_timestamp_us, to_timestamp_us\n${offset},${offset + 20_000}\n${offset + 20_000},${offset + 40_000}\n`;
		writeAll(folder, {
			"train_optical_flow/zurich_a/flow/forward_timestamps.txt": times,
			"train_optical_flow/zurich_a/flow/forward/000002.png": readFileSync(join(data, "dsec-flow.png")),
			"train_optical_flow/zurich_a/flow/forward/000004.png": readFileSync(join(data, "dsec-flow.png")),
			"train_events/zurich_a/events/left/events.h5": readFileSync(join(data, "dsec.h5")),
			"train_events/without_flow/events/left/events.h5": readFileSync(join(data, "dsec.h5")),
			"test_events/thun_b/events/left/events.h5": readFileSync(join(data, "dsec.h5")),
			"test_forward_optical_flow_timestamps/thun_b.csv": `from_timestamp_us,to_timestamp_us,file_index\n${offset},${offset + 9},1\n`,
		});
		const set = await dataset("dsec-flow", folder);
		t.same(
			[set.train, set.test].map((part) => part.map(({ name }) => name)),
			[["zurich_a"], ["thun_b"]],
		);
		const open = await set.train[0]?.open();
		t.match(open, { width: 640, height: 480, frames: 2, hasTruth: true });
		const frame = open?.frame(1);
		t.match(frame, { fromUs: offset + 20_000, toUs: offset + 40_000 });
		const wrong = Array.from({ length: 640 * 480 }, (_, at) => at).filter((at) => {
			const [row, column] = [Math.floor(at / 640), at % 640];
			const known = (row + column) % 200 < 150;
			const [dx, dy] = [(Math.floor(column / 64) - 4) * 2.5, (Math.floor(row / 48) - 4) * -1.25];
			const wanted = known ? [1, dx, dy] : [0, 0, 0];
			return [frame?.valid?.[at], frame?.dx[at], frame?.dy[at]].some(
				(value, part) => (value ?? 0) !== (wanted[part] || 0),
			);
		});
		t.equal(wrong.length, 0);
		const all = open?.events().t;
		const within = all?.filter((us) => us >= offset + 20_000 && us < offset + 40_000);
		t.same(open?.events(frame?.fromUs, frame?.toUs).t, within);
		t.ok(all?.length === 900 && (within?.length ?? 0) > 100);
		open?.close();
		const test = await set.test[0]?.open();
		t.match(test, { frames: 1, hasTruth: false });
		t.same(test?.interval(0), { fromUs: offset, toUs: offset + 9 });
		t.throws(() => test?.frame(0), { message: /the flow of the test part is not public/ });
		test?.close();
	},
);

t.test("PNG of 48 bits: every filter, and what is of another kind or damaged", async (t) => {
	const inflater = await loadEventsModule();
	const [width, height] = [4, 6];
	const pixels = Array.from({ length: 3 * width * height }, (_, at) => (at * 7919) % 65_536);
	const part = (name: string, content: Uint8Array) => {
		const made = Buffer.alloc(12 + content.length);
		made.writeUInt32BE(content.length);
		made.write(name, 4);
		made.set(content, 8);
		return made;
	};
	const png = (filter: (row: number) => number, depth = 16) => {
		const head = Buffer.from([0, 0, 0, width, 0, 0, 0, height, depth, 2, 0, 0, 0]);
		const bytes = pixels.flatMap((value) => [value >> 8, value & 255]);
		const at = (row: number, column: number) => (row < 0 || column < 0 ? 0 : (bytes[row * 6 * width + column] ?? 0));
		const rows = Array.from({ length: height }, (_, row) => {
			const line = Array.from({ length: 6 * width }, (_, column) => {
				const [a, b, c] = [at(row, column - 6), at(row - 1, column), column < 6 ? 0 : at(row - 1, column - 6)];
				const [toA, toB, toC] = [Math.abs(b - c), Math.abs(a - c), Math.abs(a + b - 2 * c)];
				const paeth = toA <= toB && toA <= toC ? a : toB <= toC ? b : c;
				return at(row, column) - ([0, a, b, (a + b) >> 1, paeth][filter(row)] ?? 0);
			});
			return [filter(row), ...line];
		});
		const packed = deflateSync(Uint8Array.from(rows.flat()));
		const mark = Buffer.from("\x89PNG\r\n\x1a\n", "latin1");
		const parts = [part("IHDR", head), part("IDAT", packed.subarray(0, 9)), part("IDAT", packed.subarray(9))];
		return new Uint8Array(Buffer.concat([mark, ...parts, part("IEND", new Uint8Array(0))]));
	};
	for (let kind = 0; kind <= 5; kind += 1) {
		const read = readPng48(
			inflater,
			png((row) => (kind < 5 ? kind : row % 5)),
			"a.png",
		);
		t.same([read.width, read.height, [...read.values]], [width, height, pixels], `filter ${kind}`);
	}
	const good = png(() => 0);
	t.throws(
		() =>
			readPng48(
				inflater,
				png(() => 5),
				"a.png",
			),
		{ name: "FormatError", message: /^a\.png: .*an unknown filter/ },
	);
	t.throws(
		() =>
			readPng48(
				inflater,
				png(() => 0, 8),
				"a.png",
			),
		{ message: /a picture of 8 bits, kind 2/ },
	);
	t.throws(() => readPng48(inflater, good.subarray(0, -1), "a.png"), { message: /a part that is cut/ });
	t.throws(() => readPng48(inflater, new Uint8Array(9), "a.png"), { message: /no mark of a PNG/ });
	for (let at = 0; at < good.length; at += 1) {
		const bytes = good.slice();
		bytes[at] = (bytes[at] ?? 0) ^ 16;
		try {
			readPng48(inflater, bytes, "a.png");
		} catch (error) {
			if (!(error instanceof FormatError)) t.fail(`byte ${at}: ${String(error)}`);
		}
	}
});

t.test("sound, rows of numbers, spikes as text", async (t) => {
	const takes: Files = { "recordings/7_ann_4.wav": wav([1, 2]), "recordings/7_ann_5.wav": wav([3]), "README.md": "?" };
	takes["recordings/0_bob_10.wav"] = wav([4]);
	for (const source of [writeAll(t.testdir(), { ...takes }), zip(takes)]) {
		const { train, test } = await dataset("fsdd", source);
		const seen = (part: typeof train) => part.map(({ label, subject, sound }) => [label, subject, ...sound.samples]);
		t.same(
			[seen(train), seen(test)],
			[
				[
					[0, "bob", 4],
					[7, "ann", 3],
				],
				[[7, "ann", 1, 2]],
			],
		);
		t.equal(train[0]?.sound.sampleRateHz, 8000);
	}
	const braille = {
		"data.npy": npy([2, 2, 3], [1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 0, 0]),
		"length.npy": npy([2], [2, 1]),
		"label.npy": npy([2], [0, 26]),
		"repetition.npy": npy([2], [0, 4]),
		"is_test.npy": npy([2], [0, 1]),
	};
	const letters = await dataset("braille", zip(braille));
	t.match(letters, { channels: 3, train: [{ label: 0, subject: "repetition 0" }], test: [{ label: 26 }] });
	t.same(
		letters.train[0]?.channels.map((values) => [...values]),
		[
			[1, 4],
			[2, 5],
			[3, 6],
		],
	);
	t.same(
		letters.test[0]?.channels.map((values) => [...values]),
		[[7], [8], [9]],
	);
	const bad = { ...braille, "length.npy": npy([2], [2, 3]) };
	await t.rejects(dataset("braille", zip(bad)), { message: /reading 1 is letter 26 in 3 frames of 2/ });

	const head = "@problemName X\n@classLabel true Up Down\n@data\n";
	const motions = {
		"BasicMotions_TRAIN.ts": `${head}1,2:3,4.5:Down\n`,
		"BasicMotions_TEST.ts": `${head}0,0:1,1:Up\n\n`,
	};
	const series = await dataset("basic-motions", zip(motions));
	t.match(series, { classes: ["Up", "Down"], channels: 2, train: [{ label: 1 }], test: [{ label: 0 }] });
	t.same(
		series.train[0]?.channels.map((values) => [...values]),
		[
			[1, 2],
			[3, 4.5],
		],
	);
	for (const line of ["1,2:3:Up", "1,x:3,4:Up", "1,2:3,4:Left"]) {
		const wrong = { ...motions, "BasicMotions_TEST.ts": `${head}${line}\n` };
		await t.rejects(dataset("basic-motions", zip(wrong)), { message: /TEST\.ts line 4: .*then one of the labels/ });
	}

	const radar = await dataset(
		"neuroradar",
		zip({ "index.csv": "file,class,name,session,split\na.txt,2,push,1,train\n", "a.txt": "2\n1 0.5\n6 0.25\n" }),
	);
	t.match(radar, { width: 6, height: 1, train: [{ label: 1, subject: "session 1" }], test: [] });
	t.same([...(radar.train[0]?.events.t ?? [])], [250_000, 500_000]);
	const samples = "1\n3,5\n1,2\n-2,1\n-1,9\n";
	const cue = { "dataset_cueAcc_train.dat": samples, "dataset_cueAcc_test.dat": samples };
	const cues = await dataset("cue", zip(cue));
	t.match(cues.train[0], { label: 1, endUs: 9000 });
	t.same([...(cues.train[0]?.events.x ?? [])], [1, 3]);
	await t.rejects(dataset("cue", zip({ ...cue, "dataset_cueAcc_test.dat": "2\n-2,1\n-1,9\n" })), {
		message: /1 samples/,
	});
});

t.test("a wrong or missing folder says what was looked for and where the original comes from", async (t) => {
	const folder = writeAll(t.testdir(), { "notes.txt": "nothing" });
	for (const name of datasetNames) {
		for (const place of [folder, join(folder, "none")]) {
			const { files, from } = DATASETS[name];
			const error = await dataset(name, place).catch((cause: unknown) => cause);
			t.match(error, { name: "DatasetError" });
			const { message } = error as Error;
			t.ok(
				[place, name, files, from].every((part) => message.includes(part)),
				message,
			);
		}
	}
	await t.rejects(dataset(JSON.parse('"mnist"') as "nmnist", folder), { option: "name", message: /"nmnist", / });
});

t.test("stllr train --dataset: by name, and again from the recipe", async (t) => {
	const folder = t.testdir();
	for (const part of ["train", "test"]) copyFileSync(join(data, "shd-float16.h5"), join(folder, `shd_${part}.h5`));
	const stllr = (...args: string[]) => spawnSync(process.execPath, [main, ...args], { encoding: "utf8" });
	const recipe = join(folder, "run.json");
	const options = ["--dataset", "shd", "--epochs", "1", "--json", "--quiet", "--recipe", recipe];
	const trained = stllr("train", folder, ...options);
	t.equal(trained.status, 0, trained.stderr);
	t.match(JSON.parse(trained.stdout), { recordings: 6 });
	t.match(JSON.parse(readFileSync(recipe, "utf8")), { dataset: "shd" });
	const again = stllr("eval", recipe, "--json", "--quiet");
	t.equal(again.status, 0, again.stderr);
	t.equal(JSON.parse(again.stdout).weightsHash, JSON.parse(trained.stdout).weightsHash);
	t.match(stllr("train", folder, "--dataset", "mnist"), { status: 2, stderr: /--dataset: "mnist" is not allowed/ });
	t.match(stllr("train", folder, "--dataset", "cue"), { status: 1, stderr: /there is no dataset_cueAcc_train\.dat/ });
});

t.test("those of ../shared/data", { skip: unshared }, async (t) => {
	const sizes = async (name: Parameters<typeof dataset>[0], path: string) => {
		const { train, test } = await dataset(name, join(shared, path));
		return [train.length, test.length];
	};
	t.same(await sizes("nmnist-small", "nmnist-small/nmnist-small.zip"), [850, 100]);
	t.same(await sizes("dvs-clips", "dvs128-gesture-clips/dvs128-gesture-clips-0-1000ms.zip"), [10, 0]);
	t.same(await sizes("neuroradar", "neuroradar-gesture/neuroradar-gesture.zip"), [1680, 240]);
	t.same(await sizes("cue", "reckon-cueacc/reckon-cueacc.zip"), [50, 50]);
	t.same(await sizes("fsdd", "fsdd/fsdd.zip"), [2250, 250]);
	t.same(await sizes("braille", "braille-tactile/braille.npz"), [864, 216]);
	t.same(await sizes("basic-motions", "imu-basicmotions/BasicMotions.zip"), [40, 28]);
	t.same(await sizes("japanese-vowels", "audio-japanesevowels/JapaneseVowels.zip"), [270, 300]);
	t.same(await sizes("flow-sim", "flow-sim"), [20, 8]);
	const flow = await (await dataset("flow-sim", join(shared, "flow-sim"))).test[0]?.open();
	t.match(flow, { width: 128, height: 128, frames: 12 });
	t.equal(flow?.events().t.length, 99_164);
	flow?.close();
});
