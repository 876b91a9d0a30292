// Spoken digits, from 32 bands of hearing.
//
// Options were chosen by `--validate`: takes 5 to 9 of each digit and speaker, learned without them. The mel bands, the codes
// and the leaks are those of a float prototype; chosen here were the readout's rate, the initial weights and `mode`.

import { join } from "node:path";
import type { DenseLayer, NetworkSpec } from "stllr";
import type { Random } from "../../../dist/random.js";
import { classification, type Sample } from "../classify.js";
import { readSpokenDigits, type SpokenDigit } from "../data/fsdd.js";
import { deltaSpikes } from "../encoders/delta.js";
import { likeness } from "../encoders/likeness.js";
import { type MelOptions, MelSpectrogram } from "../encoders/mel.js";
import { rateSpikes } from "../encoders/rate.js";
import { inOrder, meanActive, type Spikes, spikeEvents } from "../encoders/spikes.js";
import type { DataNeed, Request, Task } from "../task.js";

/** Windows of 25 ms, one every 10 ms. */
const MEL: MelOptions = {
	...{ rate: 8000, window: 200, hop: 80, points: 512 },
	...{ bands: 32, lowHz: 60, highHz: 4000, floorDb: -30, mostFrames: 80 },
};
/** What counts as loudest: 60 dB over the floor. */
const RANGE_DB = 60;
const DELTA_DB = 6;
const STEP_US = 10_000;
const LEAK = 0.875;
const LIKENESS = { shift: 2, drop: 0.1 };

const spectrogram = new MelSpectrogram(MEL);

/** Spikes of a sound: 32 channels that code loudness by rate, 32 for its rises, 32 for its falls. */
export function encodeSound(samples: ArrayLike<number>): Spikes {
	const frames = spectrogram.of(samples);
	const spikes: [step: number, channel: number][] = [];
	for (let band = 0; band < MEL.bands; band += 1) {
		const loudness = frames.map((frame) => frame[band] as number);
		const parts = loudness.map((db) => Math.max(0, Math.min(1, (db - MEL.floorDb) / RANGE_DB)));
		const { on, off } = deltaSpikes(loudness, DELTA_DB, MEL.floorDb);
		[rateSpikes(parts), on, off].forEach((steps, code) => {
			for (const step of steps) spikes.push([step, code * MEL.bands + band]);
		});
	}
	return inOrder(spikes);
}

/** A take, encoded. */
export interface Take extends Sample, Omit<SpokenDigit, "sound"> {
	/** A sample that is never learned twice alike. */
	readonly varied: Sample;
}

/** What the tasks on spoken digits need. */
export const needs: readonly DataNeed[] = [
	{ path: "fsdd/fsdd.zip", source: "the Free Spoken Digit Dataset, github.com/Jakobovski/free-spoken-digit-dataset" },
];

/** Reads and encodes the takes that are wanted, in the order of the set's index. */
export async function openTakes({ folder }: Request, isWanted: (digit: SpokenDigit) => boolean): Promise<Take[]> {
	const digits = await readSpokenDigits(join(folder, "fsdd/fsdd.zip"));
	return digits.filter(isWanted).map(({ sound, ...digit }) => {
		const spikes = encodeSound(sound.samples);
		const sample = { label: digit.digit, events: spikeEvents(spikes, STEP_US) };
		const vary = (random: Random) => spikeEvents(likeness(spikes, LIKENESS, random), STEP_US);
		return { ...digit, ...sample, varied: { ...sample, vary } };
	});
}

/** The network for spoken digits. */
export function digitNetwork(train: readonly Sample[], layer: Pick<DenseLayer, "type" | "recurrentStd">): NetworkSpec {
	// Weights are so large that a neuron's input has a standard deviation of 1.5 in its steady state.
	const gain = Math.sqrt(1 - LEAK ** 2);
	return {
		input: { width: 3 * MEL.bands },
		stepUs: STEP_US,
		steps: MEL.mostFrames,
		layers: [
			{
				...layer,
				units: 256,
				leak: LEAK,
				rule: { lambdaPre: LEAK },
				std: (1.5 * gain) / Math.sqrt(meanActive(train, STEP_US)),
			},
			{ type: "readout", classes: 10, leak: 0.9375, traceDecay: 0.9375 },
		],
		rates: { hidden: 0.01 * gain ** 2, readout: 0.001 },
	};
}

function task(name: string, about: string, layer: Pick<DenseLayer, "type" | "recurrentStd">): Task {
	return {
		name,
		about: [
			about,
			"Encoded as 32 mel bands, each by rate, rises and falls: 96 channels, 80 steps of 10 ms.",
			"Test: takes 0 to 4, as the set's authors propose; learned: the others of five speakers.",
			"Options were chosen on takes 5 to 9 (--validate), never on the test part.",
		],
		data: needs,
		goals: [{ figure: "accuracy", about: "% right on the test takes", full: 98.5, short: 93 }],
		epochs: { full: 12, short: 4 },
		async open(request) {
			const { short, validate } = request;
			const isTest = ({ take }: Pick<SpokenDigit, "take">) => (validate ? take >= 5 && take < 10 : take < 5);
			const last = short ? 20 : Number.POSITIVE_INFINITY;
			const takes = await openTakes(request, ({ take }) => take < last && !(validate && take < 5));
			const train = takes.filter((take) => !isTest(take));
			return classification(digitNetwork(train, layer), { train, test: takes.filter(isTest) });
		},
	};
}

export const fsdd = task("fsdd", "spoken digits", { type: "dense" });
/** The layer begins without weights of its own and learns them. */
export const fsddRecurrent = task("fsdd-recurrent", "the same with a recurrent layer", {
	type: "recurrent",
	recurrentStd: 0,
});
