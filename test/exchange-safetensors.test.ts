// Networks as safetensors, and back: the same spec, weights and answers; ranges, rounding, damage; and what Python makes of them.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Network, type NetworkSpec, named } from "stllr";
import { exportSafetensors, importSafetensors } from "stllr/exchange";
import t from "tap";
import { OptionError, StllrError } from "../dist/errors.js";
import { writeSafetensors } from "../dist/exchange/safetensors/write.js";
import { openTorch } from "../dist/exchange/torch/file.js";
import { Random } from "../dist/random.js";
import { spikes } from "./exchange/spikes.js";

const BARE = { stepUs: 1000, steps: 30 } as const;

const AVERAGED: NetworkSpec = {
	...BARE,
	input: { width: 8, height: 8, polarities: 2 },
	layers: [
		{ type: "conv", filters: 4, kernel: 3, padding: 1 },
		{ type: "pool", kind: "average", kernel: 2 },
		{ type: "conv", filters: 6, kernel: 3, padding: 1 },
		{ type: "pool", kind: "average", kernel: 2 },
		{ type: "readout", classes: 3 },
	],
};
const EXPORTED: readonly NetworkSpec[] = [
	{
		...BARE,
		input: { width: 24 },
		layers: [
			{ type: "recurrent", units: 9, bias: true },
			{ type: "readout", classes: ["x", "y"], bias: true },
		],
	},
	{
		...AVERAGED,
		layers: [
			...AVERAGED.layers.slice(0, -1),
			{ type: "dense", units: 7, standardize: true },
			{ type: "readout", classes: 3 },
		],
	},
	named("recurrent", { classes: 4, input: { width: 20 } }),
	{
		...BARE,
		input: { width: 9, height: 9, polarities: 4 },
		layers: [
			{ type: "conv", filters: 6, kernel: [3, 2], groups: 2, stride: 2, name: "first" },
			{ type: "flatten" },
			{ type: "dense", units: 11, weightRange: 8 },
			{ type: "readout", classes: 3 },
		],
		weights: 8,
	},
];

t.test("a readout of values comes back, too", async (t) => {
	const network = await Network.create(
		named("flownet", { size: "small", input: { width: 16, height: 16, polarities: 2 } }),
	);
	const { network: again } = await importSafetensors(exportSafetensors(network));
	t.equal(again.weightsHash(), network.weightsHash());
	t.strictSame(again.spec, network.spec);
});

t.test("ranges are the least that hold the weights; what is beyond the largest is clipped and counted", async (t) => {
	const spec = {
		...BARE,
		leak: 0.5,
		threshold: 1,
		layers: [
			{ type: "dense", units: 2 },
			{ type: "readout", classes: 2, leak: 0 },
		],
	} as const;
	const file = (...values: number[]) =>
		writeSafetensors([
			{ name: "a.weight", shape: [2, 2], values: Float64Array.from(values) },
			{ name: "b.weight", shape: [2, 2], values: new Float64Array(4) },
		]);
	for (const [bits, most, range, clipped] of [
		[16, 0.9, 1, 0],
		[16, 1, 2, 0],
		[16, 31, 32, 0],
		[16, 40, 32, 1],
		[8, 0.01, 1 / 64, 0],
		[8, 0.3, 1 / 2, 0],
		[8, 3, 4, 0],
	] as const) {
		const { network, report } = await importSafetensors(file(0.001, -0.001, most, 0), {
			spec: { ...spec, weights: bits },
		});
		const [layer] = network.spec.layers;
		t.equal(layer?.type === "dense" && layer.weightRange, range, `${bits} bits for ${most}`);
		t.equal(report.layers[0]?.clipped, clipped);
		const step = range / (bits === 8 ? 128 : 8192);
		if (clipped === 0)
			t.ok((report.layers[0]?.largest ?? 1) <= step, `${most}: rounded by ${report.layers[0]?.largest}`);
	}
	const asked = [{ ...spec.layers[0], weightRange: 4 }, spec.layers[1]] as const;
	const { network } = await importSafetensors(file(0.1, 0, 0, 0), { spec: { ...spec, layers: asked } });
	t.match(network.spec.layers[0], { weightRange: 4 }, "a range that is given stays");
});

t.test(
	"our own safetensors, damaged: a network of the same shapes or a typed error, never anything else",
	async (t) => {
		const network = await Network.create({
			...BARE,
			input: { width: 6 },
			layers: [
				{ type: "dense", units: 4, bias: true },
				{ type: "readout", classes: 2 },
			],
			memoryLimitMiB: 1,
		});
		const sound = exportSafetensors(network);
		const end = sound.length - 4 * (4 * 6 + 4 + 2 * 4);
		const random = new Random(9);
		let refused = 0;
		for (let round = 0; round < 300; round += 1) {
			const bytes = sound.slice();
			const at = random.below(end);
			bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(7));
			try {
				(await importSafetensors(bytes)).network.close();
			} catch (cause) {
				if (!(cause instanceof StllrError)) throw cause;
				// Where the key of the spec itself is damaged, a spec is asked for.
				const isAsked = cause instanceof OptionError && cause.option === "spec";
				t.ok(cause.name === "FormatError" || isAsked, cause.message);
				refused += 1;
			}
		}
		t.ok(refused > 100, `${refused} of 300 refused`);
		const spoilt = (count: number, change: (spec: string) => string) => {
			const [hidden, last] = network.parameters();
			const header = new TextDecoder().decode(sound.subarray(8, end));
			const spec = header.match(/"stllr\.spec":("(?:[^"\\]|\\.)*")/)?.[1] ?? "";
			const tensors = [
				{ name: "layers.0.weight", shape: [4, 6], values: hidden?.weights ?? new Float64Array() },
				{ name: "layers.1.weight", shape: [2, 4], values: last?.weights ?? new Float64Array() },
			];
			return writeSafetensors(tensors.slice(0, count), { "stllr.spec": change(JSON.parse(spec)) });
		};
		for (const [count, change, message] of [
			[2, (spec: string) => spec.slice(1), /byte 8: stllr\.spec: .*JSON/],
			[2, () => "[]", /byte 8: stllr\.spec: spec: an array is not allowed/],
			[2, (spec: string) => spec.replace('"units":4', '"units":-4'), /byte 8: stllr\.spec: layers\[0\]\.units: -4/],
			[1, (spec: string) => spec, /1 modules with weights \(layers\.0\); allowed: 2/],
		] as const) {
			await t.rejects(importSafetensors(spoilt(count, change)), { name: "FormatError", message });
		}
	},
);

t.test("a network that has learned comes back from its own safetensors: the same spec and answers", async (t) => {
	for (const spec of EXPORTED) {
		const network = await Network.create(spec);
		const { width, height, polarities } = network.spec.input;
		const inputs = width * height * polarities;
		const random = new Random(3);
		for (let lesson = 0; lesson < 12; lesson += 1)
			network.learn(spikes(random, 30, inputs, width, height, 0.2).events, lesson % 2);
		const bytes = exportSafetensors(network);
		const { network: again, report } = await importSafetensors(bytes);
		t.strictSame(again.spec, network.spec);
		t.equal(report.format, "safetensors");
		for (const { layer, clipped, largest } of report.layers) {
			t.equal(clipped, 0, layer);
			t.ok(largest <= 2 ** -24, `${layer}: ${largest}`);
		}
		const { events } = spikes(random, 30, inputs, width, height, 0.2);
		const [a, b] = [network.classify(events), again.classify(events)];
		t.equal(a.label, b.label);
		for (const [index, score] of a.scores.entries()) t.ok(Math.abs(score - (b.scores[index] ?? 0)) < 1e-4);
		t.strictSame(exportSafetensors(again), bytes, "what was rounded stays");
	}
});

const reader = fileURLToPath(new URL("data/torch/read.py", import.meta.url));
const python = process.env.STLLR_PYTHON ?? "python3";
const run = (...args: string[]) => spawnSync(python, args, { encoding: "utf8", maxBuffer: 2 ** 26 });
const hasTorch = run("-c", "import torch, safetensors").status === 0;
const skip = hasTorch ? false : "no Python with torch and safetensors (STLLR_PYTHON names one)";

t.test("what we write, Python's safetensors and PyTorch read, and write again for us", { skip }, async (t) => {
	const temporary = mkdtempSync(join(tmpdir(), "stllr-torch-"));
	t.teardown(() => rmSync(temporary, { recursive: true }));
	for (const [index, spec] of EXPORTED.entries()) {
		const network = await Network.create(spec);
		const [written, saved] = [join(temporary, `${index}.safetensors`), join(temporary, `${index}.pth`)];
		writeFileSync(written, exportSafetensors(network));
		const { stdout, stderr } = run(reader, written, saved);
		t.equal(stderr, "");
		const {
			metadata,
			tensors,
		}: {
			metadata: Record<string, string>;
			tensors: Record<string, { type: string; shape: number[]; values: number[] }>;
		} = JSON.parse(stdout);
		t.equal(metadata.format, "pt");
		const weight = network.parameters()[0];
		t.strictSame(tensors["layers.0.weight"]?.values, [...(weight?.weights ?? [])].map(Math.fround));
		t.ok(Object.values(tensors).every(({ type }) => type === "float32"));
		const file = await openTorch(saved);
		t.strictSame(
			Object.fromEntries([...file.tensors].map(([name, tensor]) => [name, [...tensor.read()]])),
			Object.fromEntries(Object.entries(tensors).map(([name, { values }]) => [name, values])),
		);
		file.close();
	}
});
