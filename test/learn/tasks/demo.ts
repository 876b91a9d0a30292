// The demo's gestures before a simulated camera, each seen once: the one task that needs no recordings.
//
// Options were chosen by `--validate`: gestures that are neither learned nor tested.

import type { NetworkSpec } from "stllr";
import { gestureSet } from "stllr/gestures";
import { describe, teach } from "../classify.js";
import type { Task } from "../task.js";

const TRAIN = { full: 4000, short: 600 };
const TEST = { full: 1200, short: 300 };

const camera = gestureSet({ seed: 1, train: 1, test: 1 });

/** What `stllr demo` learns with. */
const network: NetworkSpec = {
	input: { width: camera.width, height: camera.height, polarities: camera.polarities },
	stepUs: 10_000,
	layers: [
		{ type: "recurrent", units: 128 },
		{ type: "readout", classes: camera.classes },
	],
};

/** The gestures of a seed, in parts. */
function partsOf(seed: number, size: keyof typeof TRAIN, validate: boolean) {
	const count = TEST[size];
	const { train, test } = gestureSet({ seed, train: TRAIN[size], test: 2 * count });
	return { train, test: validate ? test.slice(count) : test.slice(0, count) };
}

export const demo: Task = {
	name: "demo",
	about: [
		"the demo's six gestures before a simulated camera",
		"20 x 20 pixels, steps of 10 ms; each gesture is learned once. The seed is that of the gestures, too.",
		"Test: gestures that it has not seen. With --validate others still.",
	],
	data: [],
	goals: [{ figure: "accuracy", about: "% right of gestures not seen", full: 96, short: 50 }],
	epochs: { full: 1, short: 1 },
	async open({ short, validate }) {
		const size = short ? "short" : "full";
		return {
			about: await describe(network, partsOf(1, size, validate)),
			run: (seed, epochs, watch) => teach(network, { ...partsOf(seed, size, validate), epochs }, seed, watch),
		};
	},
};
