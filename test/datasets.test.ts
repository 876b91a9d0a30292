// Labelled recordings from zips and folders, folds and orders.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { type Zippable, zipSync } from "fflate";
import t from "tap";
import { folds } from "../dist/datasets/folds.js";
import { type LabelledSet, openLabelled, type Recording } from "../dist/datasets/mod.js";
import { shuffled } from "../dist/datasets/shuffle.js";
import { EventRoom } from "../dist/events/chunk.js";
import { type Events, StllrError } from "../dist/index.js";

const shared = fileURLToPath(new URL("../../shared/data/nmnist-small", import.meta.url));
const unshared = existsSync(shared) ? false : "needs ../shared/data, which is not there";

type Files = Record<string, string | Uint8Array>;

/** A recording of `count` events on the pixel that `mark` tells. */
function recording(mark: number, count = 3): Uint8Array {
	return Uint8Array.from(
		{ length: 5 * count },
		(_, at) => [mark, mark + 1, 0, 0, 10 * Math.floor(at / 5)][at % 5] ?? 0,
	);
}

const indexed: Files = {
	"train.csv": "sample,digit\n7,0\r\n8,4\n9,9\n",
	"test.csv": "sample,digit\n10,4\n",
	"7.bs2": recording(7),
	"8.bs2": recording(8),
	"9.bin": recording(9),
	"10.bs2": recording(10, 2000),
};

function zip(files: Files): Uint8Array {
	const entries: Zippable = {};
	for (const [name, content] of Object.entries(files)) {
		entries[name] = [typeof content === "string" ? Buffer.from(content) : content, { mtime: "2020-01-01" }];
	}
	return zipSync(entries);
}

function writeAll(folder: string, files: Files): string {
	for (const [name, content] of Object.entries(files)) {
		mkdirSync(dirname(join(folder, name)), { recursive: true });
		writeFileSync(join(folder, name), content);
	}
	return folder;
}

const shape = (recordings: readonly Recording[]) =>
	recordings.map(({ name, label, events }) => [name, label, events.t.length, events.x[0]]);
const size = ({ width, height, polarities }: LabelledSet) => [width, height, polarities];

t.test("openLabelled: an index in a zip, its bytes, a folder or the only folder of either", async (t) => {
	const folder = writeAll(t.testdir(), indexed);
	const nested = Object.fromEntries(Object.entries(indexed).map(([name, content]) => [`small/${name}`, content]));
	const archive = join(folder, "set.zip");
	writeFileSync(archive, zip(indexed));
	for (const source of [archive, pathToFileURL(archive), zip(indexed), folder]) {
		const set = await openLabelled(source);
		t.same(set.classes, ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
		t.same(size(set), [34, 34, 2], "the index calls its label digit: N-MNIST");
		t.same(shape(set.train), [
			["7.bs2", 0, 3, 7],
			["8.bs2", 4, 3, 8],
			["9.bin", 9, 3, 9],
		]);
		t.same(shape(set.test), [["10.bs2", 4, 2000, 10]]);
	}
	const set = await openLabelled(zip({ ...nested, "__MACOSX/x": "" }));
	t.same(shape(set.test), [["small/10.bs2", 4, 2000, 10]]);
});

t.test("openLabelled: class folders as N-MNIST unpacks to", async (t) => {
	const files: Files = { "Test/3/60001.bin": recording(1) };
	for (let digit = 9; digit >= 0; digit -= 1) files[`Train/${digit}/0000${digit}.bin`] = recording(digit);
	for (const source of [writeAll(t.testdir(), { ...files, "Train/3/notes.txt": "no recording" }), zip(files)]) {
		const set = await openLabelled(source);
		t.same([size(set), set.classes.length], [[34, 34, 2], 10]);
		t.same(
			shape(set.train)
				.map(([name, label]) => [name, label])
				.slice(0, 2),
			[
				["Train/0/00000.bin", 0],
				["Train/1/00001.bin", 1],
			],
		);
		t.same(shape(set.test), [["Test/3/60001.bin", 3, 3, 1]]);
	}
});

t.test("openLabelled: an unknown set's sensor is the smallest that holds all events, or the one given", async (t) => {
	const source = zip({
		"train/cat/a.bs2": recording(20),
		"train/ant/b.bs2": recording(5),
		"test/dog/c.bs2": recording(40),
	});
	const set = await openLabelled(source);
	t.same(
		[size(set), set.classes],
		[
			[41, 42, 2],
			["ant", "cat", "dog"],
		],
	);
	t.same(shape(set.train), [
		["train/ant/b.bs2", 0, 3, 5],
		["train/cat/a.bs2", 1, 3, 20],
	]);
	t.same(size(await openLabelled(source, { sensor: { width: 64 } })), [64, 42, 2]);
	t.same(size(await openLabelled(source, { sensor: { width: 240, height: 180, polarities: 1 } })), [240, 180, 1]);
	await t.rejects(openLabelled(source, { sensor: { width: 0 } }), {
		option: "sensor.width",
		message: /: 0 .* 1 to 65536/,
	});
});

t.test("openLabelled: labels that are words are classes in the order of their names", async (t) => {
	const source = zip({
		...indexed,
		"train.csv": "sample,animal\n7,dog\n8,ant\n9,dog",
		"test.csv": "sample,animal\n10,cat\n",
	});
	const set = await openLabelled(source);
	t.same([set.classes, set.train.map(({ label }) => label), set.test[0]?.label], [["ant", "cat", "dog"], [2, 0, 2], 1]);
});

t.test("openLabelled: what is held does not change what is read, and room can be used again", async (t) => {
	const room = new EventRoom();
	for (const holdBytes of [0, 20, 2 ** 20]) {
		const set = await openLabelled(zip(indexed), { holdBytes });
		for (const round of [1, 2]) {
			t.same(
				shape([...set.train, ...set.test]).map((row) => row[3]),
				[7, 8, 9, 10],
				`${holdBytes} bytes held, round ${round}`,
			);
			t.same(
				[...set.train, ...set.test].map((one) => one.read?.(room).x.at(-1)),
				[7, 8, 9, 10],
			);
		}
		t.not(set.train[0]?.events.t.buffer, set.train[0]?.events.t.buffer, "events have arrays of their own");
	}
});

t.test("openLabelled: what is missing or wrong in a set is named", async (t) => {
	const refused = (files: Files, message: RegExp) =>
		t.rejects(openLabelled(zip(files)), { name: "DatasetError", code: "dataset", message });
	await t.rejects(openLabelled(join(t.testdir(), "none.zip")), {
		name: "DatasetError",
		message: /none\.zip: there is no such file or folder/,
	});
	await t.rejects(openLabelled(t.testdir()), {
		name: "DatasetError",
		message: /looked for train\.csv and test\.csv beside.*it is empty/,
	});
	await refused({ "a.txt": "", "b.txt": "" }, /looked for .*; found a\.txt, b\.txt/);
	await refused({ "train.csv": "sample,digit\n" }, /there is no test\.csv/);
	await refused({ "Train/0/a.txt": "", "Test/0/a.txt": "" }, /no \.bin or \.bs2 file/);
	await refused({ ...indexed, "test.csv": "10,4\n" }, /test\.csv line 1: "10,4"; allowed: a header "sample,/);
	await refused(
		{ ...indexed, "test.csv": "sample,digit\n10\n" },
		/test\.csv line 2: "10"; allowed: "<sample>,<label>"/,
	);
	await refused({ ...indexed, "test.csv": "sample,digit\n../10,4\n" }, /test\.csv line 2: "\.\.\/10,4"; allowed/);
	await refused(
		{ ...indexed, "test.csv": "sample,digit\n10,4\n11,4\n" },
		/test\.csv line 3 names sample 11; there is no 11\.bs2/,
	);
	await refused(
		{ ...indexed, "test.csv": "sample,digit\n7,4\n" },
		/test\.csv line 2 names 7\.bs2 again, after train\.csv line 2/,
	);
	await refused(
		{ ...indexed, "test.csv": "sample,digit\n10,65536\n" },
		/test\.csv line 2: label 65536; allowed: 0 to 65535/,
	);
});

t.test(
	"openLabelled: a cut recording is refused with the set, the file and the byte, or its rest is taken",
	async (t) => {
		const source = zip({ ...indexed, "8.bs2": recording(8).subarray(0, 12) });
		const set = await openLabelled(source);
		t.throws(() => set.train[1]?.events, {
			name: "FormatError",
			byteOffset: 10,
			message: /^zip: 8\.bs2: byte 10: the last record is cut/,
		});
		t.equal(set.train[0]?.events.t.length, 3, "the others are sound");
		t.equal((await openLabelled(source, { onFault: "skip" })).train[1]?.events.t.length, 2);
	},
);

/** Where the directory entry or the local header of a file begins. */
function headerOf(archive: Uint8Array, name: string, signature: 1 | 3): number {
	const bytes = Buffer.from(archive.buffer, archive.byteOffset, archive.length);
	const start = Buffer.from(signature === 1 ? [0x50, 0x4b, 1, 2] : [0x50, 0x4b, 3, 4]);
	const nameAt = signature === 1 ? 46 : 30;
	for (let at = bytes.indexOf(start); at >= 0; at = bytes.indexOf(start, at + 1)) {
		if (bytes.toString("latin1", at + nameAt, at + nameAt + name.length) === name) return at;
	}
	throw new Error(`there is no ${name} in the archive`);
}

t.test("zip: archives that lie are refused with the byte, before anything is allocated for them", async (t) => {
	const lie = async (change: (archive: Uint8Array, view: DataView, entry: number) => void, message: RegExp) => {
		const archive = zip(indexed);
		change(archive, new DataView(archive.buffer, archive.byteOffset), headerOf(archive, "10.bs2", 1));
		const events = async () => (await openLabelled(archive)).test[0]?.events;
		await t.rejects(events(), { name: "FormatError", code: "format", message });
	};
	await lie(
		(_, view, entry) => view.setUint32(entry + 24, 2 ** 28, true),
		/10\.bs2 claims 268435456 bytes from \d+; allowed: at most 1032/,
	);
	await lie(
		(_, view, entry) => view.setUint32(entry + 24, 2 ** 28 + 1, true),
		/10\.bs2 unpacks to 268435457 bytes; allowed: 268435456 \(maxBytes\)/,
	);
	await lie((_, view, entry) => view.setUint32(entry + 24, 9999, true), /10\.bs2 cannot be inflated to 9999 bytes/);
	await lie((_, view, entry) => view.setUint32(entry + 24, 10_001, true), /10\.bs2 cannot be inflated to 10001 bytes/);
	await lie((_, view, entry) => view.setUint32(entry + 24, 1, true), /10\.bs2 is packed to \d+ bytes from 1;/);
	await lie(
		(_, view, entry) => view.setUint32(entry + 16, 1, true),
		/10\.bs2 is damaged; allowed: bytes that match their checksum/,
	);
	await lie((_, view, entry) => view.setUint32(entry + 20, 1000, true), /10\.bs2 ends at \d+; allowed: up to \d+/);
	await lie(
		(_, view, entry) => view.setUint32(entry + 42, 2 ** 31, true),
		/10\.bs2 lies at 2147483648; allowed: before/,
	);
	await lie((_, view, entry) => view.setUint32(entry + 42, 1, true), /no file begins here; allowed: PK 3 4/);
	await lie((_, view, entry) => view.setUint16(entry + 8, 1, true), /10\.bs2 is encrypted/);
	await lie((_, view, entry) => view.setUint16(entry + 10, 99, true), /10\.bs2 is packed by method 99/);
	await lie(
		(archive, view) => view.setUint16(archive.length - 12, 0xffff, true),
		/a zip64 archive without a locator; allowed: PK 6 7 before its end/,
	);
	await lie((archive, view) => view.setUint16(archive.length - 12, 7, true), /several disks/);
	await lie(
		(archive, view) => view.setUint32(archive.length - 6, archive.length, true),
		/a directory at \d+ to \d+; allowed: up to/,
	);
});

t.test("zip: paths that leave the archive are refused", async (t) => {
	for (const name of ["../7.bs2", "a/../../b", "/etc/x", "a//b", "C:x", "a\\b", "./a", "a\u0000b"]) {
		await t.rejects(
			openLabelled(zip({ ...indexed, [name]: "x" })),
			{ name: "FormatError", message: /the path ".*allowed: paths that stay inside/ },
			JSON.stringify(name),
		);
	}
});

t.test("zip: no damage of a byte and no cut gives anything but the same events or a typed error", async (t) => {
	const sound = zip({ ...indexed, "10.bs2": recording(10, 9) });
	const read = async (archive: Uint8Array) => {
		const { train, test } = await openLabelled(archive);
		return JSON.stringify(shape([...train, ...test]));
	};
	const truth = await read(sound);
	const wrong: string[] = [];
	const attempt = async (archive: Uint8Array, what: string) => {
		try {
			const found = await read(archive);
			if (found !== truth) wrong.push(`${what}: ${found}`);
		} catch (error) {
			if (!(error instanceof StllrError)) wrong.push(`${what}: ${String(error)}`);
		}
	};
	for (let at = 0; at < sound.length; at += 1) {
		for (const flip of [0x01, 0xff]) {
			const archive = sound.slice();
			archive[at] = (archive[at] ?? 0) ^ flip;
			await attempt(archive, `byte ${at} ^ ${flip}`);
		}
		await attempt(sound.slice(0, at), `cut at ${at}`);
	}
	t.same(wrong, []);
});

t.test("openLabelled: a file of a folder is bounded like one of a zip", async (t) => {
	const folder = writeAll(t.testdir(), indexed);
	const set = await openLabelled(folder, { maxBytes: 9999 });
	t.throws(() => set.test[0]?.events, {
		name: "DatasetError",
		message: /10\.bs2.* 10000 bytes; allowed: 9999 \(maxBytes\)/,
	});
	await t.rejects(openLabelled(folder, { maxBytes: 0 }), { name: "OptionError", option: "maxBytes" });
	await t.rejects(openLabelled(folder, { holdBytes: -1 }), { name: "OptionError", option: "holdBytes" });
});

const labelled = Array.from({ length: 103 }, (_, index) => ({ index, label: index % 7 === 0 ? 2 : index % 2 }));

t.test("folds: each recording is tested once, and classes are spread evenly", async (t) => {
	for (const k of [2, 5, 10, 103]) {
		const made = folds({ train: labelled.slice(0, 80), test: labelled.slice(80) }, k, 1);
		t.equal(made.length, k);
		const tested = made.flatMap(({ test }) => test.map(({ index }) => index)).sort((a, b) => a - b);
		t.same(
			tested,
			labelled.map(({ index }) => index),
			"each once",
		);
		for (const { train, test } of made) {
			t.equal(train.length + test.length, labelled.length);
			t.ok(Math.abs(test.length - labelled.length / k) < 1, "even sizes");
			t.ok(test.every((one) => !train.includes(one)));
			t.same(
				[...train].sort((a, b) => a.index - b.index),
				train,
				"the order of the set",
			);
		}
		for (const label of [0, 1, 2]) {
			const counts = made.map(({ test }) => test.filter((one) => one.label === label).length);
			t.ok(Math.max(...counts) - Math.min(...counts) <= 1, `class ${label} in ${k} folds`);
		}
	}
});

t.test("folds: the seed tells them apart and the options are checked", async (t) => {
	const set = { train: labelled, test: [] };
	t.same(folds(set, 5, 3), folds(set, 5, 3));
	t.notSame(folds(set, 5, 3), folds(set, 5, 4));
	for (const k of [1, 104, 2.5, Number.NaN])
		t.throws(() => folds(set, k, 1), { option: "folds", message: /an integer from 2 to 103/ });
	t.throws(() => folds(set, 5, -1), { name: "OptionError", option: "seed" });
});

t.test("shuffled: an order for each seed and epoch, with every item once", async (t) => {
	const items = Array.from({ length: 50 }, (_, index) => index);
	const order = shuffled(items, 1, 0);
	t.same(
		[...order].sort((a, b) => a - b),
		items,
	);
	t.same(shuffled(items, 1, 0), order);
	t.notSame(shuffled(items, 1, 1), order);
	t.notSame(shuffled(items, 2, 0), order);
	t.same(items[1], 1, "the items are left as they are");
	t.same([shuffled([], 1), shuffled([5], 1)], [[], [5]]);
	const firsts = new Map<number, number>();
	for (let seed = 0; seed < 6000; seed += 1) {
		const [first = -1] = shuffled([0, 1, 2], seed);
		firsts.set(first, (firsts.get(first) ?? 0) + 1);
	}
	t.ok(
		[...firsts.values()].every((count) => Math.abs(count - 2000) < 200),
		"all places are as likely",
	);
});

t.test("openLabelled: N-MNIST small has the labels and the digests of its truth", { skip: unshared }, async (t) => {
	const set = await openLabelled(join(shared, "nmnist-small.zip"));
	t.same([set.train.length, set.test.length, ...size(set), set.classes.length], [850, 100, 34, 34, 2, 10]);
	const truth = JSON.parse(readFileSync(join(shared, "truth.json"), "utf8")) as Record<
		string,
		{ label: number; count: number } & Record<string, unknown>
	>;
	for (const [name, { label, count, sha256_u64t_u16x_u16y_u8p_le: sha256 }] of Object.entries(truth)) {
		const found = [...set.train, ...set.test].find((one) => one.name === name);
		const events = found?.events;
		t.same([found?.label, events?.t.length, events && digest(events)], [label, count, sha256], name);
	}
});

/** SHA-256 of all events: little-endian u64 us, u16 x, u16 y, u8 polarity. */
function digest({ t, x, y, p }: Events): string {
	const bytes = new DataView(new ArrayBuffer(13 * t.length));
	for (let index = 0; index < t.length; index += 1) {
		bytes.setBigUint64(13 * index, BigInt(t[index] ?? -1), true);
		bytes.setUint16(13 * index + 8, x[index] ?? 0, true);
		bytes.setUint16(13 * index + 10, y[index] ?? 0, true);
		bytes.setUint8(13 * index + 12, p[index] ?? 0);
	}
	return createHash("sha256").update(bytes).digest("hex");
}
