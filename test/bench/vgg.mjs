// The official VGG (9.2 million parameters) beside PyTorch: a step forward, and a step that learns.
//
//   node test/bench/vgg.mjs [PATH] [--rounds 3] [--rate 0.05] [--json]
//
// PATH is `dvs128-gesture-clips-0-1000ms.zip`, real gestures, as cells of 4 x 4 pixels; without it, inputs spike at random, a share `rate`
// of them in a step.
//
// Each round runs plain descent and Adam, the network's own optimiser, in turn, each in a process of its own, and where
// `python3 -c "import torch"` works the same of vgg.py; PYTHON names another python3. Within a process forward and learning alternate
// recording by recording, and a recording's time is the least of several passes. A recording has 10 steps; the last 5
// learn, and the weights change once, which counts to those 5. Times are the processor's, on one thread. PyTorch, whose work is the same
// for any input, gets random ones; without it its times are recorded ones: see RECORDED.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { child, lastLine, median, processorMs, spread } from "./stats.mjs";

/** The official code of S-TLLR on an AMD EPYC of the first generation, ms a step: the same network, one recording at a time. */
const RECORDED = { forwardMs: 83, learnMs: 263 };
const RECORDINGS = 3;
const PASSES = 4;
const STEPS = 10;
const LEARNED = 5;
/** Columns and rows of a real sensor that are one of the network's. */
const CELL = 4;
const PYTHON = process.env.PYTHON ?? "python3";

const { values, positionals } = parseArgs({
	allowPositionals: true,
	options: {
		rounds: { type: "string", default: "3" },
		rate: { type: "string", default: "0.05" },
		json: { type: "boolean" },
		measure: { type: "string" },
	},
});
const [path] = positionals;
if (values.measure) await measure(values.measure);
else compare(Number(values.rounds));

function compare(rounds) {
	const self = [fileURLToPath(import.meta.url), ...positionals, "--rate", values.rate, "--measure"];
	const hasTorch = spawnSync(PYTHON, ["-c", "import torch"]).status === 0;
	const runs = Array.from({ length: rounds }, () => {
		const ours = { sgd: child([...self, "sgd"]), adam: child([...self, "adam"]) };
		if (!hasTorch) return { ...ours, torch: { sgd: RECORDED, adam: RECORDED } };
		return {
			...ours,
			torch: { sgd: torch("sgd", "step"), adam: torch("adam", "step"), once: torch("sgd", "recording") },
		};
	});
	const of = (get) => runs.map(get);
	const figures = {
		forwardMs: of(({ sgd }) => sgd.forwardMs),
		learnMs: of(({ sgd }) => sgd.learnMs),
		learnAdamMs: of(({ adam }) => adam.learnMs),
		torchForwardMs: of(({ torch }) => torch.sgd.forwardMs),
		torchLearnMs: of(({ torch }) => torch.sgd.learnMs),
		torchLearnAdamMs: of(({ torch }) => torch.adam.learnMs),
		forwardOverTorch: of(({ sgd, torch }) => torch.sgd.forwardMs / sgd.forwardMs),
		learnOverTorch: of(({ sgd, torch }) => torch.sgd.learnMs / sgd.learnMs),
		learnAdamOverTorch: of(({ adam, torch }) => torch.adam.learnMs / adam.learnMs),
	};
	if (hasTorch) {
		figures.forwardOverOnce = of(({ sgd, torch }) => torch.once.forwardMs / sgd.forwardMs);
		figures.learnOverOnce = of(({ sgd, torch }) => torch.once.learnMs / sgd.learnMs);
	}
	const { parameters, megabytes, inputsPerStep, spikesPerStep, kernels } = runs[0].sgd;
	console.log(
		`VGG, ${parameters} parameters, ${megabytes.toFixed(1)} MB, ${kernels}; ${path ?? "random inputs"}: ` +
			`${inputsPerStep.toFixed(0)} inputs and ${spikesPerStep.toFixed(0)} hidden spikes a step; ` +
			`medians (and ranges) of ${rounds} rounds`,
	);
	console.log(
		hasTorch
			? `beside PyTorch ${runs[0].torch.sgd.torch}, run in turn on one thread`
			: `beside PyTorch's recorded ${RECORDED.forwardMs} ms forward and ${RECORDED.learnMs} ms learning: ${PYTHON} has none`,
	);
	const line = (what, ms, torchMs, ratio) =>
		`${what}  ${spread(ms)} ms a step, PyTorch ${spread(torchMs, 1)}: ${spread(ratio, 1)} times as fast`;
	console.log(line("forward           ", figures.forwardMs, figures.torchForwardMs, figures.forwardOverTorch));
	console.log(line("learning, descent ", figures.learnMs, figures.torchLearnMs, figures.learnOverTorch));
	console.log(line("learning, Adam    ", figures.learnAdamMs, figures.torchLearnAdamMs, figures.learnAdamOverTorch));
	if (hasTorch) {
		const { forwardOverOnce, learnOverOnce } = figures;
		console.log(
			`were PyTorch to standardise once a recording: forward ${spread(forwardOverOnce, 1)}, descent ${spread(learnOverOnce, 1)} times as fast`,
		);
	}
	if (values.json) {
		const medians = Object.entries(figures).map(([name, all]) => [name, median(all)]);
		console.log(JSON.stringify({ torch: hasTorch ? "run" : "recorded", ...Object.fromEntries(medians) }));
	}
}

/** The same by PyTorch. */
function torch(optimizer, standardise) {
	const file = fileURLToPath(new URL("vgg.py", import.meta.url));
	const options = ["--optimizer", optimizer, "--standardise", standardise, "--rate", values.rate];
	return lastLine(PYTHON, [file, ...options]);
}

async function measure(optimizer) {
	const { costs, named, Network } = await import("stllr");
	const spec = { ...named("vgg"), optimizer: { type: optimizer } };
	const network = await Network.create(spec);
	const { total } = await costs(spec, { steps: STEPS });
	const recordings =
		path === undefined
			? Array.from({ length: RECORDINGS }, (_, i) => recording(spec, i + 1, Number(values.rate)))
			: await gestures(spec, path);
	const least = {
		forward: recordings.map(() => Number.POSITIVE_INFINITY),
		learn: recordings.map(() => Number.POSITIVE_INFINITY),
	};
	for (let pass = 0; pass < PASSES; pass += 1) {
		for (const [i, events] of recordings.entries()) {
			const begin = processorMs();
			network.classify(events);
			const middle = processorMs();
			network.learn(events, i);
			least.forward[i] = Math.min(least.forward[i], middle - begin);
			least.learn[i] = Math.min(least.learn[i], processorMs() - middle);
		}
	}
	const mean = (values) => values.reduce((total, value) => total + value, 0) / values.length;
	const forwardMs = mean(least.forward) / STEPS;
	const meter = network.meter();
	console.log(
		JSON.stringify({
			parameters: total.parameters,
			megabytes: network.memory().total / 1e6,
			kernels: network.kernels,
			inputsPerStep: meter.inputSpikes / meter.steps,
			spikesPerStep: meter.hiddenSpikes / meter.steps,
			forwardMs,
			// What the steps before the window take is forward alone.
			learnMs: (mean(least.learn) - (STEPS - LEARNED) * forwardMs) / LEARNED,
		}),
	);
}

/** The first steps of some clips, spread over the set, as the network's sensor sees them. */
async function gestures({ input: { width, height, polarities }, stepUs }, file) {
	const { dataset } = await import("stllr/datasets");
	const { downsample, pipe } = await import("stllr/encode");
	const { train } = await dataset("dvs-clips", file);
	const cells = downsample({ width: CELL * width, height: CELL * height, polarities, factor: CELL });
	const chosen = Array.from(
		{ length: RECORDINGS },
		(_, i) => train[Math.floor((i * train.length) / RECORDINGS)].events,
	);
	return Promise.all(
		chosen.map((clip) => {
			const end = clip.t.findIndex((us) => us >= STEPS * stepUs);
			const [t, x, y, p] = [clip.t, clip.x, clip.y, clip.p].map((field) => field.slice(0, end < 0 ? undefined : end));
			return pipe({ t, x, y, p }, [cells]);
		}),
	);
}

/** Events of inputs that spike at random, by a linear congruential generator. */
function recording({ input: { width, height, polarities }, stepUs }, seed, rate) {
	let state = seed;
	const random = () => {
		state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
		return state / 2 ** 32;
	};
	const [t, x, y, p] = [[], [], [], []];
	for (let element = 0; element < STEPS * polarities * height * width; element += 1) {
		if (random() >= rate) continue;
		const line = Math.floor(element / width);
		const map = Math.floor(line / height);
		t.push(Math.floor(map / polarities) * stepUs);
		x.push(element % width);
		y.push(line % height);
		p.push(map % polarities);
	}
	return { t: Float64Array.from(t), x: Uint16Array.from(x), y: Uint16Array.from(y), p: Uint8Array.from(p) };
}
