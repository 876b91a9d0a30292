// What a network costs: against the core where it tells, against counts by hand where not; and the command that prints it.
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
	type CostOptions,
	costs,
	events,
	Network,
	type NetworkName,
	type NetworkSize,
	type NetworkSpec,
	named,
} from "stllr";
import t from "tap";

const program = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));

function inspect(...args: string[]) {
	const command = ["-u", "NODE_OPTIONS", process.execPath, program, "inspect", ...args];
	const { status, stdout, stderr } = spawnSync("env", command, { encoding: "utf8" });
	return { status, stdout, stderr };
}

const DENSE: NetworkSpec = {
	input: { width: 20, height: 20, polarities: 2 },
	stepUs: 1000,
	layers: [
		{ type: "dense", units: 40 },
		{ type: "readout", classes: 6 },
	],
};
const CONV: NetworkSpec = {
	input: { width: 12, height: 10, polarities: 2 },
	stepUs: 1000,
	layers: [
		{ type: "conv", filters: 8, kernel: 3, padding: 1, bias: true },
		{ type: "pool", kind: "average", kernel: 2 },
		{ type: "conv", filters: 6, kernel: [3, 2], groups: 2, standardize: true },
		{ type: "readout", classes: 3 },
	],
};

/** Hidden layers of every kind, for the sensor of 20 x 20. */
const MAPS: NetworkSpec["layers"] = [
	{ type: "conv", filters: 9, kernel: 3, padding: 1, name: "first" },
	{ type: "conv", filters: 9, kernel: 3, padding: 1, bias: true, psi: "sigmoid" },
	{ type: "add", with: "first" },
	{ type: "pool", kind: "average", kernel: 2, name: "half" },
	{ type: "conv", filters: 6, kernel: [3, 2], groups: 3, stride: 2, standardize: true, rule: { alphaPost: -1 } },
	{ type: "pool", kind: "max", kernel: 2 },
	{ type: "upsample", factor: 5 },
	{ type: "concat", with: "half" },
	{ type: "dropout", rate: 0.2 },
	{ type: "flatten" },
	{ type: "dense", units: 13, standardize: true },
];
const HIDDEN: Record<string, NetworkSpec["layers"]> = {
	none: [],
	dense: [{ type: "dense", units: 37 }],
	recurrent: [{ type: "recurrent", units: 16, bias: true, standardize: true }],
	deep: [
		{ type: "dense", units: 21 },
		{ type: "recurrent", units: 9 },
		{ type: "dense", units: 64, psi: "exp" },
	],
	maps: MAPS,
};

t.test("bytes: sums by part are those of the network", async (t) => {
	const same = async (spec: NetworkSpec, what: string) => {
		const { staging: _, input, total, ...parts } = await Network.memory(spec);
		const { total: ours, inputBytes, layers } = await costs(spec);
		const { total: sum, states, ...found } = ours.bytes;
		t.strictSame({ ...found, input: inputBytes, total: sum }, { ...parts, input, total }, what);
		t.equal(states, parts.membranes + parts.traces + parts.block + input);
		t.equal(layers.length, spec.layers.length);
		for (const { type, bytes } of layers) t.equal(bytes.total > 0, type !== "flatten", `${what}: ${type}`);
	};
	for (const [index, change] of [
		{},
		{ mode: "sequence", optimizer: { type: "momentum" } },
		{ mode: "online", psi: "exp", loss: "mean-square" },
		{ blockSteps: 5, rule: { alphaPost: -1 }, signal: "dfa", optimizer: { type: "rprop" } },
		{ blockSteps: 1, psi: "sigmoid", mode: "sequence", signal: "local", optimizer: { type: "adam" } },
		{ signal: "drtp", loss: "binary-cross-entropy", optimizer: { type: "rmsprop", weightDecay: 2 ** -10 } },
		{ weights: 8 },
		{ weights: 8, mode: "sequence", optimizer: { type: "adam" } },
	].entries()) {
		for (const [name, hidden] of Object.entries(HIDDEN)) {
			const layers = [...hidden, { type: "readout", classes: 3 + index }];
			await same({ ...DENSE, ...change, layers } as NetworkSpec, `${name}, ${JSON.stringify(change)}`);
		}
	}
	await same({ ...named("vgg", { size: "small" }), optimizer: { type: "adam" } }, "small vgg");
});

t.test("bytes: each layer has its own", async (t) => {
	const readout = { type: "readout", classes: 6 } as const;
	const bytesOf = async (layers: NetworkSpec["layers"], more: Partial<NetworkSpec> = {}) => {
		const costly = await costs({ ...DENSE, ...more, layers: [...layers, readout] });
		return costly.layers.map(({ bytes }) => bytes);
	};
	const dense = (units: number) => ({ type: "dense", units }) as const;
	const [first, second, last] = await bytesOf([dense(40), dense(24)]);
	// 800 inputs, then 40: 16 bits a weight; a bias of 32 bits, with a cache line for each array.
	t.equal(first?.weights, 2 * 800 * 40 + 64 + (4 * 40 + 64));
	// The readout's weights the other way, too.
	t.equal(second?.weights, 2 * 40 * 24 + 64 + (4 * 24 + 64) + (2 * 6 * 24 + 64));
	t.equal(last?.weights, 4 * (24 + 1) * 8 + 64, "six classes in two times four lanes");
	t.same([first?.gradients, first?.optimizer], [0, 0]);
	const [learned] = await bytesOf([dense(40)], { optimizer: { type: "adam" } });
	t.ok((learned?.optimizer ?? 0) >= 8 * 800 * 40 && (learned?.gradients ?? 0) >= 4 * 800 * 40);
	// What is flattened is left out of the words, and what follows is still told of its own layer.
	const conv = { type: "conv", filters: 8, kernel: 3 } as const;
	const [plain, plainDense, plainReadout] = await bytesOf([conv, dense(24)]);
	const flat = await bytesOf([conv, { type: "flatten" }, dense(24)]);
	t.same([flat[0], flat[2], flat[3]], [plain, plainDense, plainReadout]);
	t.equal(flat[1]?.total, 0);
	t.ok(Object.values(flat[0] ?? {}).some((bytes) => bytes > 0));
});

t.test("operations: what the core's meter counts", async (t) => {
	const steps = 960;
	const layers: NetworkSpec["layers"] = [
		{ type: "recurrent", units: 40 },
		{ type: "readout", classes: 6 },
	];
	const network = await Network.create({ ...DENSE, steps, layers });
	// 60 of 800 inputs a step, every one of them in turn.
	const all = Array.from({ length: 60 * steps }, (_, index) => (index * 7919) % 800);
	network.learn(
		events({
			t: all.map((_, index) => 1000 * Math.floor(index / 60)),
			x: all.map((at) => at % 20),
			y: all.map((at) => Math.floor(at / 20) % 20),
			p: all.map((at) => Math.floor(at / 400)),
		}),
		2,
	);
	const { inputSpikes, hiddenSpikes, synapticOperations, updateOperations } = network.meter();
	t.equal(inputSpikes, 60 * steps);
	t.ok(hiddenSpikes > steps);
	const rates = { inputRate: inputSpikes / steps / 800, hiddenRate: hiddenSpikes / steps / 40 };
	const { operations } = (await costs({ ...DENSE, layers }, { steps, ...rates })).total;
	// The spikes of the last step reach their own layer no more.
	const missed = steps * operations.synaptic - synapticOperations;
	t.ok(missed >= 0 && missed <= 40 * 40, `${missed} missed`);
	const [signal, sweep] = [6 * 40, 40 + 6];
	const updates = steps * (operations.learning - signal - sweep);
	t.ok(Math.abs(updates / updateOperations - 1) < 0.03, `${updates} updates, counted ${updateOperations}`);
	network.close();
});

t.test("convolutions: parameters, products and additions by hand", async (t) => {
	const { layers, total } = await costs(CONV, { steps: 10, inputRate: 0.1, hiddenRate: 0.2 });
	const [first, pool, second, readout] = layers;
	t.match(first, { name: "conv 1", parameters: 8 * 2 * 9 + 8, shape: { channels: 8, height: 10, width: 12 } });
	t.equal(first?.operations.macs, 8 * 120 * 18);
	t.ok(Math.abs((first?.operations.synaptic ?? 0) - 0.1 * 8 * 120 * 18) < 1e-6);
	t.match(pool, { parameters: 0, operations: { macs: 0, synaptic: 0, learning: 0 } });
	// 5 x 6 pooled to, 3 x 5 left by a kernel of 3 x 2; four of the eight channels a filter; a gain each.
	t.match(second, { parameters: 6 * 4 * 6 + 6, shape: { channels: 6, height: 3, width: 5 } });
	const macs = 6 * 15 * 24;
	t.equal(second?.operations.macs, macs);
	t.ok(Math.abs((second?.operations.synaptic ?? 0) - 4 * 0.2 * macs) < 1e-6, "four neurons' spikes in each element");
	t.equal(readout?.operations.macs, 3 * 90);
	t.equal(total.parameters, 152 + 150 + 270);
	// All steps learn: forward, gradient, and below the first convolution no signal.
	const products = 8 * 120 * 18 + macs + 270;
	t.equal(total.recording.macs, 10 * (2 * products + macs + 270));
});

t.test("BPTT: a membrane and a bit for each neuron and step, and weights in 32 bits with a gradient", async (t) => {
	const of = async (steps: number, more: Partial<NetworkSpec> = {}) => {
		return (await costs({ ...DENSE, ...more }, { steps })).total.bptt;
	};
	const parameters = 40 * 800 + 6 * 40;
	const perStep = 4 * 40 + 40 / 8 + 4 * 6 + 800 / 8;
	const eight = await of(8);
	t.equal(eight.bytes, 8 * parameters + 12 * 46 + 8 * perStep);
	t.equal(eight.states, 12 * 46 + 8 * perStep);
	t.equal((await of(80)).bytes - eight.bytes, 72 * perStep, "grows with the steps");
	t.equal((await of(8, { optimizer: { type: "adam" } })).bytes - eight.bytes, 8 * parameters);
	t.equal((await of(10)).macs, 10 * (2 * parameters + 6 * 40 + 3 * 40 + 6));
	const ours = async (steps: number) => (await costs(DENSE, { steps })).total.bytes.total;
	t.equal(await ours(10), await ours(100_000), "the rule's memory does not");
	const last = await costs({ ...DENSE, window: { last: 5 } }, { steps: 100 });
	t.equal(last.learningSteps, 5);
	const { macs, synaptic, learning } = last.total.operations;
	t.ok(Math.abs(last.total.recording.operations - (100 * synaptic + 5 * learning)) < 1e-6);
	t.equal(last.total.recording.macs, 100 * macs + 5 * (macs + 6 * 40));
});

t.test("the docs' table is what costs tell", async (t) => {
	const docs = readFileSync(new URL("../docs/network.md", import.meta.url), "utf8");
	const rows = [
		...docs.matchAll(
			/^\| `([\w:]+)` +\| ([\d,]+) +\| ([\d,]+) +\| ([\d.]+) +\| ([\d.]+) +\| ([\d.]+) +\| ([\d.]+) +\|$/gm,
		),
	];
	t.equal(rows.length, 24);
	for (const [, network = "", steps = "", learning = "", ...ratios] of rows) {
		const [name, size = "paper"] = network.split(":");
		const spec = named(name as NetworkName, { size: size as NetworkSize });
		const { learningSteps, total } = await costs(spec, { steps: Number(steps.replace(",", "")) });
		const { bytes, recording, bptt } = total;
		const found = [
			bptt.bytes / bytes.total,
			bptt.states / bytes.states,
			bptt.operations / recording.operations,
			bptt.macs / recording.macs,
		];
		t.equal(learningSteps, Number(learning.replace(",", "")));
		t.strictSame(
			ratios,
			found.map((ratio) => ratio.toFixed(ratio < 10 ? 2 : 1)),
			`${network}, ${steps} steps`,
		);
	}
	const [, printed] = /stllr inspect vgg:small\n((?: {4}.*\n|\n)+)/.exec(
		readFileSync(new URL("../docs/cli.md", import.meta.url), "utf8"),
	) as RegExpExecArray;
	t.equal(printed?.replace(/^ {4}/gm, "").trimEnd(), inspect("vgg:small").stdout.trimEnd());
});

t.test("refused: options of costs, and specs", async (t) => {
	const refused = (option: string, message: RegExp, more: Partial<NetworkSpec>, options: CostOptions = {}) =>
		t.rejects(costs({ ...DENSE, ...more }, options), { name: "OptionError", option, message });
	await refused("steps", /is not allowed/, {}, { steps: 0 });
	await refused("inputRate", /is not allowed/, {}, { inputRate: 2 });
	await refused("stepUs", /is not allowed/, { stepUs: 0 });
	const huge = Array.from({ length: 2 }, () => ({ type: "dense", units: 65_536 }) as const);
	await t.rejects(costs({ ...DENSE, layers: [...huge, ...DENSE.layers.slice(1)] }), {
		code: "option",
		message:
			/^layers\[1\]: "a network of \d+ MiB, of which this layer takes most" is not allowed; allowed: at most 2048 MiB in all \(what can be addressed\)$/,
	});
});

t.test("inspect: a table of a named network, of a spec and of a recipe", async (t) => {
	const { status, stdout, stderr } = inspect("vgg");
	t.same([status, stderr], [0, ""]);
	t.match(
		stdout,
		/^vgg: bytes, and operations of a step in which 5\.0 % of inputs and neurons spike\n\nlayer +shape +parameters +bytes/,
	);
	t.match(stdout, /\nconv 1 +64x32x32 +1 280 +[\d ]+ /);
	t.match(stdout, /\npool 3 +128x16x16 /);
	t.match(stdout, /\nall +9 228 299 /);
	t.match(stdout, /\n +10 +5 +.* x\n +100 +5 +.* x\n1 000 +5 +.* x\n$/);
	t.ok(Math.max(...stdout.split("\n").map(({ length }) => length)) <= 88, "no line is too long");
	t.match(inspect("vgg:small").stdout, /\nconv 2 +32x6x6 +12 800 /);

	const folder = t.testdir({ "spec.json": JSON.stringify(CONV) });
	const file = join(folder, "spec.json");
	t.match(inspect(file, "--steps", "50").stdout, /\nconv 3 +6x3x5 +150 (.|\n)*\n +50 +50 /);
	const recipe = join(folder, "run.json");
	writeFileSync(recipe, JSON.stringify({ stllrRecipe: 1, spec: DENSE }));
	t.match(inspect(recipe).stdout, /\ndense 1 +40 +32 000 /);
	const wide = [{ type: "conv", filters: 128, kernel: 3 }, CONV.layers[3]];
	writeFileSync(file, JSON.stringify({ ...CONV, memoryLimitMiB: 1, layers: wide }));
	t.match(inspect(file).stdout, /\nmore than the 1 048 576 bytes of its memoryLimitMiB\n/);
});

t.test("inspect --json: the same in one line", async (t) => {
	const file = join(t.testdir({ "spec.json": JSON.stringify(CONV) }), "spec.json");
	const { status, stdout, stderr } = inspect(file, "--json", "--quiet", "--steps", "20", "--rate", "0.1");
	t.same([status, stderr, stdout.split("\n").length], [0, "", 2]);
	const found = JSON.parse(stdout);
	const { layers, total } = await costs(CONV, { steps: 20, inputRate: 0.1, hiddenRate: 0.1 });
	t.match(found, { network: file, steps: 20, learningSteps: 20, inputRate: 0.1, layers, total });
	t.same(
		found.over.map(({ steps }: { steps: number }) => steps),
		[10, 20, 100, 1000],
	);
	t.equal(found.over[1].bytesRatio, total.bptt.bytes / total.bytes.total);
	t.match(inspect(file, "--json").stderr, /\nlayer +shape/, "with --json, people read stderr");
});

t.test("inspect: a mistake is one line on stderr, nothing on stdout, and exit code 1 or 2", async (t) => {
	const folder = t.testdir({
		"broken.json": "{",
		"list.json": "[1]",
		"wrong.json": JSON.stringify({
			...CONV,
			layers: [{ type: "conv", filters: 2, kernel: 11, name: "c" }, CONV.layers[3]],
		}),
	});
	const mistakes: [string[], number, RegExp][] = [
		[[], 2, /^stllr: inspect needs a SPEC\.json or a NAME: vgg, resnet/],
		[["vgg", "resnet"], 2, /^stllr: inspect takes one network; what is "resnet"\?$/],
		[["vgg:large"], 2, /^stllr: vgg:large: "large" is not allowed; allowed: small or paper$/],
		[["vgg:small:x"], 2, /^stllr: vgg:small:x: "small:x" is not allowed/],
		[["vgg", "--steps", "0"], 2, /^stllr: --steps: 0 is not allowed; allowed: an integer from 1/],
		[["vgg", "--rate", "2"], 2, /^stllr: --rate: 2 is not allowed; allowed: a number from 0 to 1$/],
		[["vgg19"], 1, /^stllr: vgg19: there is no such file, nor a network of that name \(vgg, resnet/],
		[[join(folder, "broken.json")], 1, /broken\.json: cannot be read as a spec: /],
		[
			[join(folder, "list.json")],
			1,
			/list\.json: spec: an array is not allowed; allowed: an object with input, stepUs/,
		],
		[
			[join(folder, "wrong.json")],
			1,
			/wrong\.json: layers\[0\] "c"\.kernel: 11 is not allowed; allowed: at most the padded input, 10 x 12$/,
		],
	];
	for (const [args, exit, message] of mistakes) {
		const { status, stdout, stderr } = inspect(...args);
		t.same([status, stdout], [exit, ""], args.join(" "));
		t.match(stderr.trimEnd(), message);
		t.equal(stderr.trimEnd().split("\n").length, 1, stderr);
	}
});
