// Optical flow: where every pixel's content goes, from the events of a moving camera.
//
// Options were chosen on the 20 recordings for learning alone (`--validate`): those of two of their seven pictures are scored.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Events, type Meter, Network, type NetworkSpec, named } from "stllr";
import { grouped } from "../../../dist/learning/report.js";
import { Random } from "../../../dist/random.js";
import { addMeters } from "../classify.js";
import { type FlowRecording, listFlow, readFlow } from "../data/flow.js";
import { type CellOptions, cellTargets, endpointErrors } from "../encoders/cells.js";
import { history } from "../encoders/history.js";
import { beside, looked } from "../encoders/looks.js";
import { stretch } from "../encoders/stretch.js";
import { type Experiment, type Run, Stopped, type Task, type Watch } from "../task.js";

const FOLDER = "flow-sim";
const SOURCE = "pictures moved before a simulated event camera, as ../shared/data/README.md tells";
const STEP_US = 5000;
/** Steps that an event is seen in, each in channels of its own. */
const BINS = 5;
/**
 * In full and in short form: pixels of the sensor that the network sees, each way (what is learned at a time is four parts of half
 * of it); looks at each recording in an epoch, in the mean; and whether they are looks at stretches of it, or at all of it.
 */
const FORMS = {
	full: { side: 128, looks: 7, stretches: true },
	short: { side: 64, looks: 5, stretches: false },
} as const;
type Form = (typeof FORMS)[keyof typeof FORMS];
/** What parts begin at a multiple of. */
const GRID = 4;
/** Cells of the readout's map are 8 pixels wide. */
const CELLS: CellOptions = { stepUs: STEP_US, cell: 8, leak: 0.9 };
/** Flows that are learned at a time: a stretch of the recording. */
const FLOWS = 8;
/** Those of two of the seven pictures, gravel and coins, to choose options by. */
const HELD_OUT = [2, 9, 16, 5, 12, 19].map((number) => `train_${String(number).padStart(2, "0")}`);
/** Learning rates fall in a straight line to this part of themselves. */
const FINAL_RATE = 0.1;

/**
 * `flownet`, but for its readout, which takes means over 8, 16 and 32 pixels: the events of a small place often tell no more than
 * that an edge goes by, those of a larger one where to. Its weights begin small: those of the usual size say too much at first, and
 * what learns that first is the neurons below, which go silent.
 */
function network(side: number): NetworkSpec {
	const input = { width: side, height: side, polarities: 2 * BINS };
	const flownet = named("flownet", { size: "small", input });
	const { leak } = CELLS;
	return {
		...flownet,
		layers: [
			...flownet.layers.slice(0, -1),
			{ type: "pool", kind: "average", kernel: 2, name: "over8" },
			{ type: "pool", kind: "average", kernel: 2 },
			{ type: "upsample", factor: 2, name: "over16" },
			{ type: "pool", kind: "average", kernel: 4, from: "over8" },
			{ type: "upsample", factor: 4, name: "over32" },
			{ type: "concat", from: "over8", with: ["over16", "over32"] },
			{ type: "readout", values: 2, leak, traceDecay: leak, std: 0.01 },
		],
		blockSteps: 10,
		stepUs: STEP_US,
	};
}

/** The channels that the network takes. */
function encode({ events, flow }: FlowRecording): Events {
	const steps = Math.floor((flow.at(-1)?.toUs ?? 0) / STEP_US);
	return history(events, { stepUs: STEP_US, bins: BINS, polarities: 2, steps });
}

/** A stretch of a recording, from anywhere. */
export function anyStretch(recording: FlowRecording, random: Random): FlowRecording {
	const { flow } = recording;
	const flows = Math.min(FLOWS, flow.length);
	const spareUs = (flow.at(-1)?.toUs ?? 0) * (1 - flows / flow.length);
	return stretch(recording, { beginUs: random.below(1 + Math.floor(spareUs)), flows });
}

/**
 * A look at a recording: four parts of it side by side in the four pairs of mirrors, all played backwards or not, transposed or
 * not, as a negative or not. What they have in common is not where they go: their flows cancel out.
 *
 * @param side of all four together, in pixels
 */
export function look(recording: FlowRecording, side: number, random: Random): FlowRecording {
	const common = { transposed: random.chance(0.5), backwards: random.chance(0.5), negative: random.chance(0.5) };
	const part = side / 2;
	const place = (size: number) => GRID * random.below((size - part) / GRID + 1);
	return beside(
		[0, 1, 2, 3].map((index) =>
			looked(recording, {
				...{ left: place(recording.width), top: place(recording.height), side: part },
				...{ mirrored: index % 2 === 1, upturned: index > 1, ...common },
			}),
		),
	);
}

/** All of a recording as it is, in parts of the network's size. */
function whole(recording: FlowRecording, side: number): FlowRecording[] {
	const along = (size: number) => Array.from({ length: Math.floor(size / side) }, (_, at) => at * side);
	const plain = { mirrored: false, upturned: false, transposed: false, backwards: false, negative: false };
	return along(recording.height).flatMap((top) =>
		along(recording.width).map((left) => looked(recording, { left, top, side, ...plain })),
	);
}

/** Part of a recording, encoded. */
interface View {
	readonly events: Events;
	readonly recording: FlowRecording;
}

/** What is left of zero flow's error, in percent, over all views together. */
async function errorRatio(network: Network, views: readonly View[], rest: () => Promise<void>): Promise<number> {
	let [error, ofZero] = [0, 0];
	for (const { events, recording } of views) {
		await rest();
		// What it has come to when the flow's time is over.
		const windows = recording.flow.map(({ toUs }) => ({ fromStep: toUs / STEP_US - 1, untilStep: toUs / STEP_US }));
		const { estimates } = network.estimate(events, { startUs: 0, windows });
		const sums = endpointErrors(recording, estimates, CELLS);
		error += sums.error;
		ofZero += sums.ofZero;
	}
	return (100 * error) / ofZero;
}

async function run(
	train: readonly FlowRecording[],
	views: readonly View[],
	{ side, looks, stretches }: Form,
	seed: number,
	epochs: number,
	watch: Watch,
): Promise<Run> {
	const net = await Network.create({ ...watch.spec(network(side)), seed });
	try {
		const began = performance.now();
		const { hidden, readout } = net.rates;
		const byEpoch: number[] = [];
		const total = epochs * looks * train.length;
		let [learned, learningMs] = [0, 0];
		let meter: Meter | undefined;
		const rest = async () => {
			await new Promise((resolve) => setImmediate(resolve));
			if (watch.signal.aborted) throw new Stopped("stopped");
		};
		for (let epoch = 1; epoch <= epochs; epoch += 1) {
			for (let at = 0; at < looks * train.length; at += 1) {
				await rest();
				const random = new Random(seed, 0x666c6f77, learned);
				const recording = train[random.below(train.length)];
				if (recording === undefined) continue;
				const left = 1 - (1 - FINAL_RATE) * (learned / total);
				net.setRates({ hidden: left * hidden, readout: left * readout });
				net.resetMeter();
				const before = performance.now();
				const seen = look(stretches ? anyStretch(recording, random) : recording, side, random);
				net.learnValues(encode(seen), cellTargets(seen, CELLS), { startUs: 0 });
				learningMs += performance.now() - before;
				meter = addMeters(meter, net.meter());
				learned += 1;
				watch.progress(learned / total, () => `epoch ${epoch}/${epochs}  look ${learned}/${total}`);
			}
			byEpoch.push(await errorRatio(net, views, rest));
		}
		return {
			figures: { error: byEpoch.at(-1) ?? Number.NaN },
			byEpoch,
			recordings: learned,
			seconds: (performance.now() - began) / 1000,
			learningSeconds: learningMs / 1000,
			bytes: net.memory().total,
			meter: meter ?? net.meter(),
			weightsHash: net.weightsHash(),
		};
	} finally {
		net.close();
	}
}

export const flow: Task = {
	name: "flow",
	about: [
		"optical flow of a moving camera, 20 recordings to learn and 8 to test",
		"60 steps of 5 ms; an event is seen in five of them, each time in other channels. The network says",
		"40 times a second how far things go in 25 ms, for cells of 8 x 8 pixels.",
		"Test: the set's test recordings, whose pictures are never seen; the error is that of all pixels",
		"with events, as a part of the error of saying that nothing moves, where a flow's time is over.",
		"Learned are stretches of 200 ms; of each, parts side by side: mirrored, transposed, backwards,",
		"as negatives.",
		"Options were chosen by the recordings of two of the seven pictures to learn (--validate).",
	],
	data: [{ path: join(FOLDER, "index.json"), source: SOURCE }],
	goals: [
		{
			figure: "error",
			about: "% of zero flow's endpoint error, on the test recordings",
			full: 40,
			short: 90,
			atMost: true,
		},
	],
	epochs: { full: 2, short: 1 },
	async open({ folder, short, validate }): Promise<Experiment> {
		const set = listFlow(join(folder, FOLDER), existsSync);
		const read = async (names: readonly string[]) => {
			const recordings: FlowRecording[] = [];
			for (const name of names) recordings.push(await readFlow(join(folder, FOLDER), name));
			return recordings;
		};
		const train = await read(set.train.filter((name) => !validate || !HELD_OUT.includes(name)));
		const scored = await read(validate ? set.train.filter((name) => HELD_OUT.includes(name)) : set.test);
		const form = short ? FORMS.short : FORMS.full;
		const views = scored
			.flatMap((recording) => whole(recording, form.side))
			.map((recording) => ({ events: encode(recording), recording }));
		const { total } = await Network.memory(network(form.side));
		return {
			about: `${train.length} recordings to learn, ${scored.length} to test; network ${grouped(total)} bytes`,
			run: (seed, epochs, watch) => run(train, views, form, seed, epochs, watch),
		};
	},
};
