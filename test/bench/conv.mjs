// Two small convolutions that learn digits of 300 ms, as `npm run learn -- nmnist`: how far ahead of the camera they are.
//
//   node test/bench/conv.mjs [PATH] [--rounds 5] [--json]
//
// PATH is a labelled set such as nmnist-small.zip; without it, that of the folder of recordings beside the clone, and else gestures
// that are made. Each round runs the SIMD and the scalar build in turn, each in a process of its own; within one, forward and
// learning alternate recording by recording, and a recording's time is the least of several passes. Times are the processor's, end to end: from
// event arrays through the TypeScript API to the answer.
import { existsSync } from "node:fs";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { child, median, processorMs, spread } from "./stats.mjs";

const BESIDE = relative(
	"",
	fileURLToPath(new URL("../../../shared/data/nmnist-small/nmnist-small.zip", import.meta.url)),
);
const RECORDINGS = 60;
const STEP_US = 10_000;
const STEPS = 30;
const PASSES = 8;

const { values, positionals } = parseArgs({
	allowPositionals: true,
	options: { rounds: { type: "string", default: "5" }, json: { type: "boolean" }, measure: { type: "boolean" } },
});
const path = positionals[0] ?? (existsSync(BESIDE) ? BESIDE : undefined);
if (values.measure) await measure(path);
else compare(Number(values.rounds));

function compare(rounds) {
	const self = [fileURLToPath(import.meta.url), "--measure", ...(path === undefined ? [] : [path])];
	const runs = Array.from({ length: rounds }, () => ({
		simd: child(self),
		scalar: child(self, { STLLR_KERNELS: "scalar" }),
	}));
	const of = (get) => runs.map(get);
	const figures = {
		forwardMs: of(({ simd }) => simd.forwardMs),
		learnMs: of(({ simd }) => simd.learnMs),
		learnOverForward: of(({ simd }) => simd.learnMs / simd.forwardMs),
		realTime: of(({ simd }) => (STEPS * STEP_US) / 1000 / simd.learnMs),
		learnSimdOverScalar: of(({ simd, scalar }) => scalar.learnMs / simd.learnMs),
		forwardSimdOverScalar: of(({ simd, scalar }) => scalar.forwardMs / simd.forwardMs),
	};
	const { name, network, inputsPerStep, spikesPerStep } = runs[0].simd;
	console.log(
		`${name}, ${network}, ${inputsPerStep.toFixed(1)} inputs and ${spikesPerStep.toFixed(0)} hidden spikes a step; ` +
			`medians (and ranges) of ${rounds} rounds`,
	);
	console.log(`forward   ${spread(figures.forwardMs)} ms a recording of ${(STEPS * STEP_US) / 1000} ms`);
	console.log(`learning  ${spread(figures.learnMs)} ms a recording, ${spread(figures.learnOverForward)} times forward`);
	console.log(`          ${spread(figures.realTime, 0)} times as fast as the camera`);
	console.log(`SIMD      ${spread(figures.learnSimdOverScalar)} times as fast as scalar when learning, `);
	console.log(`          ${spread(figures.forwardSimdOverScalar)} times forward`);
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
	// As test/learn/tasks/nmnist.ts.
	const network = await Network.create({
		input: { width, height, polarities },
		stepUs: STEP_US,
		steps: STEPS,
		blockSteps: STEPS,
		layers: [
			{ type: "conv", filters: 16, kernel: 5, stride: 2 },
			{ type: "conv", filters: 32, kernel: 5, stride: 2 },
			{ type: "flatten" },
			{ type: "readout", classes },
		],
		leak: 0.75,
		rates: { hidden: 2 ** -11, readout: 2 ** -12 },
	});
	const recordings = set.train.slice(0, RECORDINGS).map(({ events, label }) => ({ events, label }));
	const least = {
		forward: recordings.map(() => Number.POSITIVE_INFINITY),
		learn: recordings.map(() => Number.POSITIVE_INFINITY),
	};
	for (let pass = 0; pass < PASSES; pass += 1) {
		for (const [i, { events, label }] of recordings.entries()) {
			const begin = processorMs();
			network.classify(events);
			const middle = processorMs();
			network.learn(events, label);
			least.forward[i] = Math.min(least.forward[i], middle - begin);
			least.learn[i] = Math.min(least.learn[i], processorMs() - middle);
		}
	}
	const mean = (values) => values.reduce((total, value) => total + value, 0) / values.length;
	const meter = network.meter();
	console.log(
		JSON.stringify({
			name: set.name,
			network: `${width} x ${height} x ${polarities}, 16 and 32 filters by 5, stride 2, ${classes.length} classes, ${network.kernels}`,
			inputsPerStep: meter.inputSpikes / meter.steps,
			spikesPerStep: meter.hiddenSpikes / meter.steps,
			forwardMs: mean(least.forward),
			learnMs: mean(least.learn),
		}),
	);
}
