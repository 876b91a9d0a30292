// Letters read by touch, from the levels of four pressure sensors.
//
// Options were chosen by `--validate`: four folds of the readings for learning, the test part left out.

import { join } from "node:path";
import type { NetworkSpec } from "stllr";
import { classification, crossValidation } from "../classify.js";
import { readTouches, type Touch } from "../data/braille.js";
import { delayLine } from "../encoders/delay.js";
import { levelSpikes, percentile } from "../encoders/levels.js";
import { inOrder, type Spikes, spikeEvents } from "../encoders/spikes.js";
import type { Task } from "../task.js";

/** The pressure sensors that the letters are told by; the finger has 12. */
const TAXELS = [1, 2, 6, 10];
const LEVELS = 16;
/** A frame of the recording; its real length is not known. */
const STEP_US = 2000;
/** In steps: where the finger was, beside where it is. */
const DELAYS = [0, 4, 8, 16];
const STEPS = 77;
const LEAK = 0.9375;
/** Of the readings for learning, to choose options by. */
const FOLDS = 4;

/** Between which pressures the levels lie. */
interface Range {
	readonly low: number;
	readonly high: number;
}

/** The range of each sensor, but for the outermost hundredth of its values. */
export function rangesOf(touches: readonly Touch[]): Range[] {
	return TAXELS.map((taxel) => {
		const values = touches.flatMap(({ taxels }) => [...(taxels[taxel] ?? [])]);
		return { low: percentile(values, 0.005), high: percentile(values, 0.995) };
	});
}

/** Spikes of a reading: 16 channels a sensor, each of which spikes when the pressure comes into its level; each by four delays. */
export function encodeTouch({ taxels }: Touch, ranges: readonly Range[]): Spikes {
	const spikes = TAXELS.flatMap((taxel, at) => {
		const { low, high } = ranges[at] ?? { low: 0, high: 255 };
		return levelSpikes(taxels[taxel] ?? [], low, high, LEVELS).map(([step, level]): [number, number] => {
			return [step, at * LEVELS + level];
		});
	});
	return delayLine(inOrder(spikes), DELAYS, STEPS);
}

const network: NetworkSpec = {
	input: { width: TAXELS.length * LEVELS * DELAYS.length },
	stepUs: STEP_US,
	steps: STEPS,
	layers: [
		{ type: "dense", units: 256, leak: LEAK, rule: { lambdaPre: LEAK }, std: 0.15 },
		{ type: "readout", classes: 27, leak: 0.9375, traceDecay: 0.9375 },
	],
	mode: "sequence",
	rates: { hidden: 0.02, readout: 0.003 },
};

export const braille: Task = {
	name: "braille",
	about: [
		"Braille letters read by a fingertip",
		"Encoded as the levels of four of its twelve pressure sensors, through a delay line: 256 channels, 77 steps.",
		"Test: the 8 readings of each of 27 letters that the set marks (32 to 39); learned: readings 0 to 31.",
		"Options were chosen by four folds of the readings to learn (--validate), never on the test part.",
	],
	data: [
		{
			path: "braille-tactile/braille.npz",
			source: "Zenodo record 6556273 (Mueller-Cleve et al. 2022), as in github.com/fzenke/spytorch",
		},
	],
	goals: [{ figure: "accuracy", about: "% right on the test readings", full: 98.5, short: 93 }],
	epochs: { full: 16, short: 5 },
	async open({ folder, validate }) {
		const touches = await readTouches(join(folder, "braille-tactile/braille.npz"));
		const learned = touches.filter(({ isTest }) => !isTest);
		const parts = (train: readonly Touch[], test: readonly Touch[]) => {
			const ranges = rangesOf(train);
			const sample = (touch: Touch) => ({
				label: touch.letter,
				events: spikeEvents(encodeTouch(touch, ranges), STEP_US),
			});
			return { train: train.map(sample), test: test.map(sample) };
		};
		if (!validate) {
			const test = touches.filter(({ isTest }) => isTest);
			return classification(network, parts(learned, test));
		}
		const folds = Array.from({ length: FOLDS }, (_, fold) =>
			parts(
				learned.filter(({ repetition }) => repetition % FOLDS !== fold),
				learned.filter(({ repetition }) => repetition % FOLDS === fold),
			),
		);
		return crossValidation(network, folds);
	},
};
