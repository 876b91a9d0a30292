// Networks of many kinds of layers: their shapes, their defaults, what is refused and how.
import type { NetworkSpec } from "stllr";
import t from "tap";
import { fullSpec } from "../dist/network/spec/mod.js";

const INPUT = { width: 12, height: 10, polarities: 2 };
const readout = { type: "readout", classes: 3 } as const;
const flow = { type: "readout", values: 2 } as const;
const spec = (layers: unknown, more: object = {}) =>
	({ input: INPUT, stepUs: 1000, layers, ...more }) as unknown as NetworkSpec;
const conv = (filters: number, kernel: unknown, more: object = {}) => ({ type: "conv", filters, kernel, ...more });
const pool = (kind: string, kernel: number, more: object = {}) => ({ type: "pool", kind, kernel, ...more });

/** Shapes of what each layer gives, the readout's last. */
function shapes(layers: unknown): string[] {
	const full = fullSpec(spec(layers));
	return [...full.layers, full.readout].map(({ shape }) => `${shape.channels}x${shape.height}x${shape.width}`);
}

t.test("shapes follow PyTorch's: floor((in + 2 padding - dilation (kernel - 1) - 1) / stride) + 1", async (t) => {
	t.strictSame(shapes([conv(4, 3), readout]), ["4x8x10", "3x1x1"]);
	t.strictSame(shapes([conv(4, 5, { stride: 2 }), readout]), ["4x3x4", "3x1x1"]);
	t.strictSame(shapes([conv(4, [3, 5], { padding: 1 }), readout]), ["4x10x10", "3x1x1"]);
	t.strictSame(shapes([conv(4, 3, { dilation: 4 }), readout]), ["4x2x4", "3x1x1"]);
	t.strictSame(shapes([conv(4, 12, { padding: 1 }), readout]), ["4x1x3", "3x1x1"]);
	t.strictSame(shapes([pool("max", 3), readout]), ["2x3x4", "3x1x1"]);
	t.strictSame(shapes([pool("sum", 3, { stride: 2 }), readout]), ["2x4x5", "3x1x1"]);
	t.strictSame(shapes([{ type: "upsample", factor: 3 }, readout]), ["2x30x36", "3x1x1"]);
	t.strictSame(shapes([conv(4, 3), { type: "flatten" }, readout]), ["4x8x10", "320x1x1", "3x1x1"]);
	t.strictSame(shapes([conv(4, 3), { ...flow, kernel: 3 }]), ["4x8x10", "2x8x10"]);
	t.strictSame(
		shapes([
			{ ...conv(4, 3, { padding: 1 }), name: "a" },
			conv(6, 3, { padding: 1 }),
			{ type: "concat", with: ["a", "input"] },
			{ type: "dropout", rate: 0.5 },
			{ type: "dense", units: 7 },
			readout,
		]),
		["4x10x12", "6x10x12", "12x10x12", "12x10x12", "7x1x1", "3x1x1"],
	);
});

t.test("names lead where layers take from; the default is the layer before", async (t) => {
	const { layers, readout: last } = fullSpec(
		spec([
			{ ...conv(4, 3, { padding: 1 }), name: "a" },
			{ ...conv(4, 3, { padding: 1 }), name: "b" },
			{ type: "add", with: "a", name: "sum" },
			{ ...conv(4, 3, { padding: 1 }), from: "a" },
			{ type: "concat", with: ["sum", "b", "input"] },
			{ ...readout, name: "answer" },
		]),
	);
	t.strictSame(
		layers.map(({ sources }) => sources),
		[[0], [1], [2, 1], [1], [4, 3, 2, 0]],
	);
	t.match(last, { sources: [5], name: "answer" });
});

/** Layers that must be refused: which option the error names, and what it says. */
const REFUSED: readonly [layers: unknown, option: string, message: RegExp][] = [
	[
		[conv(4, 11), readout],
		"layers[0].kernel",
		/^layers\[0\]\.kernel: 11 is not allowed; allowed: at most the padded input, 10 x 12$/,
	],
	[
		[conv(4, 3, { name: "conv1", stride: 3 }), conv(4, 7, { name: "conv2", padding: 1 }), readout],
		'layers[1] "conv2".kernel',
		/^layers\[1\] "conv2"\.kernel: 7 is not allowed; allowed: at most the padded input, 5 x 6$/,
	],
	[
		[conv(4, [3, 13]), readout],
		"layers[0].kernel",
		/"3 x 13" is not allowed; allowed: at most the padded input, 10 x 12/,
	],
	[[conv(4, 3, { dilation: 5 }), readout], "layers[0].kernel", /with dilation 5 this kernel spans 11 x 11/],
	[[conv(4, [3]), readout], "layers[0].kernel", /an integer, or \[height, width\]/],
	[[conv(4, [3, 0]), readout], "layers[0].kernel[1]", /an integer from 1/],
	[[conv(4, undefined), readout], "layers[0].kernel", /an integer from 1/],
	[[conv(0, 3), readout], "layers[0].filters", /from 1 to 65536/],
	[[conv(4, 3, { stride: 0 }), readout], "layers[0].stride", /from 1 to 1024/],
	[[conv(4, 3, { padding: -1 }), readout], "layers[0].padding", /from 0 to 1024/],
	[[conv(3, 3, { groups: 2 }), readout], "layers[0].groups", /a divisor of the input's 2 channels and of 3 filters/],
	[[conv(6, 3, { groups: 3 }), readout], "layers[0].groups", /a divisor of the input's 2 channels/],
	[[conv(4, 3, { standardize: 1 }), readout], "layers[0].standardize", /true or false/],
	[[conv(4, 3, { units: 3 }), readout], "layers[0].units", /filters, kernel, stride/],
	[
		[conv(65_536, 3), readout],
		"layers[0]",
		/"65536 x 8 x 10" is not allowed; allowed: a map of at most 1048576 elements/,
	],
	[[{ type: "upsample", factor: 64 }, { type: "upsample", factor: 2 }, readout], "layers[1]", /at most 1048576/],
	[[{ type: "upsample", factor: 65 }, readout], "layers[0].factor", /from 1 to 64/],
	[[pool("mean", 2), readout], "layers[0].kind", /"max" or "average" or "sum"/],
	[[pool("max", 11), readout], "layers[0].kernel", /at most the input, 10 x 12/],
	[[pool("sum", 2), pool("max", 2), readout], "layers[1].kind", /"average" or "sum", as .* up to 4 spikes/],
	[[pool("average", 2), { ...pool("max", 2), name: "top" }, readout], 'layers[1] "top".kind', /"average" or "sum"/],
	[
		[conv(2, 3, { padding: 1 }), { type: "add", with: "input" }, pool("max", 2), readout],
		"layers[2].kind",
		/up to 2 spikes/,
	],
	[
		[pool("sum", 9), pool("sum", 1), { type: "upsample", factor: 9 }, pool("sum", 9), readout],
		"layers[3].kernel",
		/at most 4096/,
	],
	[[{ type: "dropout", rate: 1 }, readout], "layers[0].rate", /a number from 0 to 0.99/],
	[[{ type: "dense", units: 8, from: "a" }, readout], "layers[0].from", /an earlier layer, or the sensor: "input"/],
	[
		[{ type: "dense", units: 8, name: "a", from: "b" }, { type: "dense", units: 8, name: "b" }, readout],
		'layers[0] "a".from',
		/"b" is not allowed; allowed: the name of an earlier layer/,
	],
	[[{ type: "dense", units: 8, name: "a", from: "a" }, readout], 'layers[0] "a".from', /an earlier layer/],
	[
		[{ type: "dense", units: 8, name: "a" }, { type: "dense", units: 8, name: "a" }, readout],
		"layers[1].name",
		/"a" is not allowed; allowed: a name that no other layer has/,
	],
	[[{ type: "dense", units: 8, name: "input" }, readout], "layers[0].name", /not "input"/],
	[[{ type: "dense", units: 8, name: "" }, readout], "layers[0].name", /a name/],
	[[conv(2, 3), { type: "add" }, readout], "layers[1].with", /the name of an earlier layer/],
	[[conv(2, 3), { type: "add", with: [] }, readout], "layers[1].with", /1 to 63 names/],
	[[conv(2, 3), { type: "add", with: "conv1" }, readout], "layers[1].with", /the sensor: "input"/],
	[
		[conv(2, 3), { type: "add", with: "input", name: "sum" }, readout],
		'layers[1] "sum".with',
		/gives 2 x 8 x 10, .*; this gives 2 x 10 x 12/,
	],
	[[conv(4, 3, { padding: 1 }), { type: "add", with: "input" }, readout], "layers[1].with", /this gives 2 x 10 x 12/],
	[[conv(4, 3), { type: "concat", with: "input" }, readout], "layers[1].with", /gives any channels x 8 x 10/],
	[
		[conv(4, 3, { name: "a" }), conv(4, 1), { type: "concat", with: ["a", "a"] }, readout],
		"layers[2].with[1]",
		/each layer once/,
	],
	[
		[{ type: "flatten" }, conv(4, 3), readout],
		"layers[1].from",
		/"a flattened map" is not allowed; allowed: a map, for a conv/,
	],
	[[{ type: "flatten", name: "f" }, { type: "concat", with: "input" }, readout], "layers[1].from", /a flattened map/],
	[[{ type: "flatten" }, flow], "layers[1].from", /a map, for values for each pixel/],
	[
		[conv(4, 3, { name: "lost" }), { type: "dense", units: 3, from: "input" }, readout],
		'layers[0] "lost"',
		/"a layer that no other takes" is not allowed; allowed: layers that lead to the readout/,
	],
	[[readout, { type: "dense", units: 3 }], "layers[0].type", /the readout is the last layer/],
	[[{ ...flow, classes: 2 }], "layers[0].classes", /type, values, kernel/],
	[[{ ...flow, values: 0 }], "layers[0].values", /from 1 to 64/],
	[[{ ...flow, kernel: 2 }], "layers[0].kernel", /an odd integer from 1 to 15/],
	[[{ ...readout, kernel: 3 }], "layers[0].kernel", /type, classes, leak/],
	[Array.from({ length: 66 }, () => readout), "layers", /0 to 64 hidden layers/],
];

for (const [layers, option, message] of REFUSED) {
	t.test(`refused: ${JSON.stringify(layers).slice(0, 100)}`, async (t) => {
		t.throws(() => fullSpec(spec(layers)), { name: "OptionError", code: "option", option, message });
	});
}

/** The same for options of the whole network. */
const REFUSED_OPTIONS: readonly [layers: unknown, more: object, option: string, message: RegExp][] = [
	[
		[flow],
		{ loss: "cross-entropy" },
		"loss",
		/"mean-square" or "binary-cross-entropy" or "endpoint" or "contrast" for a readout of 2 values/,
	],
	[
		[readout],
		{ loss: "endpoint" },
		"loss",
		/"cross-entropy" or "mean-square" or "binary-cross-entropy" for a readout of classes/,
	],
	[[{ ...flow, values: 3 }], { loss: "contrast" }, "loss", /for a readout of 3 values a pixel/],
	[
		[conv(4, 3), flow],
		{ loss: "contrast" },
		"loss",
		/a readout whose map, 8 x 10, times a whole number is the sensor, 10 x 12/,
	],
	[[readout], { loss: "hinge" }, "loss", /"cross-entropy" or/],
	[[flow], { signal: "dfa" }, "signal", /"bp", as the readout has values, not classes/],
	[[readout], { signal: "rtrl" }, "signal", /"bp" or "dfa" or "sdfa" or "drtp" or "local"/],
	[[readout], { weights: 4 }, "weights", /16 or 8/],
	[[readout], { optimizer: "adam" }, "optimizer", /an object/],
	[[readout], { optimizer: {} }, "optimizer.type", /"sgd" or "momentum"/],
	[[readout], { optimizer: { type: "sgd", momentum: 0.9 } }, "optimizer.momentum", /type, weightDecay/],
	[[readout], { optimizer: { type: "momentum", momentum: 1 } }, "optimizer.momentum", /0 to 0.9999/],
	[[readout], { optimizer: { type: "adam", beta2: -1 } }, "optimizer.beta2", /0 to 0.9999/],
	[[readout], { optimizer: { type: "rprop", etaPlus: 1 } }, "optimizer.etaPlus", /1.01 to 3/],
	[[readout], { optimizer: { type: "rmsprop", weightDecay: 1e-9 } }, "optimizer.weightDecay", /0, or 2\^-24 to 1/],
];

for (const [layers, more, option, message] of REFUSED_OPTIONS) {
	t.test(`refused: ${JSON.stringify(more)}`, async (t) => {
		t.throws(() => fullSpec(spec(layers, more)), { name: "OptionError", code: "option", option, message });
	});
}

t.test("every option that is left out has its default", async (t) => {
	const full = fullSpec(spec([{ type: "recurrent", units: 9 }, { type: "dense", units: 5, leak: 0.5 }, readout]));
	t.match(full, { signal: "bp", loss: "cross-entropy", optimizer: { type: "sgd", weightDecay: 0 }, weights: 16 });
	t.strictSame(full.rates, { hidden: 2 ** -3, readout: 2 ** -10 });
	// 1 - leak^2 is 15/64 and 3/4.
	t.match(full.layers, [
		{ type: "recurrent", units: 9, leak: 0.875, weightRange: 2, rateFactor: 15 / 64, rule: { lambdaPre: 49 / 64 } },
		{ type: "dense", units: 5, leak: 0.5, weightRange: 8, rateFactor: 0.75, rule: { lambdaPre: 0.25 } },
	]);
	t.match(full.layers, [{}, { standardize: false, inputDivisor: 1 }]);
	const deviations = full.layers.map((layer) => ("std" in layer ? layer.std ** 2 * layer.fanIn : 0));
	for (const [index, variance] of [16 * (15 / 64), 16 * 0.75].entries()) {
		t.ok(Math.abs((deviations[index] ?? 0) - variance) < 1e-12, `variance of a sum of weights: ${deviations[index]}`);
	}
	t.match(full.layers[0], { recurrentStd: (2 * Math.sqrt(15 / 64)) / 3 });
	t.match(full.readout, {
		classes: ["0", "1", "2"],
		std: 1 / Math.sqrt(5),
		leak: 0.9375,
		traceDecay: 0.9375,
		values: 0,
	});
});

t.test("defaults: what follows from a leak, and its ends", async (t) => {
	const dense = (options: object) => fullSpec(spec([{ type: "dense", units: 9, ...options }, readout])).layers[0];
	t.match(dense({ leak: 0 }), { std: 4 / Math.sqrt(240), rateFactor: 1, rule: { lambdaPre: 0 } });
	t.match(dense({ leak: 1 }), { rateFactor: 2 ** -9, rule: { lambdaPre: 1 } }, "an integrator learns too");
	t.match(dense({ leak: 1 }), { std: (4 * Math.sqrt(2 ** -9)) / Math.sqrt(240) });
	t.match(
		dense({ leak: 0, standardize: true }),
		{ std: 2 / Math.sqrt(240) },
		"standardised weights have their gain's size",
	);
	t.match(dense({ leak: 0.5, rule: { lambdaPre: 0.9 } }), { rule: { lambdaPre: 0.9 } });
	t.match(dense({ rateFactor: 0 }), { rateFactor: 0 });
	t.match(fullSpec(spec([{ ...readout, leak: 0.5 }])).readout, { traceDecay: 0.5 });
	for (const [rateFactor, allowed] of [
		[2, /a number from 0 to 1$/],
		[2 ** -25, /0, or 2\^-24 to 1$/],
	] as const) {
		t.throws(() => dense({ rateFactor }), { name: "OptionError", option: "layers[0].rateFactor", message: allowed });
	}
});

t.test(
	"defaults: a layer has a rate of its own where nobody sets one and the optimiser leaves it to that",
	async (t) => {
		const factors = (more: object) => {
			const { layers } = fullSpec(
				spec([conv(4, 3), conv(4, 3, { leak: 0 }), { type: "dense", units: 3 }, readout], more),
			);
			return layers.map((layer) => ("rateFactor" in layer ? layer.rateFactor : undefined));
		};
		const [first, second] = fullSpec(spec([conv(4, 3), conv(4, 3), readout])).layers.map(({ shape }) => shape);
		const places = [first, second].map((shape) => Math.sqrt((shape?.height ?? 0) * (shape?.width ?? 0)));
		const own = [15 / 64 / (places[0] ?? 1), 1 / (places[1] ?? 1), 15 / 64];
		t.strictSame(factors({}), own);
		t.strictSame(factors({ rates: { readout: 1 } }), own);
		t.strictSame(factors({ optimizer: { type: "momentum" } }), own);
		t.strictSame(factors({ rates: { hidden: 0.01 } }), [1, 1, 1]);
		t.strictSame(factors({ optimizer: { type: "adam" } }), [1, 1, 1]);
		t.throws(() => factors({ rates: 3 }), { name: "OptionError", option: "rates" });
	},
);

t.test("defaults: fan-in of a convolution, rates, loss", async (t) => {
	const of = (layers: unknown, more = {}) => fullSpec(spec(layers, more));
	const [first] = of([conv(4, [3, 5], { groups: 2 }), readout]).layers;
	t.match(first, {
		std: (4 * Math.sqrt(15 / 64)) / Math.sqrt(15),
		stride: 1,
		padding: 0,
		dilation: 1,
		groups: 2,
		kernel: [3, 5],
	});
	t.strictSame(of([conv(4, 3), readout]).rates, { hidden: 2 ** -3, readout: 2 ** -10 });
	const { rates } = of([readout], { optimizer: { type: "nesterov", momentum: 0.75 } });
	t.strictSame(rates, { hidden: 2 ** -5, readout: 2 ** -12 });
	t.strictSame(of([readout], { optimizer: { type: "adam" } }).rates, { hidden: 2 ** -10, readout: 2 ** -10 });
	t.equal(of([flow]).loss, "endpoint");
	t.equal(of([{ ...flow, values: 3 }]).loss, "mean-square");
	t.equal(of([{ ...flow, kernel: 5 }]).readout.std, 1 / Math.sqrt(2 * 25));
	t.match(of([flow], { loss: "contrast" }), { loss: "contrast" }, "a readout of the sensor's size");
});

t.test("average pooling: divisors are carried to the weights, and additions bring them together", async (t) => {
	const { layers, readout: last } = fullSpec(
		spec([
			conv(4, 3, { padding: 1 }),
			pool("average", 2, { name: "half" }),
			conv(4, 3, { padding: 1, name: "b" }),
			{ type: "add", with: "half" },
			{ type: "concat", with: ["b", "half"] },
			pool("sum", 2),
			pool("average", 1),
			readout,
		]),
	);
	t.match(layers, [
		{ divisor: 1, most: 1, inputDivisor: 1 },
		{ divisor: 4, most: 4 },
		{ divisor: 1, most: 1, inputDivisor: 4 },
		{ divisor: 4, most: 8, repeats: [4, 1] },
		{ divisor: 4, most: 8, repeats: [1, 4, 1] },
		{ divisor: 4, most: 32 },
		{ divisor: 4, most: 32 },
	]);
	t.equal(last.inputDivisor, 4);
	// Windows of 4 and of 9 that give maps of one size: 36 is what both divide.
	const joined = fullSpec({
		input: { width: 4, height: 4 },
		stepUs: 1,
		layers: [
			{ type: "pool", kind: "average", kernel: 2, name: "by 4" },
			{ type: "pool", kind: "average", kernel: 3, stride: 1, from: "input" },
			{ type: "concat", with: "by 4" },
			{ type: "readout", classes: 2 },
		],
	});
	t.match(joined.layers[2], { divisor: 36, repeats: [4, 9], most: 36, shape: { channels: 2, height: 2, width: 2 } });
	t.equal(joined.readout.inputDivisor, 36);
});
