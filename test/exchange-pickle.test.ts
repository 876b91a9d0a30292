// Checkpoints by hand: nothing in them runs, hangs or takes memory beyond the file's, and what lies is refused by name and byte.
import { readFileSync } from "node:fs";
import { unzipSync, zipSync } from "fflate";
import t from "tap";
import type { TensorFile } from "../dist/exchange/tensor.js";
import { openTorch } from "../dist/exchange/torch/file.js";
import { StllrError } from "../dist/index.js";
import { Random } from "../dist/random.js";
import { noted } from "./exchange/noted.js";
import {
	ascii,
	checkpoint,
	global,
	integer,
	READY,
	state,
	storage,
	tensor,
	text,
	tuple,
	word,
} from "./exchange/pickle.js";

t.test("a pickle by hand is read like PyTorch's, also deflated", async (t) => {
	const pickle = state(tensor(READY, 0, [2, 3], [3, 1]), tensor(READY, 1, [2, 2], [1, 3]));
	const expected = {
		t0: { type: "float32", shape: "2 3", values: [0, 1, 2, 3, 4, 5] },
		t1: { type: "float32", shape: "2 2", values: [1, 4, 2, 5] },
	};
	t.strictSame(noted(await openTorch(checkpoint(pickle))), expected);
	const packed = zipSync({
		"x/data.pkl": Uint8Array.from(pickle),
		"x/data/0": new Uint8Array(new Float32Array(6).buffer),
	});
	t.strictSame(noted(await openTorch(packed)).t0?.values, [0, 0, 0, 0, 0, 0]);
});

t.test("nothing runs: globals, opcodes and calls are refused by name and byte", async (t) => {
	const evil = (...pickle: number[][]) => openTorch(checkpoint([0x80, 2, ...pickle.flat()]));
	for (const [pickle, message] of [
		[
			[...global("os", "system"), ...text("id"), 0x85, ...ascii("R.")],
			/data\.pkl: byte 2: the global "os\.system"; allowed: /,
		],
		[[...text("a"), ...global("builtins", "eval")], /byte 8: the global "builtins\.eval"/],
		[[...text("posix"), ...text("system"), 0x93], /byte 23: the global "posix\.system"/],
		[global("torch", "load"), /byte 2: the global "torch\.load"/],
		[global("torch._utils", "_rebuild_from_type_v2"), /_rebuild_from_type_v2/],
		[global("__main__", "Net"), /__main__\.Net/],
		[
			[...global("torch", "FloatStorage"), ...ascii(")R")],
			/byte 23: a call of torch\.FloatStorage; allowed: calls of coll/,
		],
		[[...text("a"), ...ascii(")R")], /a call of the text "a"/],
		[[...global("torch", "Size"), ...integer(1), ...ascii("R")], /torch\.Size with the number 1; allowed: a tuple/],
		[
			[...global("torch", "Size"), ...integer(1), 0x85, ...ascii("R")],
			/torch\.Size of the number 1; allowed: .*a tuple/,
		],
		[
			[...global("collections", "OrderedDict"), ...ascii("]"), 0x85, ...ascii("R")],
			/OrderedDict of 1 arguments; allowed: none/,
		],
		[[...global("torch._utils", "_rebuild_parameter"), ...ascii(")R")], /a parameter of nothing/],
		[[...ascii(")"), 0x81], /byte 3: the opcode NEWOBJ \(makes an object\)/],
		[ascii("(i__main__\nNet\n"), /the opcode INST/],
		[[0x82, 1], /the opcode EXT1/],
		[ascii("I1\n"), /the opcode INT \(text\)/],
		[[0xff], /the opcode 0xff, which there is not/],
		[[...ascii("]"), ...ascii("}b")], /entries or a state for a list of 0; allowed: a dict/],
		[[...text("x"), ...ascii("Q")], /the persistent id the text "x"; allowed: \("storage"/],
		[[...tuple(text("module"), text("a"), text("b")), ...ascii("Q")], /the persistent id a tuple of 3/],
		[storage(6, "0", "float32"), /a storage of torch\.float32; allowed: torch\.DoubleStorage/],
		[[0x80, 9], /protocol 9; allowed: 0 to 5/],
		[ascii("."), /takes 1 of 0 values/],
		[ascii("NN."), /1 values and marks left at its end/],
		[ascii("a"), /takes 1 of 0/],
		[ascii("N(a"), /takes 1 of 0/],
		[ascii("t"), /no mark/],
		[ascii("h\u0007"), /number 7 of the memo, which is empty/],
		[ascii("q\u0007"), /nothing to put into the memo/],
		[ascii("NNa"), /items for None; allowed: a list/],
		[ascii("NNNs"), /entries or a state for None/],
		[ascii("}(Nu"), /a key without a value/],
		[
			[...ascii("}"), ...integer(1), ...ascii("Ns"), ...integer(1), ...ascii("Ns")],
			/the number 1 as a key a second time/,
		],
		[ascii("}]Ns"), /a list of 0 as a key/],
		[[...ascii("X"), ...word(2), 0xff, 0xfe], /a text that is not UTF-8/],
		[ascii("ccollections"), /a line without an end/],
		[[0x8b, ...word(1_000_000)], /an integer of 1000000 bytes; allowed: 16 at most/],
		[[...ascii("X"), ...word(2 ** 31)], /a text of 2147483648 bytes, and 0 are left/],
		[[0x8d, ...word(2 ** 31), ...word(2 ** 31)], /a text of 9\d+ bytes, and 0 are left/],
		[ascii("}"), /an opcode of 1 bytes, and 0 are left/],
		[ascii("N."), /byte 0: None; allowed: a dict of tensors/],
		[[...tensor(READY, 0, [1], [1]), ...ascii(".")], /one tensor; allowed: a dict of tensors/],
		[ascii("}.N"), /byte 4: 1 bytes behind the pickle/],
	] as const) {
		await t.rejects(evil([...pickle]), { name: "FormatError", message });
	}
});

t.test("bombs: nesting, stacks, memos, tuples and opcodes are limited, in little memory", async (t) => {
	const repeat = (opcodes: number[], count: number) => Array.from({ length: count }, () => opcodes).flat();
	const before = process.memoryUsage().rss;
	for (const [pickle, message] of [
		[repeat(ascii("("), 40), /values nested 33 deep; allowed: 32 at most/],
		[[...ascii(")"), ...repeat([0x85], 40)], /values nested 33 deep/],
		[[...repeat(ascii("]"), 40), ...repeat(ascii("a"), 39)], /values nested 33 deep/],
		[repeat(ascii("N"), 100_000), /a stack of 65537; allowed: 65536 at most/],
		[repeat(ascii("]0"), 100_000), /more than 65536 lists, dicts, tuples and calls/],
		[repeat(ascii(")0"), 100_000), /more than 65536 lists/],
		[repeat(ascii("N0"), 600_000), /more than 1048576 opcodes/],
		[[...ascii("N"), ...repeat([0x94], 300_000)], /a memo of 262145; allowed: 262144 at most/],
		[[...ascii("("), ...repeat(ascii("N"), 70_000), ...ascii("t.")], /a stack of 65537/],
	] as const) {
		await t.rejects(openTorch(checkpoint([0x80, 2, ...pickle])), { name: "FormatError", message });
	}
	// Each doubles the last: 2^30 values to whoever walks them, and thirty to us.
	const doubled = [...ascii(")q"), 0, ...repeat([...ascii("h"), 0, ...ascii("h"), 0, 0x86, ...ascii("q"), 0], 30)];
	const bomb = [
		...ascii("}"),
		...text("t0"),
		...tensor(READY, 0, [6], [1]),
		...ascii("s0"),
		...doubled,
		...repeat(ascii("0"), 31),
	];
	const inside = [
		...ascii("}"),
		...text("t0"),
		...tensor(READY, 0, [6], [1]),
		...ascii("s"),
		...text("x"),
		...ascii("h"),
		0,
	];
	const file = await openTorch(checkpoint([0x80, 2, ...bomb, ...inside, ...ascii("s.")]));
	t.strictSame(noted(file).t0?.values, [0, 1, 2, 3, 4, 5]);
	const grown = (process.memoryUsage().rss - before) / 2 ** 20;
	t.ok(grown < 300, `${grown.toFixed(0)} MiB more for all of them`);
});

t.test("tensors that lie: sizes, offsets, shapes and strides", async (t) => {
	const made = (...rest: [number, number[], number[]]) => openTorch(checkpoint(state(tensor(READY, ...rest))));
	const refused = (opened: Promise<TensorFile>, message: RegExp) => t.rejects(opened, { name: "FormatError", message });
	await refused(
		made(0, [7], [1]),
		/a tensor of 7 with strides \(1\) from element 0, up to element 6; allowed: up to .* 5/,
	);
	await refused(made(1, [6], [1]), /up to element 6/);
	await refused(made(0, [2, 3], [4, 1]), /up to element 6/);
	await refused(made(2 ** 31 - 1, [1], [1]), /from element 2147483647/);
	await refused(made(-1, [1], [1]), /a tensor's offset: the number -1/);
	await refused(made(0, [-1], [1]), /a tensor's shape: the number -1/);
	await refused(made(5, [2], [-1]), /a tensor's strides: the number -1/);
	await refused(made(0, [2, 3], [1, 1]), /which overlap/);
	await refused(made(0, [3, 2], [1, 2]), /which overlap/);
	await refused(made(0, [3], [0]), /which overlap/);
	await refused(made(0, [2], [1, 1]), /a stride for each dimension/);
	await refused(made(0, Array(9).fill(1), Array(9).fill(1)), /8 dimensions at most/);
	await refused(made(0, [2 ** 31 - 1, 2 ** 31 - 1, 2 ** 31 - 1], [2 ** 31 - 1, 2 ** 20, 1]), /up to element/);
	t.strictSame(noted(await made(5, [1, 1], [77, 99])).t0?.values, [5], "a stride that is never taken");
	t.strictSame(noted(await made(0, [0, 2 ** 31 - 1], [1, 1])).t0?.values, [], "nothing");
	t.strictSame(noted(await made(0, [2, 2], [1, 4])).t0?.values, [0, 4, 1, 5], "a stride over a gap");
	for (const [count, message] of [
		[5, /storage 0 has 24 bytes; allowed: 20, as it is told/],
		[2 ** 31 - 1, /storage 0 has 24 bytes; allowed: 8589934588/],
	] as const) {
		const [lie] = (await openTorch(checkpoint(state(tensor(storage(count), 0, [count], [1]))))).tensors.values();
		t.throws(() => lie?.read(), { name: "FormatError", message });
	}
	await refused(openTorch(checkpoint(state(tensor(storage(-1), 0, [0], [1])))), /the size of storage 0: the number -1/);
	const two = state(tensor(storage(6), 0, [6], [1]), tensor(storage(3), 0, [3], [1]));
	await refused(openTorch(checkpoint(two)), /storage 0 has 24 bytes; allowed: 12/);
	const [missing] = (await openTorch(checkpoint(state(tensor(storage(6, "9"), 0, [6], [1]))))).tensors.values();
	t.throws(() => missing?.read(), { name: "FormatError", message: /storage 9, which the zip lacks/ });
	const big = { "x/byteorder": Uint8Array.from(ascii("big")) };
	await refused(openTorch(checkpoint(state(tensor(READY, 0, [6], [1])), 6, big)), /byteorder "big"; allowed: "little"/);
	const script = { "x/constants.pkl": new Uint8Array(1) };
	await refused(openTorch(checkpoint(state(), 6, script)), /a TorchScript archive/);
	await refused(openTorch(zipSync({ "a/b": new Uint8Array(1) })), /a zip without data\.pkl in a folder/);
	await refused(openTorch(checkpoint(state())), /a dict of ; allowed: a dict of tensors/);
});

t.test("a zip64 archive is read where its fields are, and refused where they lie", async (t) => {
	const plain = checkpoint(state(tensor(READY, 0, [6], [1])));
	const end = plain.length - 22;
	const old = new DataView(plain.buffer, plain.byteOffset);
	const [count, length, directory] = [
		old.getUint16(end + 10, true),
		old.getUint32(end + 12, true),
		old.getUint32(end + 16, true),
	];
	/** The same with 64-bit fields in its end. */
	const wide = (change: (view: DataView, at: number) => void = () => undefined) => {
		const bytes = new Uint8Array(plain.length + 56 + 20);
		bytes.set(plain.subarray(0, end));
		bytes.set(plain.subarray(end), end + 76);
		const view = new DataView(bytes.buffer);
		view.setUint32(end, 0x06064b50, true);
		view.setBigUint64(end + 4, 44n, true);
		for (const [at, value] of [
			[24, count],
			[32, count],
			[40, length],
			[48, directory],
		] as const)
			view.setBigUint64(end + at, BigInt(value), true);
		view.setUint32(end + 56, 0x07064b50, true);
		view.setBigUint64(end + 64, BigInt(end), true);
		view.setUint32(end + 72, 1, true);
		view.setUint16(end + 76 + 8, 0xffff, true);
		view.setUint16(end + 76 + 10, 0xffff, true);
		view.setUint32(end + 76 + 12, 0xffffffff, true);
		view.setUint32(end + 76 + 16, 0xffffffff, true);
		change(view, end);
		return openTorch(bytes);
	};
	t.strictSame(noted(await wide()).t0?.values, [0, 1, 2, 3, 4, 5]);
	for (const [change, message] of [
		[(view: DataView, at: number) => view.setUint32(at + 56, 0), /a zip64 archive without a locator/],
		[(view: DataView, at: number) => view.setUint32(at, 0), /no zip64 end begins here/],
		[(view: DataView, at: number) => view.setBigUint64(at + 64, 2n ** 63n, true), /the number 9223372036854775808/],
		[(view: DataView, at: number) => view.setBigUint64(at + 64, 2n ** 40n, true), /a zip64 end at 1099511627776/],
		[(view: DataView, at: number) => view.setBigUint64(at + 48, 2n ** 40n, true), /a directory at 1099511627776/],
		[(view: DataView, at: number) => view.setBigUint64(at + 24, 1n, true), /several disks/],
		[(view: DataView, at: number) => view.setBigUint64(at + 40, 0n, true), /the directory ends after 0 files/],
	] as const) {
		await t.rejects(wide(change), { name: "FormatError", message });
	}
	/** The first file's sizes and offset in an extra field. */
	const entry = (change: (view: DataView, extra: number) => void = () => undefined) => {
		const name = old.getUint16(directory + 28, true);
		const extra = directory + 46 + name;
		const bytes = new Uint8Array(plain.length + 28);
		bytes.set(plain.subarray(0, extra));
		bytes.set(plain.subarray(extra), extra + 28);
		const view = new DataView(bytes.buffer);
		view.setUint16(extra, 1, true);
		view.setUint16(extra + 2, 24, true);
		[24, 20, 42].forEach((field, index) => {
			view.setBigUint64(extra + 4 + 8 * index, BigInt(old.getUint32(directory + field, true)), true);
			view.setUint32(directory + field, 0xffffffff, true);
		});
		view.setUint16(directory + 30, old.getUint16(directory + 30, true) + 28, true);
		view.setUint32(end + 28 + 12, length + 28, true);
		change(view, extra);
		return openTorch(bytes);
	};
	t.strictSame(noted(await entry()).t0?.values, [0, 1, 2, 3, 4, 5]);
	for (const [change, message] of [
		[(view: DataView, extra: number) => view.setUint16(extra, 2, true), /sizes of zip64 without their field/],
		[(view: DataView, extra: number) => view.setUint16(extra + 2, 8, true), /a zip64 field that is too short/],
		[(view: DataView, extra: number) => view.setBigUint64(extra + 12, 2n ** 50n, true), /is packed to|ends at/],
		[(view: DataView) => view.setUint16(directory + 30, 0xffff, true), /bytes extra; allowed: a whole directory/],
	] as const) {
		await t.rejects(entry(change), { name: "FormatError", message });
	}
});

t.test(
	"a pickle that is changed anywhere, with a checksum that is right, gives tensors within their storages or a typed error",
	async (t) => {
		const random = new Random(4, 2);
		let [read, refused] = [0, 0];
		for (const name of ["types.pth", "recurrent.pth.tar"]) {
			const files = unzipSync(new Uint8Array(readFileSync(new URL(`data/torch/${name}`, import.meta.url))));
			const pickle = Object.keys(files).find((path) => path.endsWith("data.pkl")) ?? "";
			const sound = files[pickle] ?? new Uint8Array();
			for (let round = 0; round < 800; round += 1) {
				const bytes = sound.slice(0, random.chance(0.1) ? 1 + random.below(sound.length) : sound.length);
				for (let change = random.below(3); change >= 0; change -= 1) {
					const [at, from] = [random.below(bytes.length), random.below(bytes.length)];
					if (random.chance(0.5)) bytes[at] = random.below(256);
					else bytes.copyWithin(at, from, from + random.below(20));
				}
				try {
					const tensors = Object.values(noted(await openTorch(zipSync({ ...files, [pickle]: bytes }, { level: 0 }))));
					const sizes = tensors.map(({ shape }) =>
						shape
							.split(" ")
							.filter(Boolean)
							.reduce((a, b) => a * Number(b), 1),
					);
					t.strictSame(
						tensors.map(({ values }) => values.length),
						sizes,
					);
					read += 1;
				} catch (cause) {
					if (!(cause instanceof StllrError)) throw cause;
					refused += 1;
				}
			}
		}
		t.ok(read > 50 && refused > 1000, `${read} read, ${refused} refused`);
	},
);
