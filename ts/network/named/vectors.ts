// Networks that see their input as a vector.

import type { NetworkSpec } from "../spec/mod.js";
import { OFFICIAL, STANDARD } from "./official.js";
import { inputAnd, type NamedOptions, sizeOf } from "./options.js";

/** What stays in a step in the official recurrent network: the logistic function of 5. */
const LONG = 1 / (1 + Math.exp(-5));

/** 700 channels of a cochlea, 450 recurrent neurons, 20 spoken digits, as the paper's for SHD; small: 128 neurons. */
export function recurrent(options: NamedOptions): NetworkSpec {
	const { input, classes } = inputAnd(options, { input: { width: 700 }, classes: 20 });
	if (sizeOf(options) === "small") {
		return {
			input,
			stepUs: 10_000,
			layers: [
				{ type: "recurrent", units: 128 },
				{ type: "readout", classes },
			],
		};
	}
	return {
		input,
		...OFFICIAL,
		stepUs: 10_000,
		layers: [
			{ type: "recurrent", units: 450, ...STANDARD },
			{ type: "readout", classes, leak: LONG, traceDecay: 0.99, bias: true, std: Math.sqrt(2 / 450) },
		],
		leak: LONG,
		psi: "exp",
		rule: { lambdaPost: 0.5, lambdaPre: 1, alphaPost: 1, alphaPre: 1 },
		window: { last: 90 },
		rates: { hidden: 2e-4, readout: 2e-4 },
	};
}

/** A hidden layer that sees all: 256 neurons; small: 64. The paper has none; the sizes are ours. */
export function dense(options: NamedOptions): NetworkSpec {
	const { input, classes } = inputAnd(options, { input: { width: 34, height: 34, polarities: 2 }, classes: 10 });
	return {
		input,
		stepUs: 10_000,
		layers: [
			{ type: "dense", units: sizeOf(options) === "small" ? 64 : 256 },
			{ type: "readout", classes },
		],
	};
}
