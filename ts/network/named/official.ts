// What the official code (github.com/mapolinario94/S-TLLR) trains its networks with.

import * as check from "../check.js";
import type { NetworkSpec } from "../spec/mod.js";
import type { NamedOptions } from "./options.js";

/** What all of its networks have in common: neurons, loss and optimiser, and one change of the weights a recording. */
export const OFFICIAL = {
	threshold: 0.6,
	reset: "soft",
	loss: "cross-entropy",
	optimizer: { type: "adam" },
	mode: "sequence",
} as const satisfies Partial<NetworkSpec>;

/** Every spiking layer has a bias and standardised weights. */
export const STANDARD = { bias: true, standardize: true } as const;

/** Its tasks for convolutional networks: leak 0.5, the last 5 steps learn. */
const TASKS = {
	"dvs-gesture": {
		input: { width: 32, height: 32, polarities: 2 },
		classes: 11,
		pool: "max",
		dropout: 0,
		psi: "tri",
		lambdaPre: 0.75,
	},
	"cifar10-dvs": {
		input: { width: 48, height: 48, polarities: 2 },
		classes: 10,
		pool: "average",
		dropout: 0.1,
		psi: "sigmoid",
		lambdaPre: 0.5,
	},
} as const;

/** The task asked for. */
export function taskOf({ task }: NamedOptions): (typeof TASKS)[keyof typeof TASKS] {
	return TASKS[check.oneOf("task", task, ["dvs-gesture", "cifar10-dvs"], "dvs-gesture")];
}

/** What a convolutional network is trained with for a task. The length of a step is ours. */
export function trainedFor({ psi, lambdaPre }: ReturnType<typeof taskOf>): Omit<NetworkSpec, "input" | "layers"> {
	return {
		...OFFICIAL,
		stepUs: 50_000,
		leak: 0.5,
		psi,
		rule: { lambdaPost: 0.2, lambdaPre, alphaPost: -1, alphaPre: 1 },
		window: { last: 5 },
		// As few as learn: a block holds a number for each step and neuron.
		blockSteps: 5,
		rates: { hidden: 1e-3, readout: 1e-3 },
	};
}

/** The last layers: the mean of each channel over a square of `side`, and a linear layer without memory. */
export function linear(side: number, classes: number | readonly string[], channels: number): NetworkSpec["layers"] {
	return [
		...(side > 1 ? [{ type: "pool", kind: "average", kernel: side } as const] : []),
		{ type: "readout", classes, leak: 0, traceDecay: 0, bias: true, std: Math.sqrt(2 / channels) },
	];
}
