// Zip archives: what packs and unpacks them, and those whose numbers need 64 bits.
import { spawnSync } from "node:child_process";
import { closeSync, openSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { constants, deflateRawSync, deflateSync } from "node:zlib";
import { zipSync } from "fflate";
import t from "tap";
import { openEvents, StllrError } from "../dist/index.js";
import { Random } from "../dist/random.js";
import { loadEventsModule } from "../dist/wasm/module.js";
import { inflate, inflateInto } from "../dist/zip/inflate.js";
import { writeZip, type ZipFile } from "../dist/zip/write.js";

const unsound = () => new RangeError("unsound");
const noPython = spawnSync("python3", ["--version"]).status === 0 ? false : "needs python3, which is not installed";

/** Bytes of which some repeat, near and far. */
function sample(length: number): Uint8Array<ArrayBuffer> {
	const random = new Random(3, 0);
	const made = new Uint8Array(length);
	for (let at = 0; at < length; at += 1) {
		const back = [0, 0, 1, 300, 32_000, 32_768][random.below(6)] ?? 0;
		const run = Math.min(length - at, random.below(40));
		if (back === 0 || back > at) made[at] = random.below(256);
		else for (const end = at + run; at < end; at += 1) made[at] = made[at - back] ?? 0;
	}
	return made;
}

const joined = (pieces: Iterable<Uint8Array>) => {
	const copies: Uint8Array[] = [];
	for (const piece of pieces) copies.push(piece.slice());
	return Buffer.concat(copies);
};

function* splitBy(bytes: Uint8Array, step: number): Generator<Uint8Array> {
	for (let at = 0; at < bytes.length; at += step) yield bytes.subarray(at, at + step);
}

/** An array of numbers as an `.npy` file. */
function npy(values: readonly number[]): Uint8Array<ArrayBuffer> {
	const text = `{'descr': '<f8', 'fortran_order': False, 'shape': (${values.length},), }\n`;
	const head = new TextEncoder().encode(`.NUMPY\x01\0.\0${text}`);
	head[0] = 0x93;
	head[8] = text.length;
	return new Uint8Array(Buffer.concat([head, new Uint8Array(Float64Array.from(values).buffer)]));
}

const arrays = { "t.npy": npy([0.5, 1, 2]), "x.npy": npy([1, 2, 3]), "y.npy": npy([5, 6, 7]), "p.npy": npy([1, 0, 1]) };
const truth = { t: [500_000, 1e6, 2e6], x: [1, 2, 3], y: [5, 6, 7], p: [1, 0, 1] };

async function read(source: string | Uint8Array): Promise<typeof truth> {
	const { t, x, y, p } = await openEvents(source);
	return { t: [...t], x: [...x], y: [...y], p: [...p] };
}

async function zipOf(limit?: number): Promise<Uint8Array> {
	const files = Object.entries(arrays).map(([name, bytes]): ZipFile => {
		return {
			name,
			size: bytes.length,
			parts: (async function* () {
				yield bytes;
			})(),
		};
	});
	const pieces: Uint8Array[] = [];
	for await (const piece of writeZip(files, limit)) pieces.push(piece.slice());
	return new Uint8Array(Buffer.concat(pieces));
}

t.test("inflating: what zlib packs in any way, in any split, while others use the module", async (t) => {
	const module = await loadEventsModule();
	const bytes = sample(200_000);
	const { Z_FIXED, Z_HUFFMAN_ONLY, Z_DEFAULT_STRATEGY } = constants;
	for (const level of [0, 1, 9]) {
		for (const strategy of [Z_DEFAULT_STRATEGY, Z_FIXED, Z_HUFFMAN_ONLY]) {
			const bare = deflateRawSync(bytes, { level, strategy });
			for (const step of [1, 7, 4096, bare.length]) {
				t.ok(joined(inflate(module, "deflate", splitBy(bare, step), unsound)).equals(bytes), `${level} ${step}`);
			}
			const zlib = deflateSync(bytes, { level, strategy });
			const out = new Uint8Array(bytes.length);
			t.equal(inflateInto(module, "zlib", zlib, out, unsound), bytes.length);
			t.ok(Buffer.from(out).equals(bytes));
			t.equal(inflateInto(module, "zlib", zlib, new Uint8Array(1000), unsound), 1001, "more than there is room for");
		}
	}
	const packed = deflateRawSync(bytes);
	const kept: Uint8Array[] = [];
	for (const piece of inflate(module, "deflate", splitBy(packed, 5000), unsound)) {
		module.memory.grow(1);
		kept.push(piece.slice());
	}
	t.ok(Buffer.concat(kept).equals(bytes), "memory that grows takes no piece away");
	t.equal(joined(inflate(module, "deflate", [Buffer.concat([packed, bytes])], unsound)).length, bytes.length);
	t.equal(joined(inflate(module, "deflate", [deflateRawSync(new Uint8Array(0))], unsound)).length, 0);
});

t.test("inflating: what is cut or damaged is an error, in bounded pieces, and ends", async (t) => {
	const module = await loadEventsModule();
	const bytes = sample(20_000);
	const packed = deflateRawSync(bytes);
	for (const length of [0, 1, 100, packed.length - 1]) {
		t.throws(() => joined(inflate(module, "deflate", [packed.subarray(0, length)], unsound)), RangeError);
	}
	const zlib = deflateSync(bytes);
	for (const at of [0, 1, zlib.length - 1]) {
		const damaged = Uint8Array.from(zlib);
		damaged[at] = (damaged[at] ?? 0) ^ 1;
		t.throws(() => joined(inflate(module, "zlib", [damaged], unsound)), RangeError, `byte ${at}`);
	}
	const random = new Random(8, 0);
	let refused = 0;
	for (let round = 0; round < 500; round += 1) {
		const damaged = Uint8Array.from(packed);
		const at = random.below(damaged.length);
		damaged[at] = random.below(256);
		try {
			for (const piece of inflate(module, "deflate", [damaged], unsound)) t.ok(piece.length <= 65_536);
		} catch (cause) {
			if (!(cause instanceof RangeError)) throw cause;
			refused += 1;
		}
	}
	t.ok(refused > 0, `${refused} of 500 refused; the others unpack to something else`);
});

t.test("writing: plain archives and those with zip64's fields read back, and Python reads them", async (t) => {
	const [plain, wide] = [await zipOf(), await zipOf(0)];
	t.ok(wide.length > plain.length + 200, "the fields are there");
	t.same(await read(plain), truth);
	t.same(await read(wide), truth);
	t.same(await zipOf(0), wide, "the same bytes again");
	await t.rejects(
		(async () => {
			const parts = (async function* () {
				yield new Uint8Array(3);
			})();
			for await (const _ of writeZip([{ name: "a", size: 4, parts }]));
		})(),
		{ message: /a has 3 bytes, where 4 were announced/ },
	);
});

t.test("writing: Python's zipfile finds the archives sound", { skip: noPython }, async (t) => {
	const folder = t.testdir({});
	for (const limit of [undefined, 0, 300]) {
		const path = join(folder, `${limit}.npz`);
		writeFileSync(path, await zipOf(limit));
		const program =
			"import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); print(z.testzip(), [(i.filename, i.file_size) for i in z.infolist()])";
		const { stdout, stderr } = spawnSync("python3", ["-c", program, path], { encoding: "utf8" });
		const sizes = Object.entries(arrays).map(([name, { length }]) => `('${name}', ${length})`);
		t.equal(stdout + stderr, `None [${sizes.join(", ")}]\n`, `limit ${limit}`);
	}
});

t.test("reading: arrays beyond 4 GiB, in a file that is mostly a hole", async (t) => {
	const hole = 5 * 2 ** 30 + 123;
	const small = zipSync(arrays);
	const view = new DataView(small.buffer, small.byteOffset);
	const end = small.length - 22;
	const [count, directory] = [view.getUint16(end + 10, true), view.getUint32(end + 16, true)];
	// The same files, behind one that nobody reads: sizes stay, where they begin needs 64 bits.
	const listed: Uint8Array[] = [];
	const list = (record: Uint8Array, numbers: readonly number[]) => {
		const nameEnd = 46 + (record[28] ?? 0);
		const made = Buffer.concat([record.subarray(0, nameEnd), Buffer.alloc(4 + 5 + 4 + 8 * numbers.length)]);
		made.writeUInt16LE(4 + 5 + 4 + 8 * numbers.length, 30);
		made.writeUInt16LE(0x5455, nameEnd);
		made.writeUInt16LE(5, nameEnd + 2);
		made.writeUInt16LE(1, nameEnd + 9);
		made.writeUInt16LE(8 * numbers.length, nameEnd + 11);
		for (const [at, number] of numbers.entries()) made.writeBigUInt64LE(BigInt(number), nameEnd + 13 + 8 * at);
		listed.push(made);
		return made;
	};
	const first = Buffer.alloc(30 + 8);
	first.writeUInt32LE(0x04034b50);
	first.writeUInt16LE(8, 26);
	first.write("hole.bin", 30);
	const own = Buffer.alloc(46 + 8);
	own.writeUInt32LE(0x02014b50);
	own.writeUInt16LE(8, 28);
	own.write("hole.bin", 46);
	const made = list(own, [hole - first.length, hole - first.length]);
	made.fill(0xff, 20, 28);
	for (let at = directory; at < end; ) {
		const record = small.subarray(at, end);
		const begin = view.getUint32(at + 42, true);
		list(record, [hole + begin]).fill(0xff, 42, 46);
		at += 46 + view.getUint16(at + 28, true) + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
	}
	const table = Buffer.concat(listed);
	const tail = Buffer.alloc(56 + 20 + 22);
	tail.writeUInt32LE(0x06064b50);
	tail.writeBigUInt64LE(44n, 4);
	for (const at of [24, 32]) tail.writeBigUInt64LE(BigInt(count + 1), at);
	tail.writeBigUInt64LE(BigInt(table.length), 40);
	tail.writeBigUInt64LE(BigInt(hole + directory), 48);
	tail.writeUInt32LE(0x07064b50, 56);
	tail.writeBigUInt64LE(BigInt(hole + directory + table.length), 64);
	tail.writeUInt32LE(1, 72);
	tail.writeUInt32LE(0x06054b50, 76);
	tail.fill(0xff, 84, 96);
	const path = join(t.testdir({}), "far.npz");
	const write = (change: (tail: Buffer, table: Buffer) => void) => {
		const [ownTail, ownTable] = [Buffer.from(tail), Buffer.from(table)];
		change(ownTail, ownTable);
		const file = openSync(path, "w");
		writeSync(file, first, 0, first.length, 0);
		writeSync(file, small, 0, directory, hole);
		writeSync(file, Buffer.concat([ownTable, ownTail]), 0, table.length + tail.length, hole + directory);
		closeSync(file);
	};
	write(() => undefined);
	t.same(await read(path), truth);

	const lie = async (change: (tail: Buffer, table: Buffer) => void, said: RegExp) => {
		write(change);
		await t.rejects(openEvents(path), { name: "FormatError", message: said }, String(said));
	};
	const far = BigInt(2 ** 53);
	await lie((tail) => tail.writeBigUInt64LE(far, 64), /the number 9007199254740992; allowed: less than 2\^53/);
	await lie((tail) => tail.writeBigUInt64LE(0xffffffffffffffffn, 64), /the number 18446744073709551615/);
	await lie((tail) => tail.writeBigUInt64LE(0n, 64), /no zip64 end begins here; allowed: PK 6 6/);
	await lie((tail) => tail.writeBigUInt64LE(far, 48), /the number 9007199254740992/);
	await lie((tail) => tail.writeBigUInt64LE(far / 2n, 40), /a directory at .*; allowed: up to/);
	await lie((tail) => tail.writeBigUInt64LE(9n, 24), /several disks/);
	await lie((tail) => {
		for (const at of [24, 32]) tail.writeBigUInt64LE(99n, at);
	}, /the directory ends after 5 files; allowed: 99 files/);
	await lie((_, table) => table.writeUInt16LE(7, 54 + 11), /a zip64 field that is too short/);
	await lie((_, table) => table.writeUInt16LE(2, 54 + 9), /sizes of zip64 without their field/);
	await lie((_, table) => table.writeUInt16LE(60_000, 30), /hole\.bin has 60000 bytes extra/);
	await lie((_, table) => table.writeBigUInt64LE(far, table.length - 8), /the number 9007199254740992/);
});

t.test("damage of zip64's fields ends in events or a typed error", async (t) => {
	const whole = await zipOf(0);
	const random = new Random(6, 0);
	let refused = 0;
	for (let round = 0; round < 2000; round += 1) {
		const bytes = whole.slice();
		for (let flips = random.below(3); flips >= 0; flips -= 1) {
			const at = random.below(2) === 0 ? random.below(bytes.length) : bytes.length - 1 - random.below(400);
			bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
		}
		try {
			await openEvents(bytes, { format: "npz" });
		} catch (cause) {
			if (!(cause instanceof StllrError)) t.fail(`round ${round}: ${String(cause)}`);
			refused += 1;
		}
	}
	t.ok(refused > 500, `${refused} of 2000 refused`);
});
