// PyTorch's checkpoints and safetensors as files of tensors: what they wrote is read as it is, and everything else is refused.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";
import { openSafetensors } from "../dist/exchange/safetensors/read.js";
import { writeSafetensors } from "../dist/exchange/safetensors/write.js";
import type { TensorFile } from "../dist/exchange/tensor.js";
import { openTorch } from "../dist/exchange/torch/file.js";
import { StllrError } from "../dist/index.js";
import { Random } from "../dist/random.js";
import { noted } from "./exchange/noted.js";

const folder = fileURLToPath(new URL("data/torch", import.meta.url));
const pathTo = (name: string) => join(folder, name);
const bytesOf = (name: string) => new Uint8Array(readFileSync(pathTo(name)));
/** What make.py says of a file: each tensor's type, shape and elements, as texts. */
type Truth = Record<string, { readonly type: string; readonly shape: string; readonly values: string }>;
const truth: Record<string, Truth> = JSON.parse(readFileSync(pathTo("truth.json"), "utf8"));

function told(name: string): ReturnType<typeof noted> {
	const tensors = Object.entries(truth[name] ?? {}).map(([key, { type, shape, values }]) => {
		const numbers = values === "" ? [] : values.split(" ").map(Number);
		return [key, { type, shape, values: type === "float32" ? numbers.map(Math.fround) : numbers }];
	});
	return Object.fromEntries(tensors);
}

t.test("what PyTorch and safetensors wrote, tensor by tensor: types, strides, views, layouts", async (t) => {
	for (const [name, format, as] of [
		["dense.pth.tar", "torch-zip", "dense.pth.tar"],
		["recurrent.pth.tar", "torch-zip", "recurrent.pth.tar"],
		["conv.pth.tar", "torch-zip", "conv.pth.tar"],
		["sequential.pth", "torch-zip", "sequential.pth"],
		["parallel.pth", "torch-zip", "sequential.pth"],
		["legacy.pth", "torch-legacy", "sequential.pth"],
		["types.pth", "torch-zip", "types.pth"],
		["parameter.pth", "torch-zip", "parameter.pth"],
	] as const) {
		for (const source of [pathTo(name), bytesOf(name)]) {
			const file = await openTorch(source);
			t.equal(file.format, format);
			t.strictSame(noted(file), told(as), name);
		}
	}
	for (const [name, as] of [
		["sequential.safetensors", "sequential.pth"],
		["types.safetensors", "types.pth"],
	] as const) {
		for (const source of [pathTo(name), bytesOf(name)])
			t.strictSame(noted(await openSafetensors(source)), told(as), name);
	}
	const { metadata } = await openSafetensors(bytesOf("sequential.safetensors"));
	t.strictSame([...metadata].sort(), [
		["by", "make.py"],
		["format", "pt"],
	]);
	t.ok(Object.keys(told("types.pth")).length > 20, "make.py wrote every type");
});

t.test("one of several state dicts is asked for by its key", async (t) => {
	const file = await openTorch(pathTo("two.pth"), { key: "b" });
	t.strictSame(noted(file), { y: { type: "float32", shape: "2", values: [1, 1] } });
	await t.rejects(openTorch(pathTo("two.pth")), {
		name: "FormatError",
		message: /two\/data\.pkl: byte 0: a dict of "a", "b"; allowed: .* say which: key/,
	});
	await t.rejects(openTorch(pathTo("two.pth"), { key: "c" }), {
		message: /"c" is nothing; allowed: a key with a dict/,
	});
});

t.test("what PyTorch wrote and is no state dict of plain tensors is refused by name and byte", async (t) => {
	for (const [name, message] of [
		["module.pth", /module\/data\.pkl: byte 2: the global "torch\.nn\.modules\.container\.Sequential"; allowed: coll/],
		["sparse.pth", /sparse\/data\.pkl: byte \d+: the global "torch\._utils\._rebuild_sparse_tensor"/],
		["overlap.pth", /a tensor of 3 x 4 with strides \(1, 0\) from element 0, which overlap; allowed: .*clone/],
		["sequential.safetensors", /byte 0: neither a zip nor PyTorch's magic number/],
	] as const) {
		await t.rejects(openTorch(pathTo(name)), { name: "FormatError", message }, name);
	}
	await t.rejects(openTorch(pathTo("nowhere.pth")), { name: "DatasetError", message: /nowhere\.pth: cannot be read/ });
});

t.test("safetensors: headers that lie are refused", async (t) => {
	const file = (header: unknown, bytes = 16, told?: bigint) => {
		const json = Buffer.from(typeof header === "string" ? header : JSON.stringify(header));
		const all = new Uint8Array(8 + json.length + bytes);
		all.set(json, 8);
		new DataView(all.buffer).setBigUint64(0, told ?? BigInt(json.length), true);
		return openSafetensors(all);
	};
	const f32 = (from: number, to: number, shape: unknown = [(to - from) / 4]) => ({
		...{ dtype: "F32", shape, data_offsets: [from, to] },
	});
	t.strictSame([...(await file({ a: f32(8, 16), b: f32(0, 8) })).tensors.keys()], ["a", "b"]);
	for (const [header, message] of [
		[{ a: f32(0, 12) }, /byte \d+: 4 bytes behind the last tensor; allowed: none/],
		[{ a: f32(0, 20) }, /the offsets of "a"; allowed: from and to, 0 to 16/],
		[{ a: f32(8, 4, []) }, /the offsets of "a"/],
		[{ a: { dtype: "F32", shape: [4], data_offsets: [0, 16, 16] } }, /the offsets of "a"/],
		[{ a: f32(0, 8), b: f32(4, 16) }, /"b" at byte \d+; allowed: no gap and no overlap/],
		[{ a: f32(4, 16) }, /"a" at byte \d+; allowed: no gap/],
		[{ a: f32(0, 16, [5]) }, /"a" of 16 bytes; allowed: 20 for 5 of F32/],
		[{ a: f32(0, 16, [2 ** 52, 2 ** 52]) }, /"a" of 16 bytes; allowed: Infinity for/],
		[{ a: f32(0, 16, [-4]) }, /the shape of "a"/],
		[{ a: f32(0, 16, [1.5]) }, /the shape of "a"/],
		[{ a: f32(0, 16, "4") }, /the shape of "a"/],
		[{ a: f32(0, 16, Array(9).fill(1)) }, /the shape of "a"/],
		[{ a: { dtype: "F8_E4M3", shape: [16], data_offsets: [0, 16] } }, /"a" of type F8_E4M3; allowed: F64, F32/],
		[{ a: { shape: [4], data_offsets: [0, 16] } }, /"a" is no tensor/],
		[{ a: null }, /"a" is no tensor/],
		[{ a: f32(0, 16), __metadata__: { x: 1 } }, /__metadata__ that holds more than texts/],
		[{ a: f32(0, 16), __metadata__: [] }, /__metadata__/],
		['{"a":', /a header that is no JSON/],
		["[".repeat(100_000), /a header that is no JSON/],
		["[]", /a header that is no object/],
		["", /a header that is no JSON/],
		[`{"a":${JSON.stringify(f32(0, 8))},"a":${JSON.stringify(f32(0, 8))}}`, /8 bytes behind the last tensor/],
	] as const) {
		await t.rejects(file(header), { name: "FormatError", message });
	}
	await t.rejects(file({}, 0, 2n ** 63n), {
		message: /byte 0: a header of 9223372036854775808 bytes; allowed: 2 at most/,
	});
	await t.rejects(openSafetensors(new Uint8Array(7)), { message: /a file of 7 bytes/ });
	t.equal((await file({}, 0)).tensors.size, 0);
});

t.test("safetensors: what is written is read, rounded to float32", async (t) => {
	const values = Float64Array.of(0.1, -2, 1e-50, 3e38, 5, 6);
	const bytes = writeSafetensors(
		[
			{ name: "é.weight", shape: [2, 3], values },
			{ name: "one", shape: [], values: values.slice(0, 1) },
		],
		{
			format: "pt",
		},
	);
	t.equal(new DataView(bytes.buffer).getUint32(0, true) % 8, 0, "numbers begin at a multiple of 8");
	const file = await openSafetensors(bytes);
	t.equal(file.metadata.get("format"), "pt");
	t.strictSame(noted(file), {
		"é.weight": { type: "float32", shape: "2 3", values: [...values].map(Math.fround) },
		one: { type: "float32", shape: "", values: [Math.fround(0.1)] },
	});
	const tensor = { name: "a", shape: [2], values };
	t.throws(() => writeSafetensors([tensor]), {
		name: "OptionError",
		message: /a: "6 values" is not allowed; allowed: 2/,
	});
	const right = { name: "a", shape: [6], values };
	t.throws(() => writeSafetensors([right, right]), { name: "OptionError", message: /each name once/ });
});

t.test("no flipped bit and no cut gives anything but the same tensors or a typed error", async (t) => {
	const random = new Random(6, 6);
	const outcome = async (open: (bytes: Uint8Array) => Promise<TensorFile>, bytes: Uint8Array) => {
		try {
			return JSON.stringify(noted(await open(bytes)));
		} catch (cause) {
			if (cause instanceof StllrError) return cause.name;
			throw cause;
		}
	};
	for (const [name, open, isChecked] of [
		["sequential.pth", openTorch, true],
		["types.pth", openTorch, true],
		["recurrent.pth.tar", openTorch, true],
		["legacy.pth", openTorch, false],
		["sequential.safetensors", openSafetensors, false],
		["types.safetensors", openSafetensors, false],
	] as const) {
		const sound = bytesOf(name);
		const whole = await outcome(open, sound);
		t.match(whole, /^\{"/);
		let errors = 0;
		for (let round = 0; round < 600; round += 1) {
			const length = round % 3 === 0 ? random.below(sound.length) : sound.length;
			const bytes = sound.slice(0, length);
			const flips = round % 3 === 0 ? 0 : 1 + random.below(3);
			for (let flip = 0; flip < flips; flip += 1) {
				const at = random.below(bytes.length);
				bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
			}
			const got = await outcome(open, bytes);
			if (got === "FormatError") errors += 1;
			// Without checksums, numbers and names may be others; the file is one still, or refused.
			else if (isChecked) t.equal(got, whole, `${name}, round ${round}`);
			else t.match(got, /^\{/, `${name}, round ${round}`);
			if (length < sound.length) t.equal(got, "FormatError", `${name} cut to ${length}`);
		}
		t.ok(errors > 200, `${name}: ${errors} of 600 refused`);
	}
});
