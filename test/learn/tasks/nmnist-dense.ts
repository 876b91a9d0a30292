// Digits seen by an event camera that moves, by a dense layer: what `stllr train` does.
//
// Options were chosen by cross-validation among the recordings for learning, as docs/measured.md tells.

import { join } from "node:path";
import type { NetworkSpec } from "stllr";
import { openLabelled } from "stllr/datasets";
import { EventRoom } from "../../../dist/events/chunk.js";
import { drawShift, shifted } from "../../../dist/learning/shift.js";
import { classification, crossValidation, type Sample } from "../classify.js";
import type { Task } from "../task.js";
import { nmnist } from "./nmnist.js";

const SENSOR = { width: 34, height: 34 };
/** The most pixels that a recording is moved by each time that it is learned. */
const MOST_PIXELS = 2;
/** Of the recordings for learning, to choose options by. */
const FOLDS = 5;

const network: NetworkSpec = {
	input: { ...SENSOR, polarities: 2 },
	stepUs: 10_000,
	steps: 30,
	layers: [
		{ type: "dense", units: 256 },
		{ type: "readout", classes: 10 },
	],
	leak: 0.75,
};

export const nmnistDense: Task = {
	name: "nmnist-dense",
	about: [
		"the same by a dense layer, as `stllr train` does it",
		"30 steps of 10 ms. Each recording is moved by up to 2 pixels each time it is learned.",
		"Test: the 100 test digits that the set gives. With --validate: five folds of the recordings to learn.",
	],
	data: nmnist.data,
	goals: [{ figure: "accuracy", about: "% right on the test digits", full: 93, short: 75 }],
	epochs: { full: 10, short: 2 },
	async open({ folder, short, validate }) {
		const set = await openLabelled(join(folder, nmnist.data[0]?.path ?? ""));
		const room = new EventRoom();
		const sample = ({ label, events }: { label: number; events: Sample["events"] }): Sample => ({
			label,
			events,
			vary: (random) => shifted(events, drawShift(MOST_PIXELS, random.below(2 ** 31), 0), SENSOR, room),
		});
		const learned = set.train.map(sample);
		if (!validate) {
			const train = short ? learned.slice(0, 400) : learned;
			return classification(network, { train, test: set.test.map(sample) });
		}
		const folds = Array.from({ length: FOLDS }, (_, fold) => ({
			train: learned.filter((_, at) => at % FOLDS !== fold),
			test: learned.filter((_, at) => at % FOLDS === fold),
		}));
		return crossValidation(network, folds.slice(0, short ? 1 : FOLDS));
	},
};
