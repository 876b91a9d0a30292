// Digits seen by an event camera that moves, by two layers of convolutions.
//
// Options were chosen by `--validate`: one fold in five of the recordings for learning, the test part left out.

import { join } from "node:path";
import type { NetworkSpec } from "stllr";
import { openLabelled } from "stllr/datasets";
import { EventRoom } from "../../../dist/events/chunk.js";
import { drawShift, shifted } from "../../../dist/learning/shift.js";
import { classification, crossValidation, type Sample } from "../classify.js";
import type { Task } from "../task.js";

const PATH = "nmnist-small/nmnist-small.zip";
const SENSOR = { width: 34, height: 34 };
/** The most pixels that a recording is moved by each time that it is learned. */
const MOST_PIXELS = 2;
/** Answers are by the sum over the recording moved by up to so many pixels each way, 9 looks with 1. */
const LOOKED_PIXELS = 1;
/** Of the recordings for learning, to choose options by. */
const FOLDS = 5;

const MOVES = Array.from({ length: 2 * LOOKED_PIXELS + 1 }, (_, at) => at - LOOKED_PIXELS);
const LOOKS = MOVES.flatMap((dx) => MOVES.map((dy) => ({ dx, dy })));

const network: NetworkSpec = {
	input: { ...SENSOR, polarities: 2 },
	stepUs: 10_000,
	steps: 30,
	blockSteps: 30,
	layers: [
		{ type: "conv", filters: 16, kernel: 5, stride: 2, std: 2 / Math.sqrt(2 * 25) },
		{ type: "conv", filters: 32, kernel: 5, stride: 2, std: 2 / Math.sqrt(16 * 25) },
		{ type: "flatten" },
		{ type: "readout", classes: 10, traceDecay: 1 - 1 / 64 },
	],
	leak: 0.75,
	rates: { hidden: 2 ** -11, readout: 2 ** -12 },
};

export const nmnist: Task = {
	name: "nmnist",
	about: [
		"N-MNIST, 850 of its training digits and 100 of its test digits",
		"30 steps of 10 ms; two convolutions of 16 and 32 filters, 5 x 5, every second pixel.",
		"Test: the 100 test digits that the set gives. Each recording is moved by up to 2 pixels each time it is learned.",
		"An answer is the sum over 9 looks by one network: the recording as it is, and moved by a pixel in each direction.",
		"Options were chosen by a fold in five of the recordings to learn (--validate), never on the test part.",
	],
	data: [{ path: PATH, source: "N-MNIST (Orchard et al. 2015), the small part in github.com/bamsumit/slayerPytorch" }],
	goals: [{ figure: "accuracy", about: "% right on the test digits", full: 97, short: 75 }],
	epochs: { full: 24, short: 2 },
	async open({ folder, short, validate }) {
		const set = await openLabelled(join(folder, PATH));
		const room = new EventRoom();
		const sample = ({ label, events }: { label: number; events: Sample["events"] }): Sample => ({
			label,
			events,
			vary: (random) => shifted(events, drawShift(MOST_PIXELS, random.below(2 ** 31), 0), SENSOR, room),
			*looks() {
				for (const look of LOOKS) yield shifted(events, look, SENSOR, room);
			},
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
