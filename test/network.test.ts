// The network as users hold it: recordings, options, faults, what it holds and does.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { EventError, type Events, events, Network, type NetworkSpec, OptionError, StateError } from "stllr";
import { gestureSet } from "stllr/gestures";
import t from "tap";

const SPEC: NetworkSpec = {
	input: { width: 20, height: 20, polarities: 2 },
	stepUs: 10_000,
	layers: [
		{ type: "dense", units: 40 },
		{ type: "readout", classes: 6 },
	],
	rates: { hidden: 1 / 16 },
	seed: 3,
};
const gestures = gestureSet({ seed: 5, train: 60, test: 60 });

function learnAll(network: Network, count = 60): Network {
	for (const { events, label } of gestures.train.slice(0, count)) network.learn(events, label);
	return network;
}

t.test("same seed and events: same bytes; another seed: others", async (t) => {
	const [a, b, c] = await Promise.all([1, 1, 2].map(async (seed) => learnAll(await Network.create({ ...SPEC, seed }))));
	t.equal(a?.weightsHash(), b?.weightsHash());
	t.equal(a?.stateHash(), b?.stateHash());
	t.not(a?.weightsHash(), c?.weightsHash());
	t.match(a?.weightsHash(), /^[0-9a-f]{16}$/);
});

t.test("the SIMD and the scalar build learn the same bytes", (t) => {
	const program = `
		import { Network } from "stllr";
import { gestureSet } from "stllr/gestures";
		const hashes = [];
		for (const options of ${JSON.stringify([
			{},
			{ rule: { alphaPost: -1, lambdaPre: 0.9 }, psi: "exp", reset: "hard" },
			{ mode: "sequence", rounding: "nearest", psi: "sigmoid", blockSteps: 8 },
			{ mode: "online", signal: "dfa", psi: "tri_out" },
		])}) {
			for (const type of ["dense", "recurrent"]) {
				const layers = [{ type, units: 37, bias: true }, { type: "dense", units: 21 }, { type: "readout", classes: 6, bias: true }];
				const network = await Network.create({ ...${JSON.stringify(SPEC)}, ...options, layers });
				for (const { events, label } of gestureSet({ seed: 5, train: 24, test: 0 }).train) network.learn(events, label);
				hashes.push(network.stateHash());
			}
		}
		console.log(JSON.stringify([network_kernels(), hashes]));
		function network_kernels() { return process.env.STLLR_KERNELS ?? "simd128"; }
	`;
	const hashes = (kernels: string | undefined) => {
		const { STLLR_KERNELS: _, ...rest } = process.env;
		const env = kernels === undefined ? rest : { ...rest, STLLR_KERNELS: kernels };
		const cwd = fileURLToPath(new URL(".", import.meta.url));
		const done = spawnSync(process.execPath, ["--input-type=module", "--eval", program], {
			cwd,
			env,
			encoding: "utf8",
		});
		t.equal(done.stderr, "");
		return JSON.parse(done.stdout)[1];
	};
	const simd = hashes(undefined);
	t.equal(new Set(simd).size, 8, "all configurations differ");
	t.strictSame(hashes("scalar"), simd);
	t.end();
});

t.test("it learns, and classifying learns nothing", async (t) => {
	const network = await Network.create(SPEC);
	const right = () => gestures.train.filter(({ events, label }) => network.classify(events).label === label).length;
	const before = network.weightsHash();
	const first = right();
	t.equal(network.weightsHash(), before);
	for (let epoch = 0; epoch < 30; epoch += 1) learnAll(network);
	t.not(network.weightsHash(), before);
	t.ok(right() > first + 30, `${first} of 60 right, then ${right()}`);
});

t.test("a label by name", async (t) => {
	const classes = ["a", "b", "c", "d", "e", "f"];
	const named = await Network.create({
		...SPEC,
		layers: [
			{ type: "dense", units: 40 },
			{ type: "readout", classes },
		],
	});
	const numbered = await Network.create(SPEC);
	const recording = gestures.train[0]?.events;
	if (recording === undefined) throw new Error("no recording");
	t.equal(named.learn(recording, "c").name, classes[numbered.learn(recording, 2).label]);
	t.equal(named.weightsHash(), numbered.weightsHash());
	t.throws(() => named.learn(recording, "g"), OptionError);
	const before = named.stateHash();
	for (const label of [undefined, null, Number.NaN, {}] as unknown as number[]) {
		t.throws(() => named.learn(recording, label), { name: "OptionError", option: "label" }, String(label));
	}
	t.equal(named.stateHash(), before, "nothing was learned, nothing run");
	t.throws(() => named.learn(recording, 6), { message: /label: 6 is not allowed; allowed: an integer from 0 to 5/ });
	t.throws(() => named.learn(recording, Number.NaN), OptionError);
});

t.test("a recording longer than the staging buffer", async (t) => {
	// 40,000 events take three pieces; the same steps with each event once must give the same network.
	const each = (copies: number): Events => {
		const t = Array.from({ length: 1000 * copies }, (_, i) => 400 * Math.floor(i / copies));
		return events({ t, x: t.map((us) => (us / 400) % 20), y: t.map((us) => ((us / 8000) % 20) | 0) });
	};
	const [long, short] = [await Network.create(SPEC), await Network.create(SPEC)];
	t.strictSame(long.learn(each(40), 1), short.learn(each(1), 1));
	t.equal(long.stateHash(), short.stateHash());
	const bad = each(40);
	bad.x[39_990] = 20;
	t.throws(() => long.learn(bad, 1), { message: /^event 39990: x 20 is outside the sensor/ });
});

t.test("bad events are refused with their index, or dropped and counted", async (t) => {
	// Of one block, and so long that blocks end within: refused before or after the first events are taken.
	const networks = await Promise.all([SPEC, { ...SPEC, steps: 4 }, { ...SPEC, blockSteps: 1 }].map(Network.create));
	const good = { t: [0, 5_000, 12_000, 30_000], x: [1, 2, 3, 4], y: [1, 2, 3, 4], p: [0, 1, 0, 1] };
	const faults: readonly [name: string, change: (made: Events) => void, message: RegExp][] = [
		[
			"NaN",
			(e) => {
				e.t[2] = Number.NaN;
			},
			/event 2: t NaN is no whole number of us/,
		],
		[
			"a fraction",
			(e) => {
				e.t[2] = 12_000.5;
			},
			/event 2: t 12000.5 is no whole number/,
		],
		[
			"negative",
			(e) => {
				e.t[2] = -1;
			},
			/event 2: t -1 is no whole number of us/,
		],
		[
			"infinite",
			(e) => {
				e.t[2] = Number.POSITIVE_INFINITY;
			},
			/event 2: t Infinity is no whole number/,
		],
		[
			"back in time",
			(e) => {
				e.t[2] = 4_999;
			},
			/event 2: t 4999 goes back in time; allowed: 5000 to/,
		],
		[
			"too late",
			(e) => {
				e.t[2] = 9e15;
			},
			/event 2: t 9000000000000000 lies too far after/,
		],
		[
			"x",
			(e) => {
				e.x[2] = 20;
			},
			/event 2: x 20 is outside the sensor; allowed: 0 to 19/,
		],
		[
			"y",
			(e) => {
				e.y[2] = 65_535;
			},
			/event 2: y 65535 is outside the sensor/,
		],
		[
			"p",
			(e) => {
				e.p[2] = 2;
			},
			/event 2: p 2 is no polarity of the sensor; allowed: 0 to 1/,
		],
	];
	const without = events({ t: [0, 5_000, 30_000], x: [1, 2, 4], y: [1, 2, 4], p: [0, 1, 1] });
	for (const network of networks) {
		learnAll(network, 5);
		const clean = network.classify(without);
		for (const [name, change, message] of faults) {
			const bad = events(good);
			change(bad);
			const [before, same] = [network.weightsHash(), () => network.classify(without)];
			t.throws(() => network.learn(bad, 0), { message }, `${name}: the index and what is allowed`);
			t.throws(() => network.classify(bad), EventError);
			t.equal(network.weightsHash(), before, `${name}: nothing was learned`);
			t.strictSame(network.classify(bad, { onFault: "skip" }), { ...clean, dropped: 1 }, `${name}: dropped`);
			t.strictSame(same(), clean, `${name}: and nothing is left of it`);
		}
	}
	const network = await Network.create(SPEC);
	t.throws(() => network.classify({ ...without, x: new Uint16Array(2) }), /events.x.length: 2 is not allowed/);
	// @ts-expect-error: plain arrays are no events
	t.throws(() => network.classify({ t: [0], x: [0], y: [0], p: [0] }), OptionError);
	t.equal(network.classify(events({ t: [], x: [] })).steps, 0);
});

t.test("steps: given, or as long as the events last; the start is on the grid", async (t) => {
	const at = (...us: number[]) => events({ t: us, x: us.map(() => 0) });
	const free = await Network.create(SPEC);
	t.equal(free.classify(at(1_234, 9_999)).steps, 1);
	t.equal(free.classify(at(19_999, 20_000)).steps, 2);
	t.equal(free.classify(at(19_999, 20_000), { startUs: 0 }).steps, 3);
	t.throws(() => free.classify(at(5), { startUs: 6 }), /event 0: t 5 goes back in time; allowed: 6 to/);
	const fixed = await Network.create({ ...SPEC, steps: 4 });
	t.equal(fixed.classify(at(0)).steps, 4);
	t.strictSame(
		fixed.classify(at(0, 39_999, 40_000, 900_000)),
		fixed.classify(at(0, 39_999)),
		"later ones are left out",
	);
});

t.test("the window: a learning window as long as the recording is all of it", async (t) => {
	const of = async (window: "all" | { last: number }) =>
		learnAll(await Network.create({ ...SPEC, window, steps: 30 }), 12);
	const [all, thirty, five] = [await of("all"), await of({ last: 30 }), await of({ last: 5 })];
	t.equal(all.stateHash(), thirty.stateHash());
	t.not(all.weightsHash(), five.weightsHash());
	t.equal(all.meter().learningSteps, 12 * 30);
	t.equal(five.meter().learningSteps, 12 * 5);
});

t.test("memory is known before and does not grow", async (t) => {
	const promised = await Network.memory(SPEC);
	const network = await Network.create(SPEC);
	t.strictSame(network.memory(), promised);
	learnAll(network);
	t.strictSame(network.memory(), promised);
	const { total, staging, ...parts } = promised;
	t.equal(
		total,
		Object.values(parts).reduce((sum, part) => sum + part, 0),
	);
	t.ok(parts.weights > 2 * 800 * 40 && parts.gradients === 0 && staging > 0);
	t.ok((await Network.memory({ ...SPEC, mode: "sequence" })).gradients > 4 * 800 * 40);
	await t.rejects(
		Network.create({
			...SPEC,
			memoryLimitMiB: 1,
			layers: [
				{ type: "dense", units: 40, name: "small" },
				{ type: "dense", units: 4096, from: "input", name: "large" },
				{ type: "concat", with: "small" },
				{ type: "readout", classes: 6 },
			],
		}),
		{
			name: "OptionError",
			option: 'layers[1] "large"',
			message:
				/"a network of \d+\.\d MiB, of which .*" is not allowed; allowed: at most 1 MiB in all \(memoryLimitMiB\)$/,
		},
	);
});

t.test("the meter counts since reset", async (t) => {
	const network = learnAll(await Network.create({ ...SPEC, steps: 30 }), 2);
	const meter = network.meter();
	t.equal(meter.steps, 60);
	t.equal(meter.learningSteps, 60);
	t.equal(meter.synapticOperations, 40 * meter.inputSpikes + 6 * meter.hiddenSpikes);
	t.ok(meter.weightUpdates > 0 && meter.updateOperations > meter.weightUpdates / 2);
	network.reset();
	t.equal(
		Object.values(network.meter()).every((count) => count === 0),
		true,
	);
});

t.test("many networks, and memory that grows between", async (t) => {
	const first = learnAll(await Network.create(SPEC), 20);
	const big = await Network.create({
		...SPEC,
		layers: [
			{ type: "dense", units: 8192 },
			{ type: "readout", classes: 6 },
		],
	});
	for (const { events, label } of gestures.train.slice(20, 40)) first.learn(events, label);
	const undisturbed = learnAll(await Network.create(SPEC), 40);
	t.equal(first.stateHash(), undisturbed.stateHash());
	t.equal(first.classify(gestures.test[0]?.events ?? events({ t: [], x: [] })).scores.length, 6);
	big.close();
	t.throws(() => big.weightsHash(), StateError);
	t.doesNotThrow(() => big.close());
});

t.test("rates: 0 learns nothing, and a change takes effect", async (t) => {
	const still = await Network.create({ ...SPEC, rates: { hidden: 0, readout: 0 } });
	const before = still.weightsHash();
	learnAll(still, 5);
	t.equal(still.weightsHash(), before);
	still.setRates({ readout: 2 ** -10 });
	t.strictSame(still.rates, { hidden: 0, readout: 2 ** -10 });
	learnAll(still, 5);
	t.not(still.weightsHash(), before);
	t.throws(() => still.setRates({ hidden: -1 }), /rates.hidden: -1 is not allowed; allowed: a number from 0 to 16/);
});

t.test("it works in a worker, and gives the same bytes there", async (t) => {
	const program = `
		const { parentPort } = require("node:worker_threads");
		Promise.all([import("stllr"), import("stllr/gestures")]).then(async ([{ Network }, { gestureSet }]) => {
			const network = await Network.create(${JSON.stringify(SPEC)});
			for (const { events, label } of gestureSet({ seed: 5, train: 60, test: 0 }).train) network.learn(events, label);
			parentPort.postMessage(network.stateHash());
		});
	`;
	process.chdir(fileURLToPath(new URL(".", import.meta.url)));
	const worker = new Worker(program, { eval: true });
	const hash = await new Promise((done, failed) => worker.once("message", done).once("error", failed));
	await worker.terminate();
	t.equal(hash, learnAll(await Network.create(SPEC)).stateHash());
});
