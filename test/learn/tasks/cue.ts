// Which side had more cues: an answer that is asked for long after what it is about.
//
// Options were chosen on the 50 samples for learning alone, in folds (`--validate`): learned are four fifths, scored is the rest.

import { join } from "node:path";
import type { NetworkSpec } from "stllr";
import { classification, crossValidation } from "../classify.js";
import { type CueSample, readCues } from "../data/cue.js";
import { meanActive, type Spikes, spikeEvents } from "../encoders/spikes.js";
import type { Task } from "../task.js";

const STEP_MS = 10;
const STEP_US = 1000 * STEP_MS;
/** Samples last 2,250 ms; the question comes at 2,100. */
const STEPS = 225;
const ASKED = 210;
const NEURONS = 40;
/** Of the samples for learning, to choose options by. */
const FOLDS = 5;
/** Neurons have to hold what came two seconds ago. */
const LEAK = 1 - 1 / 1024;
const READOUT_LEAK = 1 - 1 / 16;

/** Spikes of a sample, in steps of 10 ms; a neuron that spikes twice in one does so once. */
export function encodeCues({ times, neurons }: CueSample): Spikes {
	return { steps: times.map((ms) => Math.floor(ms / STEP_MS)), channels: neurons };
}

/** The same with left and right exchanged: neurons 0 to 9 hear cues of the one side, 10 to 19 of the other. */
export function mirrored({ label, neurons, ...rest }: CueSample): CueSample {
	const exchanged = neurons.map((neuron) => (neuron < 10 ? neuron + 10 : neuron < 20 ? neuron - 10 : neuron));
	return { ...rest, label: 1 - label, neurons: exchanged };
}

function network(active: number): NetworkSpec {
	const gain = Math.sqrt(1 - LEAK ** 2);
	return {
		input: { width: NEURONS },
		stepUs: STEP_US,
		steps: STEPS,
		layers: [
			{ type: "dense", units: 400, leak: LEAK, rule: { lambdaPre: LEAK }, std: gain / Math.sqrt(active) },
			{ type: "readout", classes: ["left", "right"], leak: READOUT_LEAK, traceDecay: READOUT_LEAK },
		],
		window: { last: STEPS - ASKED },
		mode: "sequence",
		rates: { hidden: 0.02 * gain ** 2, readout: 0.001 },
	};
}

export const cue: Task = {
	name: "cue",
	about: [
		"cue accumulation: on which side more cues came, asked after a pause",
		"The set's own 40 spike trains in 225 steps of 10 ms; the error counts from step 210 on, as it is then that is asked.",
		"Test: the set's 50 test samples; learned: its 50 others, and these with left and right exchanged.",
		"Options were chosen by five folds of the samples to learn (--validate), never on the test part.",
	],
	data: [{ path: "reckon-cueacc/reckon-cueacc.zip", source: "github.com/ChFrenkel/ReckOn, src/data" }],
	goals: [{ figure: "accuracy", about: "% right on the test samples", full: 98, short: 90 }],
	epochs: { full: 20, short: 10 },
	async open({ folder, validate }) {
		const cues = await readCues(join(folder, "reckon-cueacc/reckon-cueacc.zip"));
		const sample = (cue: CueSample) => ({ label: cue.label, events: spikeEvents(encodeCues(cue), STEP_US) });
		const spec = network(meanActive(cues.train.map(sample), STEP_US, STEPS));
		const parts = (train: readonly CueSample[], test: readonly CueSample[]) => {
			return { train: [...train, ...train.map(mirrored)].map(sample), test: test.map(sample) };
		};
		if (!validate) return classification(spec, parts(cues.train, cues.test));
		const folds = Array.from({ length: FOLDS }, (_, fold) =>
			parts(
				cues.train.filter((_, index) => index % FOLDS !== fold),
				cues.train.filter((_, index) => index % FOLDS === fold),
			),
		);
		return crossValidation(spec, folds);
	},
};
