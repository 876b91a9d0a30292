// Hand gestures before a radar whose output is spikes: no encoder, but a delay line.
//
// Options were chosen by `--validate`: session 7, learned from sessions 1 to 6.

import { join } from "node:path";
import { type Events, Network, type NetworkSpec } from "stllr";
import { shuffled } from "stllr/datasets";
import type { Random } from "../../../dist/random.js";
import { describe, Pupil, type Sample } from "../classify.js";
import { type RadarGesture, readRadarGestures } from "../data/neuroradar.js";
import { delayLine } from "../encoders/delay.js";
import { likeness } from "../encoders/likeness.js";
import { inOrder, meanActive, type Spikes, spikeEvents } from "../encoders/spikes.js";
import type { Request, Run, Task, Watch } from "../task.js";

const TRAINS = 6;
/** In steps of 15 ms. */
const DELAYS = [0, 4, 8, 12, 16, 24, 32, 48];
const STEP_US = 15_000;
const STEPS = 100;
const LEAK = 0.875;
const LIKENESS = { shift: 3, drop: 0.05 };
/** Both rates fall to this part of themselves, and stay there for learning on in a new session. */
export const FINAL_RATE = 0.1;
/** Names the order of the new session's gestures. */
const ONLINE_ORDER = 1000;

/** Spikes of a gesture as the sensor gives them. */
export function spikesOf({ seconds, trains }: RadarGesture): Spikes {
	return inOrder(seconds.map((second, at) => [Math.floor((second * 1e6) / STEP_US), trains[at] ?? 0]));
}

/** Their events, as 48 channels: each of the radar's six trains by eight delays. */
function encodeGesture(spikes: Spikes): Events {
	return spikeEvents(delayLine(spikes, DELAYS, STEPS), STEP_US);
}

/** A gesture, encoded. */
export interface Gesture extends Sample {
	readonly session: number;
}

function network(train: readonly Sample[], classes: readonly string[]): NetworkSpec {
	const gain = Math.sqrt(1 - LEAK ** 2);
	return {
		input: { width: TRAINS * DELAYS.length },
		stepUs: STEP_US,
		steps: STEPS,
		layers: [
			{
				type: "dense",
				units: 256,
				leak: LEAK,
				rule: { lambdaPre: LEAK },
				std: gain / Math.sqrt(meanActive(train, STEP_US, STEPS)),
			},
			{ type: "readout", classes, leak: 0.9375, traceDecay: 0.9375 },
		],
		mode: "sequence",
		rates: { hidden: 0.03 * gain ** 2, readout: 0.001 },
	};
}

export const neuroradar: Task = {
	name: "neuroradar",
	about: [
		"hand gestures seen by a neuromorphic radar",
		"The sensor's own six spike trains through a delay line: 48 channels, 100 steps of 15 ms.",
		"Test: session 8; learned: sessions 1 to 7, each gesture moved in time and thinned at random. Then session 8 once more,",
		"each gesture named first and then learned, in an order drawn at random: the recorded one has 20 of a kind in a row.",
		"Options were chosen on session 7, learned from sessions 1 to 6 (--validate), never on session 8.",
	],
	data: [{ path: "neuroradar-gesture/neuroradar-gesture.zip", source: "github.com/kaizheng28/spike-sampler, dataset" }],
	goals: [
		{ figure: "accuracy", about: "% right on the session for testing", full: 95, short: 85 },
		{ figure: "gain", about: "points more when each gesture of it is learned after it was named", full: 0.01 },
	],
	epochs: { full: 15, short: 3 },
	async open(request) {
		const { train, test, spec } = await openSessions(request);
		return {
			about: await describe(spec, { train, test }),
			run: (seed, epochs, watch) => learn({ ...spec, seed }, { train, test, epochs }, watch),
		};
	},
};

/** The sessions that are learned, the one that is tested, and the network for them. */
export async function openSessions({ folder, short, validate }: Request): Promise<{
	readonly train: readonly Gesture[];
	readonly test: readonly Gesture[];
	readonly spec: NetworkSpec;
}> {
	const gestures = await readRadarGestures(join(folder, "neuroradar-gesture/neuroradar-gesture.zip"));
	const tested = validate ? 7 : 8;
	const samples = gestures.map((gesture) => {
		const spikes = spikesOf(gesture);
		return {
			label: gesture.label,
			session: gesture.session,
			events: encodeGesture(spikes),
			vary: (random: Random) => encodeGesture(likeness(spikes, LIKENESS, random)),
		};
	});
	const train = samples.filter(({ session }) => session < tested && session >= (short ? tested - 3 : 1));
	const test = samples.filter(({ session }) => session === tested);
	const classes = [...new Map(gestures.map(({ label, name }) => [label, name])).entries()]
		.sort(([a], [b]) => a - b)
		.map(([, name]) => name);
	return { train, test, spec: network(train, classes) };
}

/** Learns, tests, then goes on learning while it is tested. */
async function learn(
	spec: NetworkSpec & { readonly seed: number },
	{
		train,
		test,
		epochs,
	}: { readonly train: readonly Gesture[]; readonly test: readonly Gesture[]; readonly epochs: number },
	watch: Watch,
): Promise<Run> {
	const network = await Network.create({ ...watch.spec(spec), seed: spec.seed });
	try {
		const began = performance.now();
		const pupil = new Pupil(network, spec.seed, watch);
		const byEpoch: number[] = [];
		await pupil.learn({ train, epochs, schedule: { type: "linear", final: FINAL_RATE } }, async () => {
			byEpoch.push(await pupil.test(test));
		});
		const accuracy = byEpoch.at(-1) ?? Number.NaN;
		const { hidden, readout } = network.rates;
		network.setRates({ hidden: FINAL_RATE * hidden, readout: FINAL_RATE * readout });
		let right = 0;
		for (const gesture of shuffled(test, spec.seed, ONLINE_ORDER)) {
			right += await pupil.test([gesture]);
			pupil.learnOne(gesture);
		}
		const online = right / test.length;
		const figures = { accuracy, online, gain: online - accuracy };
		return { figures, byEpoch, ...pupil.work(), seconds: (performance.now() - began) / 1000 };
	} finally {
		network.close();
	}
}
