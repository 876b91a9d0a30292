// NIR: real files of other programs, what their simulators made of them, and what is written back.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { events, FormatError, Network, type NetworkSpec, OptionError } from "stllr";
import { openLabelled } from "stllr/datasets";
import { exportNir, importNir, type NirOptions } from "stllr/exchange";
import t from "tap";
import { writeHdf5 } from "../dist/events/hdf5/library.js";
import { type Written, type WrittenNode, writeGraph } from "../dist/exchange/nir/write.js";
import { load } from "../dist/network/checkpoint.js";
import { openArchive, textOf } from "./learn/data/files.js";

const shared = fileURLToPath(new URL("../../shared/data", import.meta.url));
const skip = existsSync(shared) ? false : "needs ../shared/data, which is not there";
const real = (name: string) => join(shared, "nir", `${name}.nir`);

const numbers = (shape: readonly number[], ...values: number[]): Written => {
	const count = shape.reduce((product, length) => product * length, 1);
	return { shape, values: Float64Array.from({ length: count }, (_, k) => values[k % values.length] ?? 0) };
};
const whole = (...integers: number[]): Written => ({ integers });
const input = (...shape: number[]): WrittenNode => ({ type: "Input", fields: { shape: whole(...shape) } });
const output = (...shape: number[]): WrittenNode => ({ type: "Output", fields: { shape: whole(...shape) } });
const linear = (rows: number, columns: number, ...values: number[]): WrittenNode => {
	return { type: "Linear", fields: { weight: numbers([rows, columns], ...values) } };
};
const lif = (count: number, fields: Record<string, Written> = {}): WrittenNode => {
	const one = (value: number) => numbers([count], value);
	return { type: "LIF", fields: { tau: one(0.002), r: one(2), v_leak: one(0), v_threshold: one(1), ...fields } };
};

/** The bytes of a file of these nodes, each leading to the next where no edges are given. */
function nir(nodes: Record<string, WrittenNode>, edges?: [string, string][]): Promise<Uint8Array> {
	const names = Object.keys(nodes);
	const chain = names.slice(1).map((name, index): [string, string] => [names[index] ?? "", name]);
	return writeGraph(new Map(Object.entries(nodes)), edges ?? chain, {}, undefined);
}

/** Spikes of inputs in a row: (step, input). */
function spikes(...at: (readonly [step: number, x: number])[]) {
	const times = at.map(([step]) => 1000 * step);
	return events({ t: times, x: at.map(([, x]) => x), y: at.map(() => 0), p: at.map(() => 0) });
}

t.test("cnn_sinabs.nir reads N-MNIST as its simulator does: 98 of 100", { skip }, async (t) => {
	const { network, report } = await importNir(real("cnn_sinabs"), { reset: "subtract" });
	const set = await openLabelled(join(shared, "nmnist-small/nmnist-small.zip"));
	const right = set.test.filter((one) => network.classify(one.events).label === one.label).length;
	t.equal(set.test.length, 100);
	t.ok(right >= 98, `${right} of 100`);
	t.same(
		report.layers.map(({ layer }) => layer),
		["1", "3", "6", "10", "12", "readout"],
	);
	for (const { rounding } of report.layers) {
		t.equal(rounding?.clipped, 0);
		t.ok((rounding?.largest ?? 1) <= (rounding?.step ?? 0) / 2, "rounded to nearest");
	}
	t.match(report.lines.join("\n"), /score is the number of spikes/);
	const [one] = set.train;
	const before = network.weightsHash();
	if (one !== undefined) network.learn(one.events, one.label);
	t.not(network.weightsHash(), before, "it learns on");
	const readout = network.parameters().at(-1);
	t.ok(
		readout?.weights.every((w, k) => w === (k % 11 === 0 ? 1 : 0)),
		"what counts spikes stays",
	);
});

/** What another simulator did with `lif_norse.nir`. Voltages times `scale` are in the file's units. */
interface Trace extends NirOptions {
	/** How many steps later than ours its voltages and its spikes come. */
	readonly lag?: number;
	readonly spikeLag?: number;
	readonly scale?: number;
	readonly r?: number;
	/** Its own roundings in V. */
	readonly own?: number;
	/** How far apart a spike puts the two, in V: it decays with the membrane. */
	readonly apart?: number;
	/** Does it show something else than the membrane in the step of a spike? */
	readonly hidesSpikes?: boolean;
}

const FLOAT = 1e-6;
const DT = 0.04;
const FIXED: Trace = {
	lag: 1,
	spikeLag: 1,
	scale: 1 / 16_000,
	hidesSpikes: true,
	// It keeps 3933/4096 of a membrane, and rounds down by up to 1/16000.
	own: (Math.abs(3933 / 4096 - 0.96) * 0.1 + 1 / 16_000) / DT,
};
const TRACES: Readonly<Record<string, Trace>> = {
	// It resets within the step, and gathers what is left of that step's input.
	exact: { method: "exact", apart: 1 - Math.exp(-DT) },
	nengo: { method: "exact", scale: 0.1 },
	norse: {},
	snntorch: { scale: DT },
	// Its input is 0.999804 for 1.
	spinnaker2: { scale: DT, own: 0.1 * 2e-4 },
	lava_cpu_float: { lag: 1, spikeLag: 1 },
	lava_cpu_fixed: FIXED,
	lava_loihi_fixed: FIXED,
	// Both keep exp(-dt / tau), and multiply the input by dt / tau.
	sinabs: { method: "exact", reset: "subtract", r: DT / (1 - Math.exp(-DT)) },
	rockpool: { method: "exact", reset: "subtract", r: DT / (1 - Math.exp(-DT)) },
	// It subtracts the threshold a step later, when its own leak would have made less of it.
	spyx: { reset: "subtract", spikeLag: 1, apart: (0.1 * DT) / (1 - DT), hidesSpikes: true },
};

t.test("lif_norse.nir follows the exact solution and ten simulators and chips", { skip }, async (t) => {
	const runs = new Map<string, Promise<Awaited<ReturnType<typeof traceOf>>>>();
	const zip = await openArchive(join(shared, "nir/lif-traces.zip"));
	for (const [name, trace] of Object.entries(TRACES)) {
		const { lag = 0, spikeLag = 0, scale = 1, r, own = 0, apart = 0, hidesSpikes = false, ...options } = trace;
		const lines = textOf(zip, `lif_${name}.csv`).trim().split("\n");
		const rows = lines.map((line) => line.split(",").map(Number));
		const fields = { tau: numbers([1], 0.0025), v_threshold: numbers([1], 0.1), r: numbers([1], r ?? 1) };
		const changed =
			r === undefined
				? real("lif_norse")
				: await nir({ i: input(1), w: linear(1, 1, 1), n: lif(1, fields), o: output(1) });
		const { network, report } = await importNir(changed, { stepUs: 100, ...options });
		const [layer] = report.layers;
		if (layer === undefined) throw new Error("no layer");
		const { leak, rounding } = layer;
		// Each step adds what the leak, the weight and the membrane (2^-21 apart) are rounded by; the membrane keeps `leak` of that. 1 is the threshold.
		const rounded = Math.abs(leak.held - leak.wanted) + (rounding?.largest ?? 0) + 2 ** -22;
		const bound = (0.1 * rounded) / (1 - leak.wanted) + own + FLOAT;
		const key = JSON.stringify([options, r]);
		const at = rows.flatMap(([x = 0], step) => (x > 0 ? [step] : []));
		// All of them were given the same input.
		const run = runs.get(key) ?? traceOf(network, at, rows.length);
		runs.set(key, run);
		const { fired, membranes } = await run;
		const theirs = rows.flatMap((row, step) => (row[2] ? [step - spikeLag] : []));
		t.same(fired, theirs, `${name}: spikes at ${theirs.join(", ")}`);
		let [worst, allowed] = [0, 0];
		let excess = 0;
		let since = 0;
		for (let step = 0; step + lag < rows.length; step += 1) {
			const isSpike = fired.includes(step);
			since = since * leak.wanted + (isSpike ? apart : 0);
			if (isSpike && hidesSpikes) continue;
			const distance = Math.abs(scale * (rows[step + lag]?.[1] ?? 0) - 0.1 * (membranes[step] ?? 0));
			excess = Math.max(excess, distance - bound - since);
			if (distance > worst) [worst, allowed] = [distance, bound + since];
		}
		t.equal(
			excess,
			0,
			`${name}: at most ${worst.toExponential(2)} V apart, where ${allowed.toExponential(2)} are allowed`,
		);
		t.ok(bound < 0.01, `${name}: a bound of a tenth of the threshold or less: ${bound.toExponential(2)} V`);
	}
});

/** Spikes and membranes (over the threshold) of one neuron, step by step. */
async function traceOf(network: Network, at: readonly number[], steps: number) {
	const fired: number[] = [];
	const membranes: number[] = [];
	const { threshold } = network.spec.layers[0] as { threshold: number };
	const { weightRange } = network.spec.layers[0] as { weightRange: number };
	for (let until = 1; until <= steps; until += 1) {
		const before = at.filter((step) => step < until);
		const times = before.map((step) => 100 * step);
		const zeros = before.map(() => 0);
		const seen = events({ t: times, x: zeros, y: zeros, p: zeros });
		const { estimates } = network.estimate(seen, { startUs: 0, windows: [{ fromStep: until - 1, untilStep: until }] });
		if (estimates[0]?.values[0] === 1) fired.push(until - 1);
		const { arrays } = await load(await network.save());
		const membrane = arrays.find(({ layer, part }) => layer === 1 && part === "membrane");
		const view = membrane && new DataView(membrane.bytes.buffer, membrane.bytes.byteOffset);
		membranes.push(((view?.getInt32(0, true) ?? 0) * weightRange * 2 ** -21) / threshold);
	}
	return { fired, membranes };
}

t.test("all six real files load, or are refused for a reason", { skip }, async (t) => {
	for (const name of ["cnn_sinabs", "lif_norse", "lif_rockpool", "snntorch_lif"]) {
		const { network } = await importNir(real(name), { stepUs: 100 });
		t.ok(network.parameters().length > 1, name);
		network.close();
	}
	for (const name of ["braille_noDelay_bias_zero", "norse_braille"]) {
		const refused = importNir(real(name), { stepUs: 100 });
		await t.rejects(refused, FormatError);
		await t.rejects(refused, /lif1\.lif" \(CubaLIF\): a current that lasts .*keeps 0\.55.*allowed: .*LIF/, name);
	}
});

t.test("by Euler's method and exactly: leak, gain, bias, reset, per neuron", async (t) => {
	const fields = {
		tau: numbers([2], 0.004),
		r: numbers([2], 4, 8),
		v_leak: numbers([2], 0.5),
		v_threshold: numbers([2], 1.5, 2.5),
		v_reset: numbers([2], 0.5),
	};
	const bytes = await nir({ input: input(1), w: linear(2, 1, 0.5, 0.25), n: lif(2, fields), output: output(2) });
	const euler = await importNir(bytes);
	const [layer] = euler.report.layers;
	t.same(layer?.leak, { wanted: 0.75, held: 0.75 });
	t.same([layer?.threshold, layer?.nodes, layer?.recurrentDelaySteps], [1, ["w", "n"], 0]);
	// r dt / tau over the threshold less v_reset: 1 / 1, and 2 / 2.
	t.same([...(euler.network.parameters()[0]?.weights ?? [])], [0.5, 0.25]);
	t.same([...(euler.network.parameters()[0]?.bias ?? [])], [0, 0], "v_leak is v_reset");
	const exact = await importNir(bytes, { method: "exact" });
	const share = 1 - Math.exp(-0.25);
	t.ok(Math.abs((exact.network.parameters()[0]?.weights[0] ?? 0) - 0.5 * 4 * share) < 2 ** -13);
	t.ok(Math.abs((exact.report.layers[0]?.leak.held ?? 0) - Math.exp(-0.25)) <= 2 ** -16);
	const rest = await nir({
		input: input(1),
		w: linear(2, 1, 0.5),
		n: lif(2, { v_leak: numbers([2], 0.5), v_reset: numbers([2], -0.5), v_threshold: numbers([2], 0.5) }),
		output: output(2),
	});
	t.same(
		[...((await importNir(rest)).network.parameters()[0]?.bias ?? [])],
		[0.5, 0.5],
		"half of v_leak - v_reset a step",
	);
});

t.test("scores are spike counts; several spikes of one neuron add up, and resets differ", async (t) => {
	const bytes = await nir({
		input: input(2),
		w: linear(2, 2, 0.75, 0, 0, 2.5),
		n: { type: "IF", fields: { r: numbers([2], 1), v_threshold: numbers([2], 1) } },
		output: output(2),
	});
	const seen = spikes([0, 0], [0, 1], [1, 0], [2, 0], [3, 0], [3, 1]);
	const zero = (await importNir(bytes)).network.classify(seen);
	t.same([...zero.scores], [2, 2], "0.75 1.5 | 0.75 1.5, set to 0");
	const subtract = (await importNir(bytes, { reset: "subtract" })).network.classify(seen);
	t.same([...subtract.scores], [2, 3], "0.75 1.5-1 1.25-1 1 | 2.5-1 1.5-1 0.5 3-1");
});

t.test("recurrence: by weights, by itself, and within a graph; its spikes come a step later", async (t) => {
	const nodes = {
		input: input(1),
		w: linear(2, 1, 1.5, 0),
		n: lif(2),
		back: linear(2, 2, 0, 0, 1.5, 0),
		output: output(2),
	};
	const edges: [string, string][] = [
		["back", "n"],
		["input", "w"],
		["n", "output"],
		["w", "n"],
		["n", "back"],
	];
	const { network, report } = await importNir(await nir(nodes, edges));
	t.same(report.layers[0]?.recurrentDelaySteps, 1);
	t.same(report.layers[0]?.nodes, ["w", "back", "n"]);
	t.equal(network.spec.layers[0]?.type, "recurrent");
	// The first neuron's spike makes the second fire a step later.
	t.same([...network.classify(spikes([0, 0], [1, 0], [2, 0])).scores], [3, 2]);
	await t.rejects(importNir(await nir(nodes, [...edges, ["n", "n"]])), /"n" \(LIF\): two recurrences; allowed: one/);
	const inner = ["i", "w", "n", "back", "o"];
	const nested = await writeHdf5((root) => {
		const graph = root.create_group("node");
		const group = graph.create_group("nodes");
		const within = group.create_group("rnn");
		const put = (at: typeof graph, name: string, { type, fields }: WrittenNode) => {
			const node = at.create_group(name);
			node.create_dataset({ name: "type", data: type });
			for (const [key, field] of Object.entries(fields)) {
				if (typeof field === "string") continue;
				const data = "integers" in field ? BigInt64Array.from(field.integers.map(BigInt)) : field.values;
				node.create_dataset({ name: key, data, shape: "integers" in field ? [data.length] : [...field.shape] });
			}
		};
		for (const [at, list] of [
			[graph, ["input", "rnn", "rnn", "output"]],
			[within, ["i", "w", "w", "n", "n", "back", "back", "n", "n", "o"]],
		] as const) {
			at.create_dataset({ name: "type", data: "NIRGraph" });
			at.create_dataset({ name: "edges", data: [...list], shape: [list.length / 2, 2] });
		}
		const nodesWithin = within.create_group("nodes");
		const given = [input(1), nodes.w, nodes.n, nodes.back, output(2)];
		for (const [index, name] of inner.entries()) put(nodesWithin, name, given[index] ?? input(1));
		put(group, "input", input(1));
		put(group, "output", output(2));
	});
	const within = await importNir(nested);
	t.same(within.report.layers[0]?.nodes, ["rnn.w", "rnn.back", "rnn.n"]);
	t.same(within.network.parameters()[0]?.recurrent, network.parameters()[0]?.recurrent);
	const { back: _, ...others } = nodes;
	const own = await importNir(
		await nir(others, [
			["input", "w"],
			["w", "n"],
			["n", "n"],
			["n", "output"],
		]),
	);
	t.same([...(own.network.parameters()[0]?.recurrent ?? [])], [1, 0, 0, 1]);
});

t.test("scales, thresholds, pools, convolutions on maps, readouts that leak", async (t) => {
	const conv = (fields: Record<string, Written> = {}): WrittenNode => ({
		type: "Conv2d",
		fields: {
			input_shape: whole(4, 4),
			weight: numbers([2, 2, 3, 3], 0.5, 0.25, -0.5),
			bias: numbers([2], 0),
			stride: whole(1, 1),
			padding: "same",
			dilation: whole(1, 1),
			groups: { integers: [1], isScalar: true },
			...fields,
		},
	});
	const nodes = {
		input: input(2, 4, 4),
		scale: { type: "Scale", fields: { scale: numbers([2, 4, 4], ...Array(16).fill(2), ...Array(16).fill(0.5)) } },
		c: conv(),
		n: { type: "Threshold", fields: { threshold: numbers([2, 4, 4], 1) } },
		pool: { type: "AvgPool2d", fields: { kernel_size: whole(2, 2), stride: whole(2, 2), padding: whole(0, 0) } },
		flat: { type: "Flatten", fields: { start_dim: whole(0), end_dim: whole(-1), input_type: whole(2, 2, 2) } },
		w: { type: "Affine", fields: { weight: numbers([3, 8], 1, -1), bias: numbers([3], 0.125) } },
		li: { type: "LI", fields: { tau: numbers([3], 0.004), r: numbers([3], 4), v_leak: numbers([3], 0) } },
		output: output(3),
	};
	const { network, report } = await importNir(await nir(nodes), { classes: ["a", "b", "c"] });
	t.same(network.spec.readout.classes, ["a", "b", "c"]);
	t.equal(network.spec.readout.leak, 0.75);
	const [first, last] = network.parameters();
	t.same(
		[...(first?.weights.slice(0, 12) ?? [])].slice(8),
		[-1, 0.25, 0.125, -0.25],
		"the second channel counts a half",
	);
	t.same([...(last?.bias ?? [])], [0.125, 0.125, 0.125]);
	t.same(
		report.layers.map(({ nodes }) => nodes),
		[
			["scale", "c", "n"],
			["flat", "w", "li"],
		],
	);
});

const small: Omit<NetworkSpec, "layers"> = { input: { width: 4, height: 4, polarities: 2 }, stepUs: 500, seed: 3 };
const SPECS: Readonly<Record<string, NetworkSpec>> = {
	"dense and recurrent": {
		...small,
		input: { width: 6 },
		layers: [
			{ type: "dense", units: 5, bias: true, leak: 0.9, reset: "hard" },
			{ type: "recurrent", units: 4, leak: 1 },
			{ type: "readout", classes: ["yes", "no"] },
		],
	},
	"convolutions, pools, a residual": {
		...small,
		layers: [
			{ type: "conv", name: "a", filters: 4, kernel: 3, padding: 1 },
			{ type: "conv", name: "b", filters: 4, kernel: 3, padding: 1 },
			{ type: "add", with: "a" },
			{ type: "pool", kind: "average", kernel: 2 },
			{ type: "dense", units: 6, leak: 0 },
			{ type: "readout", classes: 3, leak: 1, bias: true },
		],
	},
	"groups, dropout": {
		...small,
		layers: [
			{ type: "conv", filters: 4, kernel: 3, groups: 2 },
			{ type: "dropout", rate: 0.5 },
			{ type: "readout", classes: 3 },
		],
	},
	"values of a map": {
		...small,
		layers: [
			{ type: "conv", filters: 3, kernel: [3, 1], stride: 1 },
			{ type: "pool", kind: "sum", kernel: 2 },
			{ type: "conv", filters: 3, kernel: 1, dilation: 2 },
			{ type: "readout", values: 2, kernel: 1 },
		],
	},
};

/** Something to see, from a generator of its own. */
function seenBy({ width, height = 1, polarities = 1 }: NetworkSpec["input"], count: number) {
	let state = 7;
	const next = (below: number) => {
		state = (state * 48_271) % 2_147_483_647;
		return state % below;
	};
	const t = Array.from({ length: count }, (_, k) => 100 * k);
	return events({ t, x: t.map(() => next(width)), y: t.map(() => next(height)), p: t.map(() => next(polarities)) });
}

for (const [name, spec] of Object.entries(SPECS)) {
	t.test(`${name}: exported and imported, weights are equal and answers the same`, async (t) => {
		const one = await Network.create(spec);
		const { bytes, report } = await exportNir(one);
		t.match(report.lines.join("\n"), /metadata stllr_reset says it/);
		const { network: other, report: imported } = await importNir(bytes);
		const plain = (network: Network) =>
			network
				.parameters()
				.map(({ weights, recurrent, bias }) => [weights, recurrent, bias].map((all) => all && [...all]));
		if (name !== "groups, dropout") t.same(plain(other), plain(one));
		for (const { rounding } of imported.layers) {
			t.equal(rounding?.clipped, 0);
			t.ok((rounding?.largest ?? 1) <= (name === "groups, dropout" ? 2 ** -25 : 1e-9));
		}
		const what = (network: Network) => {
			const seen = seenBy(spec.input, 400);
			return network.spec.readout.values > 0
				? [...(network.estimate(seen).estimates[0]?.values ?? [])]
				: [...network.classify(seen).scores];
		};
		const [mine, theirs] = [what(one), what(other)];
		t.same(other.spec.readout.classes, one.spec.readout.classes);
		t.equal(other.spec.stepUs, 500);
		t.ok(mine.some((value) => value !== 0));
		for (const [k, value] of mine.entries()) {
			t.ok(Math.abs(value - (theirs[k] ?? 0)) <= 1e-3 * Math.max(1, Math.abs(value)), `${value} and ${theirs[k]}`);
		}
	});
}

/** Python's nir 1.0.8 mistakes the types of convolutions with groups, or with kernels that are no squares. */
const isMistyped = (name: string) => name.startsWith("groups") || name.startsWith("values");

const python = process.env.PYTHON ?? "python3";
const hasNir = spawnSync(python, ["-c", "import nir"]).status === 0;
const skipPython = hasNir ? false : `needs Python's package nir (${python}; the variable PYTHON names another)`;

t.test("what is exported reads back in Python's nir, and equals", { skip: skipPython }, async (t) => {
	const folder = mkdtempSync(join(tmpdir(), "stllr-nir-"));
	t.teardown(() => rmSync(folder, { recursive: true }));
	for (const [name, spec] of Object.entries(SPECS)) {
		const network = await Network.create(spec);
		const path = join(folder, "out.nir");
		writeFileSync(path, (await exportNir(network)).bytes);
		const script = fileURLToPath(new URL("data/nir/read.py", import.meta.url));
		const { stdout, stderr, status } = spawnSync(python, [script, path, isMistyped(name) ? "unchecked" : ""], {
			encoding: "utf8",
			maxBuffer: 2 ** 26,
		});
		t.equal(status, 0, stderr);
		const read = JSON.parse(stdout) as {
			nodes: Record<string, Record<string, unknown>>;
			edges: unknown[];
			metadata: Record<string, unknown>;
		};
		t.equal(read.metadata.stllr_step_us, 500);
		const { layers, readout } = network.spec;
		for (const [index, { layer, weights, recurrent, bias }] of network.parameters().entries()) {
			const node = read.nodes[`${layer}.weights`];
			const kept = name.startsWith("groups") && index === 1 ? 0.5 : 1;
			const scaled = weights.map((w) => kept * w);
			t.same([node?.weight].flat(9), [...scaled], `${name}: weights of ${layer}`);
			if (node?.bias !== undefined) t.same(node.bias, [...bias]);
			if (recurrent) t.same([read.nodes[`${layer}.recurrent`]?.weight].flat(9), [...recurrent]);
			const { leak } = [...layers.filter((one) => "leak" in one), readout][index] as { leak: number };
			const neurons = read.nodes[layer];
			const [tau] = [neurons?.tau].flat(9) as (number | undefined)[];
			const leaks = Math.round(leak * 2 ** 15) / 2 ** 15;
			if (leak === 1) t.match(neurons?.type, /^IF?$/);
			else t.ok(Math.abs(1 - 0.0005 / (tau ?? 0) - leaks) < 1e-12, `${name}: tau of ${layer}`);
		}
	}
});

t.test("what NIR cannot say is refused by its place", async (t) => {
	const refused = async (layer: NetworkSpec["layers"][number], option: RegExp) => {
		const readout = { type: "readout", classes: 2 } as const;
		const network = await Network.create({ ...small, layers: [layer, readout] });
		await t.rejects(exportNir(network), { name: "OptionError", option });
	};
	await refused({ type: "pool", kind: "max", kernel: 2 }, /^layers\[0\]\.kind$/);
	const chip = { type: "loihi", du: 4096, dv: 128, vth: 5120 } as const;
	await refused({ type: "dense", units: 4, decay: chip }, /^layers\[0\]\.decay$/);
	await refused({ type: "upsample", name: "up", factor: 2 }, /^layers\[0\] "up"\.type$/);
});

t.test("bad files: errors say the file, the node, what was found and what is allowed", async (t) => {
	const good = { input: input(2), w: linear(2, 2, 0.5), n: lif(2), output: output(2) };
	const bad = async (nodes: Record<string, WrittenNode>, message: RegExp, edges?: [string, string][]) => {
		const error: unknown = await importNir(await nir(nodes, edges)).then(
			() => "loaded",
			(cause: unknown) => cause,
		);
		t.ok(error instanceof FormatError, String(error));
		t.match(error, { message });
	};
	await bad({ ...good, w: linear(2, 2, Number.NaN) }, /node\/nodes\/w\/weight: .*NaN \(element 0\); allowed: finite/);
	await bad({ ...good, w: linear(2, 3, 1) }, /"w" \(Linear\): weight \(2, 3\); allowed: \(outputs, 2\)/);
	await bad({ ...good, w: { type: "Linear", fields: {} } }, /"w" \(Linear\): without weight/);
	await bad(
		{ ...good, w: { type: "Linear", fields: { weight: "text" } } },
		/weight: byte 0: texts; allowed: integers, or floats/,
	);
	await bad(
		{ ...good, w: { type: "Sigmoid", fields: {} } },
		/"w" \(Sigmoid\): a node of another type; allowed: Input, Output, Linear/,
	);
	await bad(
		{ ...good, n: lif(2, { tau: numbers([2], 0.002, 0.004) }) },
		/"n" \(LIF\): leaks from 0\.5 to 0\.75; allowed: one/,
	);
	await bad(
		{ ...good, n: lif(2, { tau: numbers([2], 0.0005) }) },
		/less than a step of 1000 us; allowed: a shorter stepUs/,
	);
	await bad({ ...good, n: lif(2, { tau: numbers([2], 0) }) }, /tau 0 s; allowed: more than 0/);
	await bad(
		{ ...good, n: lif(2, { v_threshold: numbers([2], -1) }) },
		/v_threshold - v_reset -1; allowed: more than 0/,
	);
	await bad({ ...good, n: lif(2, { r: numbers([3], 1) }) }, /r of 3 numbers; allowed: 1 for all, 2/);
	await bad({ ...good, output: output(5) }, /"output" \(Output\): shape \(5\); allowed: \(2\)/);
	await bad({ ...good, input: input(0) }, /"input" \(Input\): shape \(0\)/);
	await bad({ ...good, input: input(2 ** 40), w: linear(2, 2, 1) }, /allowed/);
	await bad({ ...good, v: linear(2, 2, 1), o: output(2) }, /2 nodes of type Output: "o", "output"; allowed: one/);
	await bad(good, /edge 0 from or to "x"; allowed: names/, [["x", "w"]]);
	await bad(good, /"input" \(Input\): leading nowhere/, [
		["w", "n"],
		["n", "output"],
	]);
	const two = {
		input: input(2),
		a: linear(2, 2, 1),
		m: lif(2),
		b: linear(2, 2, 1),
		n: lif(2),
		back: linear(2, 2, 1),
		output: output(2),
	};
	const ring: [string, string][] = [
		["input", "a"],
		["a", "m"],
		["m", "b"],
		["b", "n"],
		["n", "output"],
		["n", "back"],
		["back", "m"],
	];
	await bad(
		two,
		/a cycle of nodes (?=.*"m")(?=.*"b")(?=.*"n")(?=.*"back").*allowed: recurrences of one layer only/,
		ring,
	);
	await bad({ ...good, v: linear(2, 2, 1) }, /behind "w"|leading nowhere|"v"/, [
		["input", "w"],
		["w", "v"],
		["v", "n"],
		["n", "output"],
	]);
});

t.test("files that are cut, damaged or something else give typed errors", async (t) => {
	const whole = await nir({ input: input(2), w: linear(2, 2, 0.5), n: lif(2), output: output(2) });
	const kinds = { loaded: 0, refused: 0 };
	const take = async (bytes: Uint8Array) => {
		try {
			(await importNir(bytes)).network.close();
			kinds.loaded += 1;
		} catch (error) {
			if (!(error instanceof FormatError || error instanceof OptionError)) t.fail(String(error));
			else kinds.refused += 1;
		}
	};
	for (let length = 0; length < whole.length; length += 509) await take(whole.slice(0, length));
	t.equal(kinds.loaded, 0, "nothing of a cut file");
	for (let at = 0; at < whole.length; at += 67) {
		const damaged = whole.slice();
		damaged[at] = (damaged[at] ?? 0) ^ 0xff;
		await take(damaged);
	}
	t.ok(kinds.refused > 20, `${kinds.refused} refused, ${kinds.loaded} not hurt`);
	// The library would walk a heap of texts for ever where a free object has no size.
	const heap = Buffer.from(whole).indexOf("GCOL");
	t.ok(heap > 0);
	const endless = whole.slice();
	endless.fill(0, heap + 16, heap + 32);
	await t.rejects(importNir(endless), { name: "FormatError", message: /an object of a heap of 0 bytes, free/ });
	await t.rejects(importNir(new Uint8Array(100)), FormatError);
	await t.rejects(
		importNir(readFileSync(fileURLToPath(new URL("data/mvsec.hdf5", import.meta.url)))),
		/without a NIR graph/,
	);
	await t.rejects(importNir(join(tmpdir(), "there-is-none.nir")), /there-is-none\.nir: there is no such file/);
	await t.rejects(importNir(JSON.parse("7")), /^OptionError: source|source: 7/);
	await t.rejects(importNir(whole, { stepUs: 0.5 }), /stepUs: 0.5 is not allowed/);
	await t.rejects(importNir(whole, JSON.parse('{"dt":1}')), /options\.dt: /);
});

t.test("what a file declares and does not hold is not read", async (t) => {
	const path = fileURLToPath(new URL("data/nir/huge.nir", import.meta.url));
	await t.rejects(
		importNir(path),
		/weight: byte 0: an array of 1152921504606847000 numbers; allowed: up to 16777215, so that a file has at most 16777216/,
	);
});
