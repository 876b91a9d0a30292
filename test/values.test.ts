// Readouts of values: they learn what is known of each pixel, or from the events alone, and say it in the mean over some steps.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import {
	EventError,
	type Events,
	events,
	Network,
	type NetworkSpec,
	OptionError,
	StateError,
	type StepRange,
	type Target,
} from "stllr";
import t from "tap";
import { EventStaging } from "../dist/network/staging.js";
import { Random } from "../dist/random.js";
import { loadModule } from "../dist/wasm/module.js";

const SIDE = 16;
const STEP_US = 5000;
const STEPS = 24;

const SPEC: NetworkSpec = {
	input: { width: SIDE, height: SIDE, polarities: 2 },
	stepUs: STEP_US,
	layers: [
		{ type: "conv", filters: 16, kernel: 5, stride: 2, padding: 2, std: 0.6 },
		{ type: "readout", values: 2, bias: true, leak: 0.8, traceDecay: 0.8 },
	],
	leak: 0.5,
	rates: { hidden: 2 ** -7, readout: 2 ** -7 },
	seed: 5,
};
const HALF = SIDE / 2;

/** Dots that move by (u, v) pixels a second over the sensor and come in again at the other side: dark where they leave, bright where they enter. */
function moving(u: number, v: number, seed = 1, dots = 48, steps = STEPS): Events {
	const random = new Random(seed, 0x646f7473, 0);
	const at = Array.from({ length: dots }, () => [SIDE * random.unit(), SIDE * random.unit()] as const);
	const rows: [t: number, x: number, y: number, p: number][] = [];
	for (let us = 0; us < steps * STEP_US; us += 1000) {
		for (const [x, y] of at) {
			const place = (from: number, speed: number, time: number) => {
				return Math.floor((((from + (speed * time) / 1e6) % SIDE) + SIDE) % SIDE);
			};
			const [column, row] = [place(x, u, us), place(y, v, us)];
			const [oldColumn, oldRow] = [place(x, u, us - 1000), place(y, v, us - 1000)];
			if (column === oldColumn && row === oldRow) continue;
			rows.push([us, oldColumn, oldRow, 0], [us, column, row, 1]);
		}
	}
	const column = (part: 0 | 1 | 2 | 3) => rows.map((row) => row[part]);
	return events({ t: column(0), x: column(1), y: column(2), p: column(3) });
}

/** The same two values at each of `positions`. */
function constant(u: number, v: number, positions = HALF * HALF): Float32Array {
	return Float32Array.from({ length: 2 * positions }, (_, index) => (index % 2 === 0 ? u : v));
}

/** The mean of each of two values. */
function means(values: Float32Array): [number, number] {
	const sum = (part: number) => values.reduce((sum, value, index) => sum + (index % 2 === part ? value : 0), 0);
	return [(2 * sum(0)) / values.length, (2 * sum(1)) / values.length];
}

const ALL: StepRange = { fromStep: 0, untilStep: STEPS };
/** When the membranes have come to what the events of now say. */
const LATER: StepRange = { fromStep: 8, untilStep: STEPS };

t.test("values: which way dots move is learned, and seen in dots not seen before", async (t) => {
	const network = await Network.create({
		...SPEC,
		layers: [
			{ type: "conv", filters: 32, kernel: 7, stride: 2, padding: 3, std: 0.6 },
			{ type: "readout", values: 2, kernel: 3, bias: true, leak: 0.8, traceDecay: 0.8 },
		],
		optimizer: { type: "adam" },
	});
	const ways = [
		[200, 0],
		[-200, 0],
		[0, 200],
		[0, -200],
	] as const;
	/** The part of the true flow's length that is missed, in the mean; of zero flow it is 1. */
	const missed = () => {
		const errors = ways.map(([u, v]) => {
			const { estimates } = network.estimate(moving(u, v, 1000), { startUs: 0, windows: [LATER] });
			const [foundU, foundV] = means(estimates[0]?.values ?? constant(0, 0));
			return Math.hypot(foundU - u / 200, foundV - v / 200);
		});
		return errors.reduce((sum, error) => sum + error, 0) / errors.length;
	};
	const before = missed();
	for (let round = 0; round < 40; round += 1) {
		for (const [u, v] of ways) {
			const values = constant(u / 200, v / 200);
			network.learnValues(moving(u, v, round), [{ ...LATER, values }], { startUs: 0 });
		}
	}
	t.ok(before > 0.8, `${before} before`);
	t.ok(missed() < 0.7, `${missed()} after`);
	network.close();
});

t.test("values: what it says is laid out as the readout's map", async (t) => {
	const network = await Network.create({
		...SPEC,
		input: { width: 12, height: 8, polarities: 2 },
		layers: [{ type: "readout", values: 3, kernel: 1, leak: 0, traceDecay: 0 }],
		loss: "mean-square",
		rates: { readout: 0.03 },
	});
	// In every step one event, in column 5 of row 2.
	const one = events({
		t: Array.from({ length: 30 }, (_, k) => k * STEP_US),
		x: new Uint16Array(30).fill(5),
		y: new Uint16Array(30).fill(2),
	});
	const values = new Float64Array(12 * 8 * 3);
	const at = 3 * (2 * 12 + 5);
	values.set([1, -2, 0.5], at);
	// Only there is anything known.
	const mask = new Uint8Array(12 * 8);
	mask[2 * 12 + 5] = 1;
	for (let k = 0; k < 20; k += 1) network.learnValues(one, [{ fromStep: 0, untilStep: 30, values, mask }]);
	const { estimates, height, width, channels, steps, dropped } = network.estimate(one);
	t.strictSame(
		{ height, width, channels, steps, dropped },
		{ height: 8, width: 12, channels: 3, steps: 30, dropped: 0 },
	);
	const [first] = estimates;
	t.match(first, { fromStep: 0, untilStep: 30 });
	t.equal(first?.values.length, values.length);
	for (const [index, value] of (first?.values ?? []).entries()) {
		const wanted = values[index] ?? Number.NaN;
		t.ok(Math.abs(value - wanted) < 0.02, `${index}: ${value} for ${wanted}`);
	}
	network.close();
});

t.test("values: an estimate is the mean of the membranes over its window", async (t) => {
	const network = await Network.create(SPEC);
	const seen = moving(120, 60);
	const single = Array.from({ length: STEPS }, (_, step) => ({ fromStep: step, untilStep: step + 1 }));
	const windows = [
		{ fromStep: 2, untilStep: 5 },
		{ fromStep: 5, untilStep: 6 },
		{ fromStep: 10, untilStep: STEPS },
	];
	const bySteps = network.estimate(seen, { windows: single, startUs: 0 }).estimates;
	const state = network.stateHash();
	const { estimates, steps } = network.estimate(seen, { windows, startUs: 0 });
	t.equal(steps, STEPS);
	for (const [number, { fromStep, untilStep, values }] of estimates.entries()) {
		t.match({ fromStep, untilStep }, windows[number] ?? {});
		for (const [index, value] of values.entries()) {
			const parts = bySteps.slice(fromStep, untilStep).map((of) => of.values[index] ?? Number.NaN);
			const mean = parts.reduce((sum, part) => sum + part, 0) / parts.length;
			if (Math.abs(mean - value) > 1e-5) t.fail(`${fromStep}, ${index}: ${value} for ${mean}`);
		}
	}
	t.not(state, network.stateHash(), "sums of the last window are state");
	network.close();
});

t.test("values: steps before, between and behind the targets are run and not learned", async (t) => {
	const targets = [
		{ fromStep: 3, untilStep: 5, values: constant(1, 0) },
		{ fromStep: 9, untilStep: 10, values: constant(0, 1) },
	];
	const network = await Network.create(SPEC);
	const seen = moving(100, 0);
	const { estimates, steps } = network.learnValues(seen, targets, { startUs: 0 });
	t.equal(steps, STEPS);
	t.strictSame(
		estimates.map(({ fromStep, untilStep }) => [fromStep, untilStep]),
		[
			[3, 5],
			[9, 10],
		],
	);
	t.match(network.meter(), { steps: STEPS, learningSteps: 3 });
	const learned = network.weightsHash();
	network.learnValues(seen, [], { startUs: 0 });
	t.equal(network.weightsHash(), learned, "without a target nothing is learned");
	t.equal(network.meter().steps, 2 * STEPS);

	// A window behind the last event is run too; with `steps`, the recording is as long as they say.
	const far = network.estimate(seen, { windows: [{ fromStep: 40, untilStep: 50 }], startUs: 0 });
	t.equal(far.steps, 50);
	const none = events({ t: [], x: [] });
	t.equal(network.learnValues(none, [{ fromStep: 1, untilStep: 4, values: constant(0, 0) }]).steps, 4);
	const nothing = network.estimate(none);
	t.equal(nothing.steps, 0);
	t.ok(nothing.estimates[0]?.values.every((value) => value === 0));
	network.close();
	const fixed = await Network.create({ ...SPEC, steps: 12 });
	t.equal(fixed.estimate(seen, { startUs: 0 }).steps, 12);
	t.throws(() => fixed.estimate(seen, { windows: [{ fromStep: 5, untilStep: 13 }] }), {
		name: "OptionError",
		option: "windows[0].untilStep",
		message: /13 is not allowed; allowed: an integer from 6 to 12/,
	});
	fixed.close();
});

t.test("values: what is masked does not matter, whatever it is; what is not does", async (t) => {
	for (const loss of ["endpoint", "mean-square", "binary-cross-entropy"] as const) {
		const mask = Uint8Array.from({ length: HALF * HALF }, (_, position) => Number(position % 3 !== 0));
		const hash = async (values: Float32Array, given: Uint8Array | undefined) => {
			const network = await Network.create({ ...SPEC, loss });
			const target = { ...ALL, values, ...(given !== undefined && { mask: given }) };
			for (let k = 0; k < 3; k += 1) network.learnValues(moving(150, 0), [target], { startUs: 0 });
			const found = network.stateHash();
			network.close();
			return found;
		};
		const values = constant(1, 0.25);
		const wild = values.map((value, index) => {
			const position = Math.floor(index / 2);
			if (mask[position] !== 0) return value;
			return [Number.NaN, Number.POSITIVE_INFINITY, -1e30, 5][position % 4] ?? 0;
		});
		const masked = await hash(values, mask);
		t.equal(await hash(wild, mask), masked, loss);
		t.not(await hash(values, undefined), masked, `${loss}: more is known`);
		t.equal(await hash(values, new Uint8Array(mask.length).fill(255)), await hash(values, undefined), loss);
		const other = values.slice();
		other[2] = 0.5;
		t.not(await hash(other, mask), masked, `${loss}: another value`);
	}
});

t.test("values: contrast learns which way dots move from the events alone", async (t) => {
	const targets: readonly Target[] = [{ fromStep: 12, untilStep: STEPS }];
	for (const speed of [40, -40]) {
		const network = await Network.create({
			...SPEC,
			loss: "contrast",
			optimizer: { type: "adam" },
			rates: { hidden: 2 ** -8, readout: 2 ** -5 },
		});
		const flow = () =>
			means(
				network.estimate(moving(speed, 0, 1000), { windows: targets, startUs: 0 }).estimates[0]?.values ??
					constant(0, 0),
			);
		const [before] = flow();
		for (let round = 0; round < 30; round += 1) network.learnValues(moving(speed, 0, round), targets, { startUs: 0 });
		const [after, down] = flow();
		const way = Math.sign(speed);
		// In these 60 ms they move by 2.4 pixels; where there are no dots nothing is known.
		const said = `${after} pixels to the right and ${down} down, before ${before}`;
		t.ok(way * after > 0.4 && way * (after - before) > 0.25 && Math.abs(down) < Math.abs(after) / 2, said);
		network.close();
	}
});

t.test("values: contrast takes the sensor's events where the network's are encoded", async (t) => {
	const seen = moving(100, 0);
	const windows = { ...LATER };
	const spec: NetworkSpec = { ...SPEC, loss: "contrast" };
	const hash = async (given: NetworkSpec, targets: readonly Target[]) => {
		const network = await Network.create(given);
		network.learnValues(seen, targets, { startUs: 0 });
		const found = network.stateHash();
		network.close();
		return found;
	};
	t.equal(await hash(spec, [{ ...windows, events: seen }]), await hash(spec, [windows]));
	const later = events({ t: [STEPS * STEP_US], x: [1] });
	const none = await hash(spec, [{ ...windows, events: later }]);
	t.not(none, await hash(spec, [windows]), "events beyond the window are left out");
	t.equal(none, await hash(spec, [{ ...windows, events: events({ t: [], x: [] }) }]));

	const wide = { ...spec, input: { width: SIDE, height: SIDE, polarities: 4 } };
	t.not(await hash(wide, [{ ...windows, events: seen }]), await hash(wide, []));
	await t.rejects(hash(wide, [windows]), {
		name: "OptionError",
		option: "targets[0].events",
		message: /the events of the sensor, as the network's 4 channels are no polarities/,
	});
});

t.test("values: the SIMD and the scalar build learn the same bytes", async (t) => {
	const specs: NetworkSpec[] = (["endpoint", "mean-square", "binary-cross-entropy", "contrast"] as const).map(
		(loss) => ({
			...SPEC,
			loss,
			layers: [
				{ type: "conv", filters: 6, kernel: 5, stride: 2, padding: 2, name: "down" },
				{ type: "conv", filters: 9, kernel: 3, stride: 2, padding: 1, standardize: true, bias: true },
				{ type: "upsample", factor: 2 },
				{ type: "concat", with: "down" },
				{ type: "readout", values: 2, kernel: 3, bias: true },
			],
			optimizer: { type: loss === "mean-square" ? "adam" : "sgd" },
		}),
	);
	const seen = moving(130, -70);
	const hashes = (kernels: string) => {
		const program = `
			import { Network } from "stllr";
			const { specs, seen, values } = ${JSON.stringify({ specs, seen: columns(seen), values: [...constant(0.5, 0.25)] })};
			const events = { t: new Float64Array(seen.t), x: new Uint16Array(seen.x), y: new Uint16Array(seen.y), p: new Uint8Array(seen.p) };
			const hashes = [];
			for (const spec of specs) {
				const network = await Network.create(spec);
				const target = { fromStep: 4, untilStep: 20, ...(spec.loss !== "contrast" && { values: new Float64Array(values) }) };
				for (let k = 0; k < 3; k += 1) network.learnValues(events, [target], { startUs: 0 });
				const { estimates } = network.estimate(events, { startUs: 0 });
				hashes.push([network.kernels, network.stateHash(), ...estimates[0].values.slice(0, 20)]);
			}
			console.log(JSON.stringify(hashes));
		`;
		const env = { ...process.env, STLLR_KERNELS: kernels };
		const cwd = fileURLToPath(new URL(".", import.meta.url));
		const done = spawnSync(process.execPath, ["--input-type=module", "--eval", program], {
			cwd,
			env,
			encoding: "utf8",
		});
		t.equal(done.stderr, "");
		return JSON.parse(done.stdout) as [kernels: string, hash: string, ...number[]][];
	};
	const [simd, scalar] = [hashes("simd128"), hashes("scalar")];
	t.strictSame([simd[0]?.[0], scalar[0]?.[0]], ["simd128", "scalar"]);
	t.equal(new Set(simd.map(([, hash]) => hash)).size, specs.length, "all configurations differ");
	t.strictSame(
		scalar.map((found) => found.slice(1)),
		simd.map((found) => found.slice(1)),
	);
});

/** Events as plain JSON. */
function columns({ t, x, y, p }: Events): Record<keyof Events, number[]> {
	return { t: [...t], x: [...x], y: [...y], p: [...p] };
}

t.test("values: the staging buffer's limits are no windows' limits", async (t) => {
	const { capacity } = EventStaging.of(await loadModule("deep"));
	const target = { fromStep: 1, untilStep: 7, values: constant(1, -1) };
	for (const count of [capacity - 1, capacity, capacity + 1, 2 * capacity, 2 * capacity + 5]) {
		// Each event several times over, so that there are enough: what counts is whether a pixel has any in a step.
		const few = moving(150, 40, 2, 48, 8);
		const many = repeated(few, count);
		const states = [];
		for (const seen of [few, many]) {
			const network = await Network.create({ ...SPEC, blockSteps: 3 });
			const learned = network.learnValues(seen, [target], { startUs: 0 });
			const { estimates } = network.estimate(seen, { startUs: 0, windows: [ALL] });
			states.push([network.stateHash(), ...learned.estimates.map(({ values }) => values), estimates[0]?.values]);
			network.close();
		}
		t.strictSame(states[1], states[0], `${count} events`);
	}
});

/** So many events, the same pixels in the same steps. */
function repeated(of: Events, count: number): Events {
	const from = Array.from({ length: count }, (_, index) => Math.floor((index * of.t.length) / count));
	const column = (key: keyof Events) => from.map((index) => of[key][index] ?? 0);
	return events({ t: column("t"), x: column("x"), y: column("y"), p: column("p") });
}

t.test("values: a bad event refuses the recording, which then has learned nothing; or it is dropped", async (t) => {
	const target = { ...ALL, values: constant(1, 0) };
	const good = moving(100, 100);
	const bad = { ...good, x: good.x.slice() };
	const at = good.t.length - 3;
	bad.x[at] = SIDE;
	for (const change of [{}, { steps: STEPS }, { blockSteps: 4 }]) {
		const network = await Network.create({ ...SPEC, ...change });
		const weights = network.weightsHash();
		const refused = (take: () => unknown) => {
			const error = thrown(take);
			t.ok(error instanceof EventError && error.index === at, String(error));
		};
		refused(() => network.learnValues(bad, [target], { startUs: 0 }));
		refused(() => network.estimate(bad, { windows: [LATER], startUs: 0 }));
		t.equal(network.weightsHash(), weights);
		const { dropped } = network.learnValues(bad, [target], { startUs: 0, onFault: "skip" });
		t.equal(dropped, 1);
		t.not(network.weightsHash(), weights);
		network.close();
	}
	const contrast = await Network.create({ ...SPEC, loss: "contrast" });
	const broken = { ...bad, t: good.t.map((us, index) => (index === 5 ? Number.NaN : us)) };
	t.equal(contrast.learnValues(broken, [LATER], { startUs: 0, onFault: "skip" }).dropped, 2);
	contrast.close();
});

function thrown(take: () => unknown): unknown {
	try {
		take();
	} catch (error) {
		return error;
	}
	return undefined;
}

const values = constant(0, 0);

/** Those, but for one. */
function changed(index: number, value: number): Float32Array {
	return values.map((old, at) => (at === index ? value : old));
}

/** Targets that are refused, and what the error must say. */
const REFUSED: readonly [targets: unknown, option: string, allowed: RegExp][] = [
	[12, "targets", /an array of \{ fromStep, untilStep \}/],
	[[3], "targets[0]", /an object/],
	[[{ untilStep: 3, values }], "targets[0].fromStep", /an integer from 0 to 4294967295/],
	[[{ fromStep: 3, untilStep: 3, values }], "targets[0].untilStep", /an integer from 4 to 4294967296/],
	[[{ fromStep: 0.5, untilStep: 3, values }], "targets[0].fromStep", /an integer/],
	[
		[
			{ fromStep: 0, untilStep: 3, values },
			{ fromStep: 2, untilStep: 5, values },
		],
		"targets[1].fromStep",
		/an integer from 3/,
	],
	[[{ ...ALL }], "targets[0].values", /a Float32Array or Float64Array/],
	[[{ ...ALL, values: [...values] }], "targets[0].values", /a Float32Array or Float64Array/],
	[[{ ...ALL, values: values.slice(1) }], "targets[0].values.length", /127 is not allowed; allowed: 128, 8 x 8 x 2/],
	[
		[{ ...ALL, values: changed(7, Number.NaN) }],
		"targets[0].values[7]",
		/a number from -16384 to 16384, or a mask of 0/,
	],
	[[{ ...ALL, values: changed(100, 16_385) }], "targets[0].values[100]", /from -16384 to 16384/],
	[[{ ...ALL, values, mask: new Uint8Array(63) }], "targets[0].mask.length", /63 is not allowed; allowed: 64, 8 x 8/],
	[[{ ...ALL, values, mask: new Array(64).fill(1) }], "targets[0].mask", /a Uint8Array/],
	[[{ ...ALL, values, flow: 1 }], "targets[0].flow", /fromStep, untilStep, values, mask/],
	[[{ ...ALL, values, events: moving(1, 1) }], "targets[0].events", /fromStep, untilStep, values, mask/],
];

t.test("values: targets that are none are refused before anything is changed", async (t) => {
	const network = await Network.create(SPEC);
	const contrast = await Network.create({ ...SPEC, loss: "contrast" });
	const binary = await Network.create({ ...SPEC, loss: "binary-cross-entropy" });
	const seen = moving(100, 0);
	const good = { fromStep: 0, untilStep: 1, values };
	network.learnValues(seen, [good], { startUs: 0 });
	const state = network.stateHash();
	const refused = (of: Network, targets: unknown, option: string, allowed: RegExp) => {
		const error = thrown(() => of.learnValues(seen, targets as readonly Target[], { startUs: 0 }));
		if (!(error instanceof OptionError)) throw new Error(`not refused: ${String(error)}`);
		t.equal(error.option, option);
		t.match(error.message, allowed);
	};
	for (const [targets, option, allowed] of REFUSED) refused(network, targets, option, allowed);
	refused(contrast, [{ ...ALL, values }], "targets[0].values", /fromStep, untilStep, events/);
	refused(contrast, [{ ...ALL, events: 3 }], "targets[0].events", /t: Float64Array/);
	const many = manyEvents(2 ** 20);
	refused(contrast, [{ ...ALL, events: many }], "targets[0].events", /1048576 in these steps.*less than 1048576/);
	refused(binary, [{ ...ALL, values: changed(3, 1.5) }], "targets[0].values[3]", /a number from 0 to 1/);
	t.throws(() => network.estimate(seen, { windows: [{ fromStep: 4, untilStep: 2 }] }), {
		name: "OptionError",
		message: /^windows\[0\]\.untilStep: 2 is not allowed/,
	});
	t.throws(() => network.learnValues({} as Events, [good]), { name: "OptionError", message: /^events: / });
	t.equal(network.stateHash(), state);
	for (const each of [network, contrast, binary]) each.close();
});

function manyEvents(count: number): Events {
	return {
		t: new Float64Array(count),
		x: new Uint16Array(count),
		y: new Uint16Array(count),
		p: new Uint8Array(count),
	};
}

t.test("values: what is for classes is refused, and the other way round", async (t) => {
	const network = await Network.create(SPEC);
	const seen = moving(100, 0);
	const state = network.stateHash();
	const isRefused = (take: () => unknown, message: RegExp) => t.throws(take, { name: "StateError", message });
	isRefused(() => network.learn(seen, 0), /learn: the readout gives values, not classes/);
	isRefused(() => network.classify(seen), /classify: the readout gives values/);
	isRefused(() => network.addClass("new"), /addClass: the readout gives values/);
	isRefused(() => network.removeClass(0), /removeClass: the readout gives values/);
	await t.rejects(network.follow([seen]).next(), { name: "StateError", message: /follow: the readout gives values/ });
	t.equal(network.stateHash(), state);
	network.close();
	t.throws(() => network.estimate(seen), StateError);
	t.throws(() => network.learnValues(seen, []), StateError);

	const classes = await Network.create({ ...SPEC, layers: [{ type: "readout", classes: 2 }] });
	isRefused(() => classes.learnValues(seen, []), /learnValues: the readout tells classes/);
	isRefused(() => classes.estimate(seen), /estimate: the readout tells classes/);
	classes.close();
});

t.test("values: a vector of values behind dense layers is learned", async (t) => {
	const network = await Network.create({
		...SPEC,
		layers: [
			{ type: "dense", units: 32 },
			{ type: "readout", values: 3, bias: true, leak: 0.5, traceDecay: 0.5 },
		],
		rates: { hidden: 2 ** -8, readout: 2 ** -9 },
	});
	const seen = moving(150, 0);
	const wanted = Float64Array.of(2, -1, 0.5);
	for (let k = 0; k < 60; k += 1) network.learnValues(seen, [{ ...ALL, values: wanted }], { startUs: 0 });
	const { estimates, height, width } = network.estimate(seen, { windows: [LATER], startUs: 0 });
	t.strictSame([height, width], [1, 1]);
	for (const [index, value] of (estimates[0]?.values ?? []).entries()) {
		t.ok(Math.abs(value - (wanted[index] ?? 0)) < 0.25, `${value} for ${wanted[index]}`);
	}
	network.close();
});

t.test("values: memory is known beforehand, rates change, and a network rests", async (t) => {
	const network = await Network.create(SPEC);
	t.strictSame(await Network.memory(SPEC), network.memory());
	const seen = moving(150, 0);
	const fresh = network.stateHash();
	network.setRates({ hidden: 0, readout: 0 });
	const target = { ...ALL, values: constant(1, 1) };
	const weights = network.weightsHash();
	network.learnValues(seen, [target], { startUs: 0 });
	t.equal(network.weightsHash(), weights);
	network.setRates({ readout: 2 ** -6 });
	network.learnValues(seen, [target], { startUs: 0 });
	t.not(network.weightsHash(), weights);
	t.match(network.meter(), { steps: 2 * STEPS, learningSteps: 2 * STEPS });
	network.reset();
	t.equal(network.meter().steps, 0);
	t.not(network.stateHash(), fresh, "it has learned");
	t.strictSame(await Network.memory(SPEC), network.memory());
	network.close();
});
