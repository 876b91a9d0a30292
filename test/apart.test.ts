// Event files whose arrays lie apart: NPZ and HDF5, written by NumPy and h5py (test/data/make.py).
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { type Zippable, zipSync } from "fflate";
import t from "tap";
import { openNpz } from "../dist/events/arrays/npz.js";
import { openRanges } from "../dist/events/ranges.js";
import {
	type DecodedEvents,
	type Events,
	openEvents,
	type ReadOptions,
	StllrError,
	streamEvents,
} from "../dist/index.js";
import { Random } from "../dist/random.js";
import { loadEventsModule } from "../dist/wasm/module.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const data = join(root, "test/data");
const flow = join(root, "../shared/data/flow-sim");
const unshared = existsSync(flow) ? false : "needs ../shared/data, which is not there";
const truth = JSON.parse(readFileSync(join(data, "truth.json"), "utf8")) as Record<
	string,
	{ readonly count: number; readonly digest: string }
>;

/** SHA-256 of all events: little-endian u64 us, u16 x, u16 y, u8 polarity. */
function digestOf({ t, x, y, p }: Events): { count: number; digest: string } {
	const bytes = new DataView(new ArrayBuffer(13 * t.length));
	for (const [at, us] of t.entries()) {
		bytes.setBigUint64(13 * at, BigInt(us), true);
		bytes.setUint16(13 * at + 8, x[at] ?? 0, true);
		bytes.setUint16(13 * at + 10, y[at] ?? 0, true);
		bytes.setUint8(13 * at + 12, p[at] ?? 0);
	}
	return { count: t.length, digest: createHash("sha256").update(bytes).digest("hex") };
}

const bytesOf = (name: string) => new Uint8Array(readFileSync(join(data, name)));

/** An array as an `.npy` file, of any numbers. */
function npy(descr: string, shape: string, values: ArrayBufferView): Uint8Array {
	const text = `{'descr': ${descr}, 'fortran_order': False, 'shape': ${shape}, }\n`;
	const head = Buffer.concat([Buffer.from([0x93]), Buffer.from("NUMPY\x01\0"), Buffer.from([text.length, 0])]);
	return Buffer.concat([head, Buffer.from(text), new Uint8Array(values.buffer, values.byteOffset, values.byteLength)]);
}

const column = (values: readonly number[]) => npy("'<f8'", `(${values.length},)`, Float64Array.from(values));

function npzOf(arrays: Readonly<Record<string, Uint8Array>>, level: 0 | 6 = 6): Uint8Array {
	const files: Zippable = {};
	for (const [name, bytes] of Object.entries(arrays)) files[name] = [new Uint8Array(bytes), { level }];
	return zipSync(files);
}

const plain = ({ t, x, y, p }: DecodedEvents) => ({ t: [...t], x: [...x], y: [...y], p: [...p] });

t.test("what NumPy and h5py wrote is read as they read it, from paths, URLs and bytes", async (t) => {
	const cases: [name: string, file: string, options: ReadOptions, sensor?: { width: number; height: number }][] = [
		["columns.npz", "columns.npz", {}],
		["stored.npz", "stored.npz", {}],
		["structured.npz", "structured.npz", {}],
		["spikes.npz", "spikes.npz", {}],
		["mvsec.hdf5", "mvsec.hdf5", {}, { width: 346, height: 260 }],
		["mvsec.hdf5 right", "mvsec.hdf5", { at: "davis/right/events" }],
		["dsec.h5", "dsec.h5", {}],
		["dsec.h5", "dsec.h5", { at: "events" }],
		["event-flow.h5", "event-flow.h5", {}, { width: 346, height: 260 }],
	];
	for (const file of ["shd-float16.h5", "shd-float32.h5"]) {
		for (let recording = 0; recording < 6; recording += 1) {
			cases.push([`${file}[${recording}]`, file, { recording }]);
		}
	}
	for (const [name, file, options, sensor] of cases) {
		const { count, digest } = truth[name] ?? { count: 0, digest: "none" };
		for (const source of [join(data, file), pathToFileURL(join(data, file)), bytesOf(file)]) {
			const found = await openEvents(source, options);
			t.same(digestOf(found), { count, digest }, name);
			t.same([found.format, found.dropped, found.sensor], [file.endsWith("npz") ? "npz" : "hdf5", 0, sensor]);
		}
	}
});

t.test("streams: chunks of their own, what is known of the file, and leaving early", async (t) => {
	const stream = await streamEvents(join(data, "shd-float16.h5"), { recording: 3 });
	t.match(stream, { format: "hdf5", recordings: 6, name: join(data, "shd-float16.h5") });
	const chunks: Events[] = [];
	for await (const chunk of stream) chunks.push(chunk);
	t.equal(chunks.length, 1);
	t.equal(stream.bytesRead, stream.length);
	const long = await streamEvents(join(data, "columns.npz"));
	const parts: Events[] = [];
	for await (const chunk of long) parts.push(chunk);
	t.ok(parts.length > 1 && new Set(parts.map(({ t }) => t.buffer)).size === parts.length, "chunks of their own");
	const early = await streamEvents(join(data, "columns.npz"));
	for await (const _ of early) break;
	await early.close();
	await (await streamEvents(join(data, "dsec.h5"))).close();
	t.equal((await openEvents(join(data, "columns.npz"))).t.length, 5000, "and another goes on");
});

t.test("windows: events of a stretch of time, by DSEC's index or by halving", async (t) => {
	const offset = 49_599_300_523;
	const window = { fromUs: offset + 12_345, untilUs: offset + 33_333 };
	t.same(digestOf(await openEvents(join(data, "dsec.h5"), window)), truth["dsec.h5 window"]);
	for (const file of ["dsec.h5", "mvsec.hdf5", "event-flow.h5"]) {
		const all = await openEvents(join(data, file));
		const [first, last] = [all.t[0] ?? 0, all.t.at(-1) ?? 0];
		const times = [0, first - 1, first, first + 1, all.t[100] ?? 0, first + 7000, last, last + 1, last + 1e9];
		for (const fromUs of times) {
			for (const untilUs of times) {
				const found = await openEvents(join(data, file), { fromUs, untilUs });
				const wanted = all.t.filter((us) => us >= fromUs && us < untilUs);
				t.same(found.t, wanted, `${file}: ${fromUs} to ${untilUs}`);
			}
			t.same(
				(await openEvents(join(data, file), { fromUs })).t,
				all.t.filter((us) => us >= fromUs),
			);
		}
	}
});

t.test("what cannot be read says what it is and what would do", async (t) => {
	const refused = (file: string, options: ReadOptions, said: RegExp) =>
		t.rejects(openEvents(join(data, file), options), { name: /^(Option|Format|Dataset)Error$/, message: said }, file);
	await refused("shd-float16.h5", {}, /recording: undefined .* 0 to 5; the file is a set of 6 recordings/);
	await refused("shd-float16.h5", { recording: 6 }, /recording: 6 .* 0 to 5/);
	await refused("shd-float16.h5", { recording: 1, fromUs: 3 }, /^fromUs: 3 .* none for a set/);
	await refused("dsec.h5", { recording: 0 }, /^recording: 0 .* the file holds one recording/);
	await refused("dsec.h5", { at: "events/t" }, /an array of shape \(900\)/);
	await refused("dsec.h5", { at: "nowhere" }, /^at: "nowhere" /);
	await refused("dsec.h5", { fromUs: -1 }, /^fromUs: -1 /);
	await refused("lzf.h5", {}, /the filter lzf, which is not read; .*h5repack/);
	await refused("metavision.hdf5", {}, /ECF.*RAW or DAT/);
	await refused("columns.npz", { recording: 1 }, /^recording: 1 .* none for npz/);
	await refused("stereo.wav", {}, /openAudio/);
	const folder = t.testdir({ "a.csv": "1 2 3 1\n", "b.h5": "no HDF5" });
	await t.rejects(openEvents(join(folder, "a.csv"), { at: "x" }), { option: "at", message: /not HDF5/ });
	await t.rejects(openEvents(join(folder, "b.h5"), { format: "hdf5" }), {
		name: "FormatError",
		message: /b\.h5: byte 0: file signature not found; allowed: a sound HDF5 file/,
	});
	await t.rejects(openEvents([bytesOf("columns.npz")]), { option: "source", message: /a stream.*not read in one go/ });
	await t.rejects(openEvents(npzOf({ "a.npy": column([1]), "b.npy": column([1]) })), {
		message: /an archive of a\.npy, b\.npy; allowed: arrays t, x, y, p/,
	});
	await t.rejects(openEvents(npzOf({ "t.npy": column([1]), "x.npy": column([1]), "ts.npy": column([1]) })), {
		message: /ts\.npy beside t\.npy; allowed: one array of t/,
	});
});

t.test("npz: faults name the array and the byte, and skipping drops those events only", async (t) => {
	const good = { "t.npy": column([0.5, 1, 2, 3]), "x.npy": column([1, 2, 3, 4]), "y.npy": column([5, 6, 7, 8]) };
	t.same(plain(await openEvents(npzOf(good))), {
		t: [500_000, 1e6, 2e6, 3e6],
		x: [1, 2, 3, 4],
		y: [5, 6, 7, 8],
		p: [0, 0, 0, 0],
	});
	const bad = npzOf({ ...good, "x.npy": column([1, -1, 3, 0.5]), "p.npy": column([0, 1, Number.NaN, -1]) });
	const stream = await streamEvents(bad);
	const before: number[] = [];
	await t.rejects(
		async () => {
			for await (const chunk of stream) before.push(...chunk.t);
		},
		{ name: "FormatError", source: "x.npy", message: /x of event 1 cannot be read/ },
	);
	t.same(before, [500_000], "the events before the fault");
	const skipped = await openEvents(bad, { onFault: "skip" });
	t.same([plain(skipped), skipped.dropped], [{ t: [500_000], x: [1], y: [5], p: [0] }, 3]);

	const short = npzOf({ ...good, "y.npy": column([5, 6, 7]) });
	await t.rejects(openEvents(short), { message: /y\.npy: .*an end after 3 values, where t\.npy has more/ });
	t.match(await openEvents(short, { onFault: "skip" }), { dropped: 1, t: { length: 3 } });

	const cut = npzOf({ ...good, "y.npy": column([5, 6, 7, 8]).subarray(0, -3) });
	await t.rejects(openEvents(cut), { source: "y.npy", message: /the last record is cut, it has 5 bytes/ });
	t.match(await openEvents(cut, { onFault: "skip" }), { dropped: 2, t: { length: 3 } });

	for (const level of [0, 6] as const) {
		const damaged = npzOf({ ...good, "p.npy": column([1, 0, 1, 0]) }, level);
		const at = Buffer.from(damaged).indexOf("y.npy") + 5 + (level === 0 ? 100 : 20);
		damaged[at] = (damaged[at] ?? 0) ^ 4;
		await t.rejects(openEvents(damaged), { name: "FormatError" });
		t.ok((await openEvents(damaged, { onFault: "skip" })).dropped > 0, `damage is counted, level ${level}`);
	}
});

t.test("npz: arrays of many pieces are the same from a path, where they are read by turns", async (t) => {
	const random = new Random(4, 0);
	const numbers = (below: number) => column(Array.from({ length: 50_000 }, () => random.below(below)));
	const files = { "t.npy": numbers(1000), "x.npy": numbers(640), "y.npy": numbers(480), "p.npy": numbers(2) };
	for (const level of [0, 6] as const) {
		const bytes = npzOf(files, level);
		const path = join(t.testdir({}), "a.npz");
		writeFileSync(path, bytes);
		const [whole, read] = [await openEvents(bytes), await openEvents(path)];
		t.equal(whole.t.length, 50_000);
		t.same(digestOf(read), digestOf(whole), `level ${level}`);
		t.same(
			[...read.x],
			[...new Float64Array(new Uint8Array(files["x.npy"]).slice(-400_000).buffer)],
			`level ${level}: columns`,
		);
	}
});

t.test("npz: a bomb takes no more room than any other, and lies about sizes are found out", async (t) => {
	const zeros = npy("'<f8'", "(3000000,)", new Float64Array(3e6));
	const bomb = npzOf({ "t.npy": zeros, "x.npy": column([1]) });
	t.ok(bomb.length < 50_000, `${bomb.length} bytes`);
	const content = openNpz(await openRanges(bomb), await loadEventsModule());
	let [length, most] = [0, 0];
	for (const piece of "fields" in content ? content.fields.t.pieces : []) {
		length += piece.length;
		most = Math.max(most, piece.length);
	}
	t.equal(length, zeros.length);
	t.ok(most <= 65_536, `pieces of up to ${most} bytes`);

	const lying = npzOf({ "t.npy": column([1, 2]), "x.npy": column([1, 2]) });
	const size = Buffer.from(lying).lastIndexOf("t.npy") - 46 + 24;
	new DataView(lying.buffer).setUint32(size, 50, true);
	await t.rejects(openEvents(lying), { message: /t\.npy unpacks to more than 50 bytes/ });
});

t.test("damage of any kind ends in events or a typed error", async (t) => {
	const random = new Random(5, 0);
	for (const name of readdirSync(data).filter((file) => /\.(npz|h5|hdf5)$/.test(file))) {
		const whole = bytesOf(name);
		const given = { format: name.endsWith("npz") ? "npz" : "hdf5" } as const;
		const choice = name.startsWith("shd") ? { ...given, recording: 2 } : given;
		for (let round = 0; round < 40; round += 1) {
			let bytes = whole.slice();
			for (let flips = random.below(4); flips >= 0; flips -= 1) {
				const at = random.below(bytes.length);
				bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
			}
			if (random.below(6) === 0) bytes = bytes.subarray(0, random.below(bytes.length));
			for (const onFault of ["refuse", "skip"] as const) {
				const end = await openEvents(bytes, { ...choice, onFault }).catch((cause: unknown) => cause);
				const isTyped = end instanceof StllrError || (end as DecodedEvents).t.length <= 5000;
				if (!isTyped) t.fail(`${name}, round ${round}: ${String(end)}`);
			}
		}
	}
});

t.test("without h5wasm other formats work, and HDF5 says what to install", async (t) => {
	const folder = t.testdir({
		// One that has nothing to load, or another might be found in a folder above.
		node_modules: { h5wasm: { "package.json": '{ "name": "h5wasm", "exports": {} }' } },
	});
	cpSync(join(root, "dist"), join(folder, "dist"), { recursive: true });
	writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
	const program = `
		import { openEvents } from "./dist/index.js";
		const [npz, hdf5] = process.argv.slice(2);
		console.log((await openEvents(npz)).t.length);
		await openEvents(hdf5).catch((error) => console.log(error.name, error.code, error.message));
		console.log((await openEvents(hdf5, { h5wasm: await import(process.argv[4]) })).t.length);
	`;
	writeFileSync(join(folder, "program.js"), program);
	const library = pathToFileURL(join(root, "node_modules/h5wasm/dist/node/hdf5_hl.js")).href;
	const given = [join(data, "columns.npz"), join(data, "dsec.h5"), library];
	const { stdout, stderr } = spawnSync(process.execPath, [join(folder, "program.js"), ...given], { encoding: "utf8" });
	const version = (JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Record<string, unknown>)
		.peerDependencies as Record<string, string>;
	t.equal(stderr, "");
	t.match(
		stdout,
		new RegExp(`^5000\\nEnvironmentError environment HDF5 .*npm i h5wasm@${version.h5wasm} .*\\n900\\n$`),
	);
});

t.test("the recordings of flow-sim have the digests that h5py gives", { skip: unshared }, async (t) => {
	const known = {
		test_00: "419543b3f7e8b120d41207d0cab70a02215d3520f66327e269b765391bd73bc8",
	};
	for (const [name, digest] of Object.entries(known)) {
		const found = await openEvents(join(flow, `${name}_data.hdf5`));
		t.equal(digestOf(found).digest, digest);
		t.same(found.sensor, { width: 128, height: 128 });
	}
});
