// Networks from PyTorch's checkpoints and from safetensors: they answer as the original, and what does not fit is refused by name.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { NetworkSpec } from "stllr";
import { exportSafetensors, type Imported, importSafetensors, importTorch } from "stllr/exchange";
import t, { type Test } from "tap";
import { writeSafetensors } from "../dist/exchange/safetensors/write.js";
import { Random } from "../dist/random.js";
import { answer, conv, linear, plain, pool, readout, type State, type Step } from "./exchange/reference.js";
import { spikes } from "./exchange/spikes.js";

const folder = fileURLToPath(new URL("data/torch", import.meta.url));
const pathTo = (name: string) => join(folder, name);
const truth: Record<string, Record<string, { shape: string; values: string }>> = JSON.parse(
	readFileSync(pathTo("truth.json"), "utf8"),
);
const stateOf = (name: string): State =>
	Object.fromEntries(
		Object.entries(truth[name] ?? {}).map(([key, { shape, values }]) => [
			key,
			{
				shape: shape.split(" ").filter(Boolean).map(Number),
				values: values.split(" ").map((n) => Math.fround(Number(n))),
			},
		]),
	);

/**
 * A network beside the float64 answers: recordings with the same label; those whose scores are the same but for the rounding of weights
 * (1 in 1,000 of their spread), as they are where no spike moved to another step; the most that any is off; and hidden spikes.
 */
function compare({ network }: Imported, layersOf: () => readonly Step[], rate: number) {
	const { width, height, polarities } = network.spec.input;
	const random = new Random(7, width, height);
	const off = Array.from({ length: RECORDINGS }, () => {
		const { rows, events } = spikes(random, 30, width * height * polarities, width, height, rate);
		const expected = answer(layersOf(), rows);
		const { scores, label } = network.classify(events, { startUs: 0 });
		const most = Math.max(...expected.scores);
		const spread = most - Math.min(...expected.scores);
		const deviation = scores.reduce(
			(worst, score, at) => Math.max(worst, Math.abs(score - (expected.scores[at] ?? 0))),
			0,
		);
		return { isSame: label === expected.scores.indexOf(most), deviation: deviation / spread, spikes: expected.spikes };
	});
	return {
		same: off.filter(({ isSame }) => isSame).length,
		exact: off.filter(({ deviation }) => deviation < 1e-3).length,
		worst: Math.max(...off.map(({ deviation }) => deviation)),
		busy: off.reduce((sum, { spikes }) => sum + spikes, 0) / RECORDINGS,
	};
}

/** What every import must give. */
function follows(t: Test, what: string, { same, exact, worst, busy }: ReturnType<typeof compare>): void {
	t.comment(
		`${what}: ${same} labels, ${exact} exact of ${RECORDINGS}, ${worst.toFixed(4)} off at worst, ${busy.toFixed(0)} spikes`,
	);
	t.ok(exact >= 0.7 * RECORDINGS, `${what}: ${exact} of ${RECORDINGS} recordings exact but for rounding`);
	t.ok(worst < 0.1, `${what}: no score more than a tenth of the spread off: ${worst}`);
	t.ok(busy > 30, `${what}: ${busy} hidden spikes a recording`);
}

const RECORDINGS = 40;
const BARE = { stepUs: 1000, steps: 30 } as const;

t.test(
	"the official code's dense network answers as in float64; all but the step's length is the file's",
	async (t) => {
		const imported = await importTorch(pathTo("dense.pth.tar"), { spec: BARE });
		const { network, report } = imported;
		const state = stateOf("dense.pth.tar");
		const outcome = compare(
			imported,
			() => [linear(state, "linear1"), linear(state, "linear2"), readout(state, "last_layer")],
			0.3,
		);
		follows(t, "dense", outcome);
		const [first, second, last] = [network.spec.layers[0], network.spec.layers[1], network.spec.readout];
		t.strictSame(network.spec.input, { width: 24, height: 1, polarities: 1 });
		t.match(first, {
			type: "dense",
			units: 16,
			name: "linear1",
			threshold: 0.6,
			bias: true,
			standardize: true,
			reset: "soft",
		});
		t.match(first, {
			leak: 1 / (1 + Math.exp(-2)),
			rule: { lambdaPost: 0.2, lambdaPre: 0.75, alphaPost: -1, alphaPre: 1 },
		});
		t.match(second, { units: 12, leak: 1 / (1 + Math.exp(-1)) });
		t.match(last, { leak: 1 / (1 + Math.exp(-5)), traceDecay: 0.99, bias: true, name: "last_layer" });
		t.equal(report.format, "torch-zip");
		t.strictSame(
			report.layers.map(({ layer, module }) => [layer, module]),
			[
				["layers[0]", "linear1"],
				["layers[1]", "linear2"],
				["layers[2]", "last_layer"],
			],
		);
		t.strictSame(
			report.layers[0]?.choices.find(({ option }) => option === "layers[0].threshold"),
			{
				option: "layers[0].threshold",
				value: 0.6,
				from: "file",
			},
		);
		t.strictSame(
			report.leftOut.map(({ tensor }) => tensor),
			["last_layer.gain", "last_layer.threshold"],
		);
		const { events } = spikes(new Random(1), 30, 24, 24, 1, 0.3);
		const before = network.weightsHash();
		network.learn(events, 2);
		t.not(network.weightsHash(), before, "it goes on learning");
	},
);

t.test("the official recurrent network, with DFA's matrix left out", async (t) => {
	const imported = await importTorch(pathTo("recurrent.pth.tar"), { spec: BARE });
	const state = stateOf("recurrent.pth.tar");
	const outcome = compare(imported, () => [linear(state, "linear1"), readout(state, "last_layer")], 0.2);
	follows(t, "recurrent", outcome);
	t.match(imported.network.spec.layers[0], { type: "recurrent", units: 10, rule: { lambdaPost: 0.5, lambdaPre: 1 } });
	t.ok(imported.report.leftOut.some(({ tensor }) => tensor === "linear1_hook.fixed_fb_weights"));
});

const CONV = (kind: "max" | "average"): NetworkSpec => ({
	...BARE,
	input: { width: 8, height: 8, polarities: 2 },
	layers: [
		{ type: "conv", filters: 4, kernel: 3, padding: 1 },
		{ type: "pool", kind, kernel: 2 },
		{ type: "conv", filters: 6, kernel: 3, padding: 1 },
		{ type: "pool", kind, kernel: 2 },
		{ type: "readout", classes: ["a", "b", "c"], leak: 0 },
	],
});

t.test("the official convolutions, with the pooling that the spec tells of", async (t) => {
	for (const kind of ["max", "average"] as const) {
		const imported = await importTorch(pathTo("conv.pth.tar"), { spec: CONV(kind) });
		const state = stateOf("conv.pth.tar");
		const layers = () => [
			...[conv(state, "conv1", 8), pool(8, kind), conv(state, "conv2", 4), pool(4, kind)],
			readout(state, "linear16", 0),
		];
		const outcome = compare(imported, layers, 0.2);
		follows(t, kind, outcome);
		t.strictSame(imported.network.spec.readout.classes, ["a", "b", "c"]);
	}
});

t.test("weights without standardisation: gains are folded where a layer asks for it", async (t) => {
	const layers = [
		{ type: "dense", units: 16, standardize: false },
		{ type: "dense", units: 12, standardize: false, reset: "soft" },
		{ type: "readout", classes: 4 },
	] as const;
	const imported = await importTorch(pathTo("dense.pth.tar"), { spec: { ...BARE, layers } });
	const state = stateOf("dense.pth.tar");
	const outcome = compare(
		imported,
		() => [linear(state, "linear1"), linear(state, "linear2"), readout(state, "last_layer")],
		0.3,
	);
	follows(t, "folded", outcome);
	t.notOk(imported.network.spec.layers.some((layer) => layer.type === "dense" && layer.standardize));
	t.ok(imported.report.layers[0]?.choices.some(({ value }) => /folded/.test(String(value))));
});

t.test(
	"a plain Sequential: its neurons are the spec's; zip, old layout, DataParallel and safetensors are one",
	async (t) => {
		const spec = {
			...BARE,
			leak: 0.8,
			threshold: 0.5,
			layers: [
				{ type: "dense", units: 14 },
				{ type: "readout", classes: 3, leak: 0.9 },
			],
		} as const;
		const hashes = new Set<string>();
		for (const open of [
			() => importTorch(pathTo("sequential.pth"), { spec }),
			() => importTorch(new Uint8Array(readFileSync(pathTo("sequential.pth"))), { spec }),
			() => importTorch(pathTo("legacy.pth"), { spec }),
			() => importTorch(pathTo("parallel.pth"), { spec, key: "net" }),
			() => importSafetensors(pathTo("sequential.safetensors"), { spec }),
		]) {
			const imported = await open();
			hashes.add(imported.network.weightsHash());
			const state = stateOf("sequential.pth");
			const outcome = compare(imported, () => [plain(state, "0", 0.8, 0.5), readout(state, "2", 0.9)], 0.4);
			follows(t, imported.report.format, outcome);
			for (const { layer, largest, clipped } of imported.report.layers) {
				t.equal(clipped, 0, layer);
				t.ok(largest > 0 && largest <= 2 ** -14, `${layer}: rounded by ${largest}`);
			}
			t.notOk("bias" in imported.network.spec.readout && imported.network.spec.readout.bias);
		}
		t.equal(hashes.size, 1);
	},
);

t.test("what neither the file nor the spec says is asked for", async (t) => {
	const plainFile = pathTo("sequential.pth");
	for (const [spec, option, message] of [
		[BARE, "spec.layers[0].leak", /a number from 0 to 1: the file does not say it/],
		[{ ...BARE, leak: 0.5 }, "spec.layers[0].threshold", /0\.5 to 64: the file does not say it/],
		[{ ...BARE, leak: 0.5, threshold: 1 }, "spec.layers[1].leak", /the file does not say it/],
		[
			{
				leak: 0.5,
				threshold: 1,
				layers: [
					{ type: "dense", units: 14 },
					{ type: "readout", classes: 3, leak: 0 },
				],
			},
			"stepUs",
			/an integer/,
		],
	] as const) {
		// @ts-expect-error: the last has no stepUs
		await t.rejects(importTorch(plainFile, { spec }), { name: "OptionError", option, message });
	}
	const layers = CONV("max").layers;
	await t.rejects(importTorch(pathTo("conv.pth.tar"), { spec: BARE }), {
		name: "OptionError",
		option: "spec.layers",
		message: /conv1\.weight is of 4 x 2 x 3 x 3, and files say no strides/,
	});
	await t.rejects(importTorch(pathTo("conv.pth.tar"), { spec: { ...BARE, layers } }), {
		name: "OptionError",
		option: "spec.input",
		message: /the sensor: conv1\.weight/,
	});
	// @ts-expect-error: no spec
	await t.rejects(importTorch(plainFile, {}), { name: "OptionError", option: "spec" });
	await t.rejects(importSafetensors(pathTo("sequential.safetensors")), {
		name: "OptionError",
		option: "spec",
		message: /spec: undefined is not allowed/,
	});
	// @ts-expect-error: an option that there is not
	await t.rejects(importTorch(plainFile, { spec: BARE, nonsense: 1 }), {
		name: "OptionError",
		option: "options.nonsense",
	});
	// @ts-expect-error: no array
	await t.rejects(importTorch(plainFile, { spec: BARE, ignore: "x" }), { name: "OptionError", option: "ignore" });
	await t.rejects(importTorch(plainFile, { spec: BARE, ignore: ["9.bias"] }), {
		name: "OptionError",
		option: "ignore",
	});
});

t.test("what does not fit is refused by the tensor's name, with the shapes found and expected", async (t) => {
	const hidden = { type: "dense", units: 14, leak: 0.5, threshold: 1 } as const;
	const last = { type: "readout", classes: 3, leak: 0 } as const;
	for (const [layers, message] of [
		[
			[{ ...hidden, units: 13 }, last],
			/sequential\.pth: byte \d+: 0\.weight of 14 x 18; allowed: 13 x 18, as layers\[0\] \(dense\) has/,
		],
		[[hidden, { ...last, classes: 4 }], /2\.weight of 3 x 14; allowed: 4 x 14, as layers\[1\] \(readout\)/],
		[[hidden, hidden, last], /2 modules with weights \(0, 2\); allowed: 3, as spec\.layers has \(0, 1, 2\)/],
		[[last], /2 modules with weights \(0, 2\); allowed: 1/],
		[[{ ...hidden, type: "recurrent" }, last], /0\.weight of 14 x 18; allowed: weight_rec beside it/],
	] as const) {
		await t.rejects(importTorch(pathTo("sequential.pth"), { spec: { ...BARE, layers } }), {
			name: "FormatError",
			message,
		});
	}
	await t.rejects(
		importTorch(pathTo("sequential.pth"), { spec: { ...BARE, input: { width: 19 }, layers: [hidden, last] } }),
		{
			message: /0\.weight of 14 x 18; allowed: 14 x 19/,
		},
	);
	await t.rejects(
		importTorch(pathTo("recurrent.pth.tar"), {
			spec: {
				...BARE,
				layers: [
					{ type: "dense", units: 10 },
					{ type: "readout", classes: 5 },
				],
			},
		}),
		{
			message: /linear1\.weight_rec of 10 x 10; allowed: none: layers\[0\] is dense/,
		},
	);
	await t.rejects(importTorch(pathTo("nan.pth"), { spec: { ...BARE, layers: [hidden, last] } }), {
		name: "FormatError",
		message: /0\.weight holds NaN \(its element 41\); allowed: finite numbers/,
	});
	await t.rejects(importSafetensors(pathTo("infinite.safetensors"), { spec: { ...BARE, layers: [hidden, last] } }), {
		name: "FormatError",
		message: /0\.weight holds -Infinity \(its element 41\)/,
	});
	const one = (name: string, shape: number[]) => ({
		name,
		shape,
		values: new Float64Array(shape.reduce((a, b) => a * b, 1)).fill(0.1),
	});
	const weights = [one("a.weight", [4, 6]), one("b.weight", [2, 4])];
	const spec = {
		...BARE,
		leak: 0.5,
		threshold: 1,
		layers: [
			{ type: "dense", units: 4 },
			{ type: "readout", classes: 2, leak: 0 },
		],
	} as const;
	for (const [tensors, message] of [
		[[one("a.running_mean", [4])], /a\.running_mean \(4\); allowed: .*; fold batch normalisation/],
		[[one("a.beta", [])], /a\.beta \(a single number\); allowed: tensors called weight.*or name it in ignore/],
		[[one("a.bias", [5])], /a\.bias of 5; allowed: 4, beside a\.weight of 4 x 6/],
		[[one("a.leak", [])], /a\.leak without the others; allowed: all of a\.gain, a\.leak, a\.threshold, a\.factors/],
		[[one("c.bias", [4])], /c\.bias without a weight; allowed: c\.weight beside it/],
		[[one("a.weight_rec", [4, 5])], /a\.weight_rec of 4 x 5; allowed: 4 x 4/],
		[[one("a.gain", [4]), one("a.weight_rec", [4, 4])], /a: a gain of one of two weights/],
		[[one("b.gain", [2])], /b\.gain; allowed: a readout whose weights are not standardised/],
		[[one("c.weight", [4])], /c\.weight of 4; allowed: 2 dimensions/],
	] as const) {
		await t.rejects(importSafetensors(writeSafetensors([...weights, ...tensors]), { spec }), {
			name: "FormatError",
			message,
		});
	}
	const ignored = await importSafetensors(writeSafetensors([...weights, one("a.beta", [])]), {
		spec,
		ignore: ["a.beta"],
	});
	t.strictSame(ignored.report.leftOut, [{ tensor: "a.beta", reason: "ignored, as asked" }]);
});

t.test("layers are taken by name where all have a module's; what a layer says counts more than the file", async (t) => {
	const layers = [
		{ type: "dense", units: 16, name: "linear1", leak: 0.25, rule: { alphaPost: 0 } },
		{ type: "dense", units: 12, name: "linear2" },
		{ type: "readout", classes: 4, name: "last_layer" },
	] as const;
	const { network, report } = await importTorch(pathTo("dense.pth.tar"), { spec: { ...BARE, leak: 0.125, layers } });
	t.match(network.spec.layers[0], { leak: 0.25, rule: { alphaPost: 0, lambdaPre: 0.75 } });
	t.match(network.spec.layers[1], { leak: 1 / (1 + Math.exp(-1)) }, "the file's, not that for all layers");
	const from = (option: string) =>
		report.layers.flatMap(({ choices }) => choices).find((choice) => choice.option === option)?.from;
	t.equal(from("layers[0].leak"), "layer");
	t.equal(from("layers[0].rule.alphaPost"), "layer");
	t.equal(from("layers[0].rule.alphaPre"), "file");
	t.equal(from("layers[0].reset"), "default");
	t.equal(from("layers[1].leak"), "file");
	t.equal(from("layers[2].traceDecay"), "file");
});

t.test("a bias that is not to be learned is the file's all the same, and stays in what we write", async (t) => {
	const layers = [
		{ type: "dense", units: 16, bias: false },
		{ type: "dense", units: 12, bias: false },
		{ type: "readout", classes: 4, bias: false },
	] as const;
	const imported = await importTorch(pathTo("dense.pth.tar"), { spec: { ...BARE, layers } });
	const state = stateOf("dense.pth.tar");
	follows(
		t,
		"unlearned biases",
		compare(imported, () => [linear(state, "linear1"), linear(state, "linear2"), readout(state, "last_layer")], 0.3),
	);
	const { network } = await importSafetensors(exportSafetensors(imported.network));
	t.equal(network.weightsHash(), imported.network.weightsHash());
	t.strictSame(network.spec, imported.network.spec);
});
