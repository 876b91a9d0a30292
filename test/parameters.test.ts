// What a network has learned, as real numbers: read, set, and in the layouts of PyTorch.
import { events, Network, type NetworkSpec, OptionError } from "stllr";
import t from "tap";

const small = { stepUs: 1000, seed: 5 } as const;

/** An event at each of these inputs, (channel, y, x) of a sensor 4 wide and 3 high, in one step. */
function spikes(...at: (readonly [channel: number, y: number, x: number])[]) {
	return events({ t: at.map(() => 10), x: at.map(([, , x]) => x), y: at.map(([, y]) => y), p: at.map(([c]) => c) });
}

t.test("set and read, parameters are the same, in every kind of layer", async (t) => {
	const specs: NetworkSpec[] = [
		{
			...small,
			input: { width: 4, height: 3, polarities: 2 },
			layers: [
				{ type: "recurrent", units: 5, bias: true },
				{ type: "readout", classes: 3, bias: true },
			],
		},
		{
			...small,
			input: { width: 4, height: 4, polarities: 2 },
			layers: [
				{ type: "conv", name: "c", filters: 4, kernel: [3, 2], groups: 2, standardize: true },
				{ type: "pool", kind: "average", kernel: 2 },
				{ type: "recurrent", units: 6, standardize: true },
				{ type: "readout", classes: 2 },
			],
		},
		{
			...small,
			weights: 8,
			input: { width: 6, height: 6 },
			layers: [
				{ type: "conv", filters: 3, kernel: 3 },
				{ type: "readout", values: 2, kernel: 3 },
			],
		},
	];
	for (const spec of specs) {
		const [one, other] = [await Network.create(spec), await Network.create({ ...spec, seed: 99 })];
		const learned = one.parameters();
		t.equal(learned.length, spec.layers.filter((layer) => layer.type !== "pool").length);
		t.not(other.weightsHash(), one.weightsHash());
		for (const { largest, clipped } of other.setParameters(learned)) t.strictSame([largest, clipped], [0, 0]);
		t.equal(other.weightsHash(), one.weightsHash(), "the same weights in use");
		t.strictSame(other.parameters(), learned);
	}
});

t.test("dense inputs are numbered (channel, y, x), of a sensor and of a map", async (t) => {
	const input = { width: 4, height: 3, polarities: 2 };
	const readout = { type: "readout", classes: 2, leak: 0 } as const;
	const place = [1, 2, 3] as const;
	const index = (1 * 3 + 2) * 4 + 3;
	const onlyThere = Float64Array.from({ length: 2 * 24 }, (_, k) => (k === 24 + index ? 1 : 0));
	const direct = await Network.create({ ...small, input, layers: [readout] });
	direct.setParameters([{ layer: "layers[0]", weights: onlyThere }]);
	t.strictSame([...direct.classify(spikes(place)).scores], [0, 1]);
	t.strictSame([...direct.classify(spikes([1, 2, 2], [0, 2, 3], [1, 1, 3])).scores], [0, 0]);
	// The same behind a convolution that passes on what it sees.
	const one = { type: "conv", name: "same", filters: 2, kernel: 1, weightRange: 4 } as const;
	const through = await Network.create({
		...small,
		input,
		layers: [one, { type: "flatten" }, { ...readout, name: "out" }],
	});
	through.setParameters([
		{ layer: "same", weights: Float64Array.of(2, 0, 0, 2) },
		{ layer: "out", weights: onlyThere },
	]);
	t.strictSame([...through.classify(spikes(place)).scores], [0, 1]);
	t.strictSame([...through.classify(spikes([1, 2, 2], [0, 2, 3], [1, 1, 3])).scores], [0, 0]);
});

t.test("kernels are (filter, channel, y, x): a cross-correlation, as PyTorch's", async (t) => {
	const network = await Network.create({
		...small,
		input: { width: 4, height: 3, polarities: 2 },
		layers: [
			{ type: "conv", name: "c", filters: 1, kernel: [2, 3], weightRange: 4 },
			{ type: "readout", name: "out", classes: 4, leak: 0 },
		],
	});
	// It looks at the second channel, a row down and two columns to the right.
	network.setParameters([
		{ layer: "c", weights: Float64Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2) },
		{ layer: "out", weights: Float64Array.from({ length: 16 }, (_, k) => (k % 4 === Math.floor(k / 4) ? 1 : 0)) },
	]);
	t.strictSame([...network.classify(spikes([1, 2, 3])).scores], [0, 0, 0, 1]);
	t.strictSame([...network.classify(spikes([1, 1, 2])).scores], [1, 0, 0, 0]);
	t.strictSame([...network.classify(spikes([0, 1, 2])).scores], [0, 0, 0, 0]);
});

t.test("what cannot be held is rounded and counted; what does not fit is refused", async (t) => {
	const layers = [
		{ type: "dense", name: "d", units: 2, weightRange: 1 } as const,
		{ type: "readout", classes: 2 } as const,
	];
	const network = await Network.create({ ...small, input: { width: 2 }, layers });
	const [rounding] = network.setParameters([{ layer: "d", weights: Float64Array.of(0.3, -7, 1 / 8192, 0.1) }]);
	t.match(rounding, { layer: "d", clipped: 1, step: 2 ** -13, range: 8191 / 8192 });
	t.equal(rounding?.largest, 7 - 8191 / 8192);
	const hash = network.weightsHash();
	const refused = (given: object, option: string) => {
		t.throws(() => network.setParameters([{ layer: "d", ...given }]), {
			name: "OptionError",
			option: `parameters[0].${option}`,
		});
	};
	refused({ layer: "e" }, "layer");
	refused({ weights: new Float64Array(3) }, "weights.length");
	refused({ weights: Float64Array.of(0, 0, Number.NaN, 0) }, "weights[2]");
	refused({ recurrent: new Float64Array(4) }, "recurrent");
	t.throws(() => network.setParameters([{ layer: "d", gain: new Float64Array(2) }]), OptionError);
	t.equal(network.weightsHash(), hash);
});
