// Weights of 8 bits, as a user asks for them: a network learns nearly as well, in half of the bytes.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { costs, Network, type NetworkSpec, named } from "stllr";
import { gestureNames, gestureSet } from "stllr/gestures";
import t from "tap";

const program = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));
const shared = fileURLToPath(new URL("../../shared/data/nmnist-small/nmnist-small.zip", import.meta.url));
const skip = existsSync(shared) ? false : "needs ../shared/data, which is not there";

const set = gestureSet({ seed: 1, train: 1500, test: 300 });
const GESTURES: NetworkSpec = {
	input: { width: set.width, height: set.height, polarities: set.polarities },
	stepUs: 10_000,
	layers: [
		{ type: "recurrent", units: 64 },
		{ type: "readout", classes: gestureNames },
	],
	rates: { hidden: 2 ** -5 },
};

/** The share of gestures not seen before that a network of this spec tells after learning each of the others once. */
async function accuracy(spec: NetworkSpec): Promise<number> {
	const network = await Network.create(spec);
	const { rates = {} } = spec;
	for (const [index, { events, label }] of set.train.entries()) {
		// To a tenth over the run, as `train` does.
		const factor = 1 - (0.9 * index) / set.train.length;
		if (index % 100 === 0) network.setRates({ hidden: (rates.hidden ?? 1) * factor, readout: 2 ** -12 * factor });
		network.learn(events, label);
	}
	const right = set.test.filter(({ events, label }) => network.classify(events).label === label);
	network.close();
	return right.length / set.test.length;
}

t.test("8 bits: gestures are learned as with 16, within a few points", async (t) => {
	const [bytes, wide] = [await accuracy({ ...GESTURES, weights: 8 }), await accuracy(GESTURES)];
	t.comment(`8 bits ${bytes}, 16 bits ${wide}`);
	t.ok(bytes >= 0.75, `${bytes} of gestures not seen before, by chance 0.17`);
	t.ok(bytes >= wide - 0.07, `${bytes}; with 16 bits ${wide}`);
});

t.test("8 bits: weights take half of the bytes, standardised ones three quarters", async (t) => {
	const held = async (layer: object, weights: 16 | 8) => {
		const layers = [
			{ units: 256, ...layer },
			{ type: "readout", classes: 6 },
		];
		const spec = { ...GESTURES, layers, weights } as NetworkSpec;
		const network = await Network.create(spec);
		const memory = network.memory();
		t.strictSame(memory, await Network.memory(spec), "as foretold");
		network.close();
		const { layers: each, total } = await costs(spec);
		t.equal(total.bytes.total, memory.total);
		return each[0]?.bytes.weights ?? 0;
	};
	for (const [layer, least, most] of [
		[{ type: "dense" }, 0.5, 0.53],
		[{ type: "recurrent" }, 0.5, 0.53],
		[{ type: "recurrent", standardize: true }, 0.75, 0.78],
	] as const) {
		const ratio = (await held(layer, 8)) / (await held(layer, 16));
		t.ok(ratio >= least && ratio <= most, `${JSON.stringify(layer)}: ${ratio}`);
	}
	const vgg = async (weights: 16 | 8) => (await costs({ ...named("vgg"), weights })).total.bytes.weights;
	const ratio = (await vgg(8)) / (await vgg(16));
	t.ok(ratio > 0.74 && ratio < 0.8, `vgg, all standardised: ${ratio}`);
});

t.test("8 bits: the SIMD and the scalar build learn the same bytes", (t) => {
	const [readout, dense] = [
		{ type: "readout", classes: 6 },
		{ type: "dense", units: 21 },
	];
	const conv = { type: "conv", filters: 12, kernel: 5, stride: 2 };
	const specs = [
		{ layers: [{ type: "recurrent", units: 90 }, dense, readout] },
		{
			layers: [
				conv,
				{ type: "pool", kind: "average", kernel: 2 },
				{ ...conv, kernel: 3, stride: 1, groups: 2 },
				readout,
			],
		},
		{
			layers: [{ ...conv, standardize: true, bias: true }, { ...dense, standardize: true }, readout],
			mode: "sequence",
		},
		{ layers: [conv, dense, readout], optimizer: { type: "adam", weightDecay: 2 ** -12 }, rates: { hidden: 2 ** -8 } },
		{ layers: [{ ...dense, weightRange: 2 ** -4 }, readout], mode: "online", signal: "local", rounding: "nearest" },
	].map((spec) => ({ ...GESTURES, ...spec, weights: 8 }));
	const script = `
		import { Network } from "stllr";
		import { gestureSet } from "stllr/gestures";
		const hashes = [];
		for (const spec of ${JSON.stringify(specs)}) {
			const network = await Network.create(spec);
			const before = network.weightsHash();
			for (const { events, label } of gestureSet({ seed: 5, train: 24, test: 0 }).train) network.learn(events, label);
			hashes.push([network.stateHash(), network.weightsHash() !== before]);
		}
		console.log(JSON.stringify(hashes));
	`;
	const hashes = (kernels: string): [string, boolean][] => {
		const done = spawnSync(process.execPath, ["--input-type=module", "--eval", script], {
			cwd: fileURLToPath(new URL(".", import.meta.url)),
			env: { ...process.env, STLLR_KERNELS: kernels },
			encoding: "utf8",
		});
		t.equal(done.stderr, "");
		return JSON.parse(done.stdout);
	};
	const simd = hashes("simd128");
	t.ok(simd.every(([, learned]) => learned));
	t.equal(new Set(simd.map(([hash]) => hash)).size, specs.length, "all differ");
	t.strictSame(hashes("scalar"), simd);
	t.end();
});

t.test("8 bits: stllr train takes them, and writes them into the recipe", { skip }, async (t) => {
	const recipe = join(t.testdir(), "run.json");
	const train = (...args: string[]) =>
		spawnSync("env", ["-u", "NODE_OPTIONS", process.execPath, program, "train", shared, "--epochs", "1", ...args], {
			encoding: "utf8",
		});
	const { status, stdout, stderr } = train("--weights", "8", "--recipe", recipe, "--json", "--quiet");
	t.same([status, stderr], [0, ""]);
	const { accuracy, bytes } = JSON.parse(stdout);
	t.ok(accuracy >= 70, `${accuracy} % after an epoch`);
	t.equal(JSON.parse(readFileSync(recipe, "utf8")).spec.weights, 8);
	t.ok(bytes < 1.1e6, `${bytes} bytes`);
	t.match(train("--weights", "7").stderr, /^stllr: --weights: "7" is not allowed; allowed: 16 or 8$/m);
});
