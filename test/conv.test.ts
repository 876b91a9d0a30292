// Convolutions and their company, as a user has them: they learn, count what they do, and are refused where they do not fit.
import { Network, type NetworkSpec, OptionError } from "stllr";
import { gestureNames, gestureSet, makeGesture } from "stllr/gestures";
import t from "tap";

const set = gestureSet({ seed: 1, train: 240, test: 90 });
const sample = makeGesture({ seed: 1, index: 100_000 });
const sensor = { width: set.width, height: set.height, polarities: set.polarities };

/** A residual block, pools, a skip connection and dropout, each small. */
const everything: NetworkSpec = {
	input: sensor,
	stepUs: 10_000,
	layers: [
		{ type: "conv", name: "edges", filters: 8, kernel: 5, stride: 2, padding: 2 },
		{ type: "conv", filters: 8, kernel: 3, padding: 1 },
		{ type: "add", with: "edges" },
		{ type: "pool", name: "small", kind: "sum", kernel: 2 },
		{ type: "upsample", factor: 2 },
		{ type: "concat", with: "edges" },
		{ type: "pool", kind: "average", kernel: 2 },
		{ type: "dropout", rate: 0.1 },
		{ type: "flatten" },
		{ type: "recurrent", units: 64, standardize: true, bias: true },
		{ type: "readout", classes: gestureNames },
	],
	optimizer: { type: "adam", weightDecay: 2 ** -16 },
	rates: { hidden: 2 ** -9, readout: 2 ** -9 },
};

function accuracy(network: Network): number {
	const right = set.test.filter(({ events, label }) => network.classify(events).label === label);
	return right.length / set.test.length;
}

t.test("a network of every kind of layer learns, and the same seed gives the same weights", async (t) => {
	const hashes: string[] = [];
	for (let run = 0; run < 2; run += 1) {
		const network = await Network.create(everything);
		for (const { events, label } of set.train) network.learn(events, label);
		hashes.push(network.stateHash());
		const found = accuracy(network);
		t.ok(found >= 0.4, `${found} of gestures not seen before, by chance 0.17`);
		network.close();
	}
	t.equal(hashes[0], hashes[1]);
});

t.test("work follows the events: without any there is none", async (t) => {
	const network = await Network.create(everything);
	const none = { t: new Float64Array(0), x: new Uint16Array(0), y: new Uint16Array(0), p: new Uint8Array(0) };
	network.classify(none);
	t.equal(network.meter().synapticOperations, 0);
	network.classify(sample.events);
	t.ok(network.meter().synapticOperations > 10_000);
	t.equal((await Network.memory(everything)).total, network.memory().total);
	t.ok(network.memory().optimizer > 0);
});

t.test("every signal, loss and optimiser that the package offers runs", async (t) => {
	const layers: NetworkSpec["layers"] = [
		{ type: "conv", filters: 8, kernel: 5, stride: 3 },
		{ type: "flatten" },
		{ type: "readout", classes: gestureNames },
	];
	const base: NetworkSpec = { input: sensor, stepUs: 10_000, layers };
	const options: Partial<NetworkSpec>[] = [
		...(["bp", "dfa", "sdfa", "drtp", "local"] as const).map((signal) => ({ signal })),
		...(["cross-entropy", "mean-square", "binary-cross-entropy"] as const).map((loss) => ({ loss })),
		...(["sgd", "momentum", "nesterov", "adam", "rmsprop", "rprop"] as const).map((type) => ({ optimizer: { type } })),
		...(["block", "online", "sequence"] as const).map((mode) => ({ mode })),
	];
	for (const option of options) {
		const network = await Network.create({ ...base, ...option });
		const before = network.weightsHash();
		for (const { events, label } of set.train.slice(0, 6)) network.learn(events, label);
		t.not(network.weightsHash(), before, JSON.stringify(option));
		network.setRates({ hidden: 2 ** -12 });
		t.type(network.classify(sample.events).label, "number");
		network.close();
	}
});

t.test("what does not fit is refused by the layer's name, before anything is made", async (t) => {
	const refused = async (layers: NetworkSpec["layers"], message: RegExp) =>
		t.rejects(Network.create({ input: sensor, stepUs: 1000, layers }), message, OptionError);
	const readout = { type: "readout", classes: 2 } as const;
	await refused([{ type: "conv", filters: 8, kernel: 21 }, { type: "flatten" }, readout], /layers\[0\].*kernel/);
	await refused(
		[{ type: "conv", filters: 9, kernel: 3, groups: 2 }, { type: "flatten" }, readout],
		/layers\[0\].*groups/,
	);
	await refused(
		[
			{ type: "conv", name: "a", filters: 8, kernel: 3 },
			{ type: "conv", filters: 8, kernel: 3 },
			{ type: "add", with: "a" },
			{ type: "flatten" },
			readout,
		],
		/layers\[2\]/,
	);
});
