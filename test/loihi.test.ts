// Neurons of Intel's Loihi: traces of a chip and of Lava, spike for spike, and learning.
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Dataset, File as Hdf5File, ready } from "h5wasm/node";
import { events, type LoihiDecay, Network, type NetworkSpec, OptionError } from "stllr";
import { gestureNames, gestureSet } from "stllr/gestures";
import t from "tap";
import { load } from "../dist/network/checkpoint.js";
import { fullSpec } from "../dist/network/spec/mod.js";
import { openArchive, textOf } from "./learn/data/files.js";

const shared = fileURLToPath(new URL("../../shared/data", import.meta.url));
const skip = existsSync(shared) ? false : "needs ../shared/data, which is not there";
const traces = `${shared}/loihi-fixed-point`;

type Layers = NetworkSpec["layers"];
type Input = NetworkSpec["input"];
type Given = Parameters<Network["setParameters"]>[0];

/** A spike: which input or neuron, and at which step. */
type Spike = readonly [index: number, step: number];

interface Replay {
	readonly input: Input;
	readonly layers: Layers;
	readonly parameters: Given;
	/** Neurons of the last layer. */
	readonly outputs: number;
	/** Inputs are numbered (channel, y, x). */
	readonly spikes: readonly Spike[];
	readonly steps: number;
	/** Is asked after every step for the voltages of the first layer, where given. */
	readonly voltages?: (step: number, voltages: Int32Array) => void;
}

/** Runs a network whose readout has a class for each neuron of its last layer, so that its scores are the spikes of a step. */
async function replay({ input, layers, parameters, outputs, spikes, steps, voltages }: Replay): Promise<Spike[]> {
	const classes = Math.max(2, outputs);
	const network = await Network.create({
		input,
		stepUs: 1000,
		layers: [...layers, { type: "readout", classes, leak: 0, name: "spikes" }],
	});
	const identity = Float64Array.from({ length: classes * outputs }, (_, k) => Number(k % (outputs + 1) === 0));
	if (outputs === 1) identity[1] = 0;
	const roundings = network.setParameters([...parameters, { layer: "spikes", weights: identity }]);
	for (const { layer, largest, clipped } of roundings) {
		if (largest + clipped > 0) throw new Error(`${layer}: weights were rounded by up to ${largest}`);
	}
	const { width, height = 1 } = input;
	const taken = spikes.filter(([, step]) => step < steps).sort(([, a], [, b]) => a - b);
	const chunk = events({
		t: taken.map(([, step]) => step * 1000),
		x: taken.map(([index]) => index % width),
		y: taken.map(([index]) => Math.floor(index / width) % height),
		p: taken.map(([index]) => Math.floor(index / (width * height))),
	});
	const source = [{ ...chunk, untilUs: steps * 1000 - 1 }];
	const fired: Spike[] = [];
	let step = 0;
	for await (const { scores } of network.follow(source, { everyUs: 1000, startUs: 0 })) {
		for (const [neuron, score] of scores.entries()) if (score > 0 && neuron < outputs) fired.push([neuron, step]);
		if (voltages !== undefined) {
			const { arrays } = await load(await network.save());
			const bytes = arrays.find(({ layer, part }) => layer === 1 && part === "membrane")?.bytes;
			voltages(step, bytes === undefined ? new Int32Array(outputs + 8) : new Int32Array(bytes.slice().buffer));
		}
		step += 1;
	}
	if (step !== steps) throw new Error(`${step} steps, not ${steps}`);
	network.close();
	return fired;
}

/** Spikes in one order, `late` steps later. */
function sorted(spikes: readonly Spike[], late = 0): Spike[] {
	const moved = spikes.map(([index, step]): Spike => [index, step + late]);
	return moved.sort(([a, s], [b, u]) => s - u || a - b);
}

/** Numbers of a text, in order. */
function numbersOf(text: string): number[] {
	return text
		.split(/[\s,]+/)
		.filter((word) => word !== "")
		.map(Number);
}

function pairsOf(text: string): [number, number][] {
	const all = numbersOf(text);
	return Array.from({ length: all.length / 2 }, (_, k) => [all[2 * k] ?? 0, all[2 * k + 1] ?? 0]);
}

/** An array of numpy's, in the order of C. */
function npy(bytes: Uint8Array): { values: number[]; shape: number[] } {
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	const begin = 10 + view.getUint16(8, true);
	const head = new TextDecoder().decode(bytes.subarray(10, begin));
	const shape = numbersOf(/\(([^)]*)\)/.exec(head)?.[1] ?? "");
	const type = /'descr': '([^']*)'/.exec(head)?.[1] ?? "";
	const size = Number(type.slice(2));
	const read: Record<string, (at: number) => number> = {
		"|u1": (at) => view.getUint8(at),
		"<i2": (at) => view.getInt16(at, true),
		"<i8": (at) => Number(view.getBigInt64(at, true)),
		"<f4": (at) => view.getFloat32(at, true),
		"<f8": (at) => view.getFloat64(at, true),
	};
	const of = read[type];
	if (of === undefined || head.includes("True")) throw new Error(`an array of ${head}`);
	const count = shape.reduce((product, length) => product * length, 1);
	return { values: Array.from({ length: count }, (_, k) => of(begin + k * size)), shape };
}

t.test("a chip's traces, 250-25-1 over 500 steps: every spike and voltage", { skip }, async (t) => {
	const archive = await openArchive(`${traces}/loihi-slayer.zip`);
	const read = (name: string) => numbersOf(textOf(archive, name));
	const decay: LoihiDecay = { type: "loihi", du: 1024, dv: 128, vth: 80 };
	// The chip's weights are even numbers; 128 of them are 1.0.
	const weights = (name: string) => Float64Array.from(read(name), (w) => (2 * Math.round((4 * w) / 2)) / 128);
	const inputs = pairsOf(textOf(archive, "spikeIn.txt").replace(/^#.*/, ""));
	const hidden = { type: "dense", name: "hidden", units: 25, decay } as const;
	const run = {
		input: { width: 250 },
		parameters: [{ layer: "hidden", weights: weights("w1learned.txt") }],
		spikes: inputs.map(([ms, id]): Spike => [id - 1, Math.round(ms / 0.1) + 49]),
		steps: 499,
	};
	const seen: Int32Array[] = [];
	const fired = await replay({
		...run,
		layers: [hidden],
		outputs: 25,
		voltages: (_, voltages) => seen.push(voltages),
	});
	// The chip tells a spike one step late.
	const chip = pairsOf(textOf(archive, "loihiHiddenSpikes.txt"));
	t.equal(chip.length, 639);
	t.strictSame(sorted(fired, 1), sorted(chip));
	for (const [neuron, name] of [
		[0, "loihiHiddenVoltage.txt"],
		[24, "loihiHiddenVoltage24.txt"],
	] as const) {
		// It shows 128 in the step of a spike.
		const spiked = new Set(fired.filter(([index]) => index === neuron).map(([, step]) => step));
		const voltages = read(name);
		t.equal(voltages.length, 499);
		t.strictSame(
			voltages.map((_, step) => (spiked.has(step) ? 128 : seen[step]?.[neuron])),
			voltages,
			name,
		);
	}
	const whole = await replay({
		...run,
		layers: [hidden, { ...hidden, name: "out", units: 1 }],
		parameters: [...run.parameters, { layer: "out", weights: weights("w2learned.txt") }],
		outputs: 1,
	});
	// From layer to layer the chip takes a step more.
	t.strictSame(sorted(whole, 2), sorted(pairsOf(textOf(archive, "loihiOutputSpikes.txt"))));
});

t.test("Lava's dense layer, 256 neurons over 1,000 steps: every spike", { skip }, async (t) => {
	const archive = await openArchive(`${traces}/lava-dense-first1000.npz`);
	const read = (name: string) => npy(archive.read(`${name}.npy`)).values;
	const raster = (values: number[]) =>
		values.flatMap((value, k): Spike[] => (value > 0 ? [[Math.floor(k / 1000), k % 1000]] : []));
	const fired = await replay({
		input: { width: 200 },
		layers: [{ type: "dense", name: "lif", units: 256, decay: { type: "loihi", dv: 415, vth: 6 }, weightRange: 32 }],
		parameters: [{ layer: "lif", weights: Float64Array.from(read("weight"), (weight) => weight / 8) }],
		outputs: 256,
		spikes: raster(read("inp")),
		steps: 999,
	});
	const lava = raster(read("out"));
	t.equal(lava.length, 983);
	t.strictSame(sorted(fired, 1), sorted(lava));
});

t.test("Lava's convolution with biases, 16 x 16 x 3 to 6 x 6 x 24: every spike", { skip }, async (t) => {
	const archive = await openArchive(`${traces}/lava-tinynet.zip`);
	const read = (name: string) => npy(archive.read(`${name}.npy`)).values;
	/** Of (channel, y, x, step). */
	const raster = (values: number[]) =>
		values.flatMap((value, k): Spike[] => (value > 0 ? [[Math.floor(k / 16), k % 16]] : []));
	const input = raster(read("input"));
	// It has biases from step 1 on, and nothing before.
	t.ok(input.every(([, step]) => step > 0));
	const kernel = read("layer1_kernel");
	// Lava's are (filter, x, y, channel), and it convolves: here the kernel is turned round.
	const weights = Float64Array.from({ length: 24 * 3 * 25 }, (_, k) => {
		const [x, y, channel, filter] = [k % 5, Math.floor(k / 5) % 5, Math.floor(k / 25) % 3, Math.floor(k / 75)];
		return (kernel[((filter * 5 + 4 - x) * 5 + 4 - y) * 3 + channel] ?? 0) / 32;
	});
	const conv = { type: "conv", name: "conv", filters: 24, kernel: 5, stride: 2, weightRange: 4 } as const;
	const fired = await replay({
		input: { width: 16, height: 16, polarities: 3 },
		layers: [{ ...conv, decay: { type: "loihi", dv: 1024, vth: 25 } }],
		parameters: [{ layer: "conv", weights, bias: Float64Array.from(read("layer1_bias"), (bias) => bias / 32) }],
		outputs: 864,
		spikes: input.map(([index, step]) => [index, step - 1]),
		steps: 15,
	});
	const lava = raster(read("layer1"));
	t.equal(lava.length, 1633);
	t.strictSame(sorted(fired, 1), sorted(lava));
});

/** The nearest integer, of two the even one. */
function nearest(value: number): number {
	const below = Math.floor(value);
	if (value - below !== 0.5) return Math.round(value);
	return below % 2 === 0 ? below : below + 1;
}

t.test("a network of lava-dl's, 200-256-200, does most of what it was trained to", { skip }, async (t) => {
	const archive = await openArchive(`${traces}/lava-oxford.zip`);
	const path = join(t.testdir(), "network.net");
	writeFileSync(path, archive.read("network.net"));
	await ready;
	const file = new Hdf5File(path, "r");
	const weights = ["layer/0/weight", "layer/1/weight"].map((name) => {
		const dataset = file.get(name);
		if (!(dataset instanceof Dataset) || !(dataset.value instanceof Float32Array)) throw new Error(`no ${name}`);
		return Float64Array.from(dataset.value, (weight) => weight / 8);
	});
	file.close();
	const [first, second] = weights;
	/** Rows of neuron, 0, ms. */
	const raster = (name: string) => {
		const { values, shape } = npy(archive.read(name));
		return Array.from(
			{ length: shape[0] ?? 0 },
			(_, k): Spike => [values[3 * k] ?? 0, nearest(values[3 * k + 2] ?? 0)],
		);
	};
	const target = raster("ground_truth.npy");
	const fired = await replay({
		input: { width: 200 },
		layers: [
			{ type: "dense", name: "a", units: 256, decay: { type: "loihi", dv: 415, vth: 6 }, weightRange: 32 },
			{ type: "dense", name: "b", units: 200, decay: { type: "loihi", dv: 409, vth: 6 }, weightRange: 32 },
		],
		parameters: [
			{ layer: "a", ...(first && { weights: first }) },
			{ layer: "b", ...(second && { weights: second }) },
		],
		outputs: 200,
		spikes: raster("input.npy"),
		steps: 1890,
	});
	// A step a layer is Lava's.
	const at = new Set(sorted(fired, 2).map(String));
	const met = target.filter((spike) => at.has(String(spike))).length;
	t.equal(target.length, 10_178);
	t.ok(met > 8_000, `${met} of ${target.length}, where ${fired.length} spike`);
});

t.test("one neuron over 1,000 steps on Loihi and in Lava: spikes and voltages", { skip }, async (t) => {
	const archive = await openArchive(`${shared}/nir/lif-traces.zip`);
	for (const [name, shown] of [
		["lif_lava_loihi_fixed.csv", 128],
		["lif_lava_cpu_fixed.csv", 0],
	] as const) {
		const rows = textOf(archive, name)
			.trimEnd()
			.split("\n")
			.map((row) => numbersOf(row));
		const known = rows.flatMap(([, , spike], step): Spike[] => (spike === 1 ? [[0, step]] : []));
		const seen: number[] = [];
		const fired = await replay({
			input: { width: 1 },
			layers: [{ type: "dense", name: "lif", units: 1, decay: { type: "loihi", dv: 163, vth: 25 }, weightRange: 4 }],
			parameters: [{ layer: "lif", weights: Float64Array.of(10 / 32) }],
			outputs: 1,
			spikes: rows.flatMap(([input], step): Spike[] => (input === 1 ? [[0, step]] : [])),
			steps: 999,
			voltages: (_, [voltage = 0]) => seen.push(voltage),
		});
		t.equal(rows.length, 1000);
		t.strictSame(
			known.map(([, step]) => step),
			[461, 511, 711, 761],
		);
		t.strictSame(sorted(fired, 1), known, name);
		const spiked = new Set(fired.map(([, step]) => step));
		t.strictSame(
			[0, ...seen.map((voltage, step) => (spiked.has(step) ? shown : voltage))],
			rows.map(([, voltage]) => voltage),
			name,
		);
	}
});

const decay: LoihiDecay = { type: "loihi", du: 2048, dv: 512, vth: 80 };
const readout = { type: "readout", classes: gestureNames } as const;
const base = { input: { width: 20, height: 20, polarities: 2 }, stepUs: 10_000, seed: 3 };

t.test("dense, recurrent and convolutional layers of them learn gestures", async (t) => {
	const { train, test } = gestureSet({ seed: 11, train: 120, test: 60 });
	const specs: Record<string, Layers> = {
		dense: [{ type: "dense", units: 48, decay }, readout],
		recurrent: [{ type: "recurrent", units: 48, decay, bias: true, psi: "sigmoid" }, readout],
		conv: [
			{ type: "conv", filters: 8, kernel: 5, stride: 3, decay },
			{ type: "dense", units: 32, decay: { ...decay, du: 4096 } },
			readout,
		],
	};
	for (const [name, layers] of Object.entries(specs)) {
		const network = await Network.create({ ...base, layers });
		for (let epoch = 0; epoch < 2; epoch += 1) for (const { events, label } of train) network.learn(events, label);
		const right = test.filter(({ events, label }) => network.classify(events).label === label).length;
		// By chance one in six.
		t.ok(right > test.length / 3, `${name}: ${right} of ${test.length}`);
		const again = await Network.load(await network.save());
		t.equal(again.stateHash(), network.stateHash());
		const next = train[0];
		if (next !== undefined) for (const net of [network, again]) net.learn(next.events, next.label);
		t.equal(again.stateHash(), network.stateHash(), "a saved one goes on as if nothing had happened");
	}
});

t.test("options: the chip's numbers, their ranges, and what does not go beside them", async (t) => {
	const layersOf = (more: object, layer: object = {}) => ({
		...base,
		...more,
		layers: [{ type: "dense", units: 8, ...layer }, readout],
	});
	const full = (more: object, layer?: object) => fullSpec(layersOf(more, layer) as NetworkSpec).layers[0];
	t.match(full({ decay }), { leak: 0.875, threshold: 80 / 128, reset: "hard", rule: { lambdaPre: 0.875 ** 2 } });
	t.match(full({ decay }), { decay: { type: "loihi", du: 2048, dv: 512, vth: 80, scale: 128 } });
	t.match(full({}, { decay: { type: "loihi", dv: 0, vth: 3 } }), { decay: { du: 4096, scale: 4 }, weightRange: 32 });
	t.match(full({}, { decay: { type: "loihi", dv: 0, vth: 131_071 } }), { decay: { scale: 1024 } });
	t.match(full({ decay }, { decay: "leak", leak: 0.5 }), { decay: "leak", leak: 0.5, threshold: 1 });
	// The slower decay is what an input's trace lasts by.
	t.match(full({}, { decay: { ...decay, du: 64 } }), { rule: { lambdaPre: (1 - 64 / 4096) ** 2 } });
	const beside = /nothing beside layers\[0\]\.decay/;
	const refused: [more: object, layer: object, option: string, allowed: RegExp][] = [
		[{}, { decay: "loihi" }, "layers[0].decay", /"leak" or \{ type: "loihi", dv, vth \}/],
		[{ decay: { ...decay, type: "chip" } }, {}, "decay.type", /"loihi"/],
		[{ decay: { ...decay, vThMant: 80 } }, {}, "decay.vThMant", /type, du, dv, vth, scale/],
		[{ decay: { ...decay, du: 4097 } }, {}, "decay.du", /0 to 4096/],
		[{ decay: { ...decay, dv: 0.5 } }, {}, "decay.dv", /an integer from 0 to 4096/],
		[{ decay: { ...decay, vth: 0 } }, {}, "decay.vth", /1 to 131071/],
		[{ decay: { ...decay, scale: 96 } }, {}, "decay.scale", /4, 8, 16/],
		[{}, { decay, leak: 0.5 }, "layers[0].leak", beside],
		[{}, { decay, threshold: 1 }, "layers[0].threshold", beside],
		[{}, { decay, reset: "hard" }, "layers[0].reset", beside],
		[{ decay, leak: 0.5 }, {}, "leak", /nothing beside decay/],
		[{ decay }, { reset: "soft" }, "layers[0].reset", /nothing beside decay/],
		[{}, { decay: { ...decay, scale: 8 }, weightRange: 8 }, "layers[0].weightRange", /16, 32/],
	];
	for (const [more, layer, option, allowed] of refused) {
		const error = await Network.create(layersOf(more, layer) as NetworkSpec).catch((error: unknown) => error);
		if (!(error instanceof OptionError)) throw new Error(`${option} is not refused: ${String(error)}`);
		t.equal(error.option, option);
		t.match(error.message, allowed);
	}
	// Beside a layer's own decay the spec's leak is that of the others.
	t.match(full({ leak: 0.5 }, { decay }), { leak: 0.875 });
});
