// The cost of a time step: learning against forward, SIMD against scalar, on real sparsity where a data set is given.
//
//   node test/bench/step.mjs [PATH] [--rounds 5] [--json]
//
// PATH is a labelled set such as nmnist-small.zip; without it, gestures are made. Each round runs the SIMD and the scalar build
// in turn, each in a process of its own; within one, forward and learning alternate recording by recording, and a recording's
// time is the least of several passes, so that what else the machine does counts little. Times are end to end: from event
// arrays through the TypeScript API to the answer.
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { child, median, spread } from "./stats.mjs";

const RECORDINGS = 100;
const STEP_US = 10_000;
const PASSES = 8;

const { values, positionals } = parseArgs({
	allowPositionals: true,
	options: { rounds: { type: "string", default: "5" }, json: { type: "boolean" }, measure: { type: "boolean" } },
});
if (values.measure) await measure(positionals[0]);
else compare(positionals[0], Number(values.rounds));

function compare(path, rounds) {
	const self = [fileURLToPath(import.meta.url), "--measure", ...(path === undefined ? [] : [path])];
	const runs = Array.from({ length: rounds }, () => ({
		simd: child(self),
		scalar: child(self, { STLLR_KERNELS: "scalar" }),
	}));
	const of = (get) => runs.map(get);
	const figures = {
		forwardUs: of(({ simd }) => simd.forwardUs),
		learnUs: of(({ simd }) => simd.learnUs),
		learnOverForward: of(({ simd }) => simd.learnUs / simd.forwardUs),
		learnSimdOverScalar: of(({ simd, scalar }) => scalar.learnUs / simd.learnUs),
		forwardSimdOverScalar: of(({ simd, scalar }) => scalar.forwardUs / simd.forwardUs),
		recordingMs: of(({ simd }) => simd.recordingMs),
	};
	const { name, network, inputsPerStep } = runs[0].simd;
	console.log(
		`${name}, ${network}, ${inputsPerStep.toFixed(1)} inputs a step; medians (and ranges) of ${rounds} rounds`,
	);
	console.log(`forward      ${spread(figures.forwardUs)} us a step`);
	console.log(`learning     ${spread(figures.learnUs)} us a step, ${spread(figures.learnOverForward)} times forward`);
	console.log(`SIMD         ${spread(figures.learnSimdOverScalar)} times as fast as scalar when learning, `);
	console.log(`             ${spread(figures.forwardSimdOverScalar)} times forward`);
	console.log(`a recording  ${spread(figures.recordingMs, 3)} ms to learn, end to end`);
	if (values.json) {
		const medians = Object.entries(figures).map(([name, all]) => [name, median(all)]);
		console.log(JSON.stringify(Object.fromEntries(medians)));
	}
}

async function measure(path) {
	const { Network } = await import("stllr");
	const { openLabelled } = await import("stllr/datasets");
	const { gestureSet } = await import("stllr/gestures");
	const set = path === undefined ? gestureSet({ seed: 1, train: RECORDINGS, test: 0 }) : await openLabelled(path);
	const { width, height, polarities, classes } = set;
	const network = await Network.create({
		input: { width, height, polarities },
		stepUs: STEP_US,
		// A recording of one block, as N-MNIST's are.
		steps: 30,
		layers: [
			{ type: "dense", units: 256 },
			{ type: "readout", classes },
		],
	});
	const recordings = set.train.slice(0, RECORDINGS).map(({ events, label }) => ({ events, label }));
	const least = {
		forward: recordings.map(() => Number.POSITIVE_INFINITY),
		learn: recordings.map(() => Number.POSITIVE_INFINITY),
	};
	let steps = 0;
	for (let pass = 0; pass < PASSES; pass += 1) {
		steps = 0;
		for (const [i, { events, label }] of recordings.entries()) {
			const begin = performance.now();
			steps += network.classify(events).steps;
			const middle = performance.now();
			network.learn(events, label);
			least.forward[i] = Math.min(least.forward[i], middle - begin);
			least.learn[i] = Math.min(least.learn[i], performance.now() - middle);
		}
	}
	const sum = (values) => values.reduce((total, value) => total + value, 0);
	const meter = network.meter();
	console.log(
		JSON.stringify({
			name: set.name,
			network: `dense ${width * height * polarities}-256-${classes.length}, ${network.kernels}`,
			inputsPerStep: meter.inputSpikes / meter.steps,
			forwardUs: (sum(least.forward) / steps) * 1000,
			learnUs: (sum(least.learn) / steps) * 1000,
			recordingMs: sum(least.learn) / recordings.length,
		}),
	);
}
