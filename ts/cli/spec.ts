// The flags that say what network to make and how it is to learn, and the spec that comes of them.

import type { LabelledSet } from "../datasets/mod.js";
import type { HiddenLayer, NetworkSpec } from "../index.js";
import { type Args, type Flag, UsageError } from "./args.js";

/** The flag of `bitsOf`. */
export const weightsFlag: Flag = { name: "weights", value: "BITS", help: "bits of a hidden weight: 16 or 8 (16)" };

/** The flags of `specOf`. */
export const specFlags: readonly Flag[] = [
	{ name: "hidden", value: "N[,N...]", help: "neurons of each hidden layer (256)" },
	{ name: "type", value: "TYPE", help: "hidden layers: dense or recurrent (dense)" },
	{ name: "step-us", value: "US", help: "length of a time step in us (10000)" },
	{ name: "steps", value: "N", help: "steps of a recording (all; N-MNIST: 30)" },
	{ name: "window", value: "N", help: "learn on the last N steps of a recording (all)" },
	{ name: "rate-hidden", value: "X", help: "learning rate of hidden layers (0.125 (1 - leak^2))" },
	{ name: "rate-readout", value: "X", help: "learning rate of the readout (0.0009765625)" },
	{ name: "signal", value: "SIGNAL", help: "how errors reach hidden layers: bp or dfa (bp)" },
	{ name: "mode", value: "MODE", help: "weights change by block, online or sequence (block)" },
	{ name: "block-steps", value: "N", help: "steps of a block, 1 to 32 (32)" },
	{ name: "rounding", value: "HOW", help: "of changes: dithered or nearest (dithered)" },
	weightsFlag,
	{ name: "psi", value: "PSI", help: "surrogate: exp, tri, sigmoid or tri_out (tri)" },
	{ name: "reset", value: "HOW", help: "after a spike: soft or hard (soft)" },
	{ name: "leak", value: "X", help: "what stays of a membrane in a step (0.875; N-MNIST: 0.75)" },
	{ name: "threshold", value: "X", help: "membrane above which a neuron spikes (1)" },
];

/** The library's options, as errors name them, and the flags that set them. */
export const specNames: readonly (readonly [pattern: RegExp, flag: string])[] = [
	[/^layers\[\d+\]\.units$/, "--hidden"],
	[/^stepUs$/, "--step-us"],
	[/^steps$/, "--steps"],
	[/^window\.last$/, "--window"],
	[/^rates\.hidden$/, "--rate-hidden"],
	[/^rates\.readout$/, "--rate-readout"],
	[/^blockSteps$/, "--block-steps"],
	[/^leak$/, "--leak"],
	[/^threshold$/, "--threshold"],
	[/^epochs$/, "--epochs"],
	[/^seed$/, "--seed"],
	[/^folds$/, "--folds"],
	[/^shift$/, "--shift"],
];

/** A spec for a set, from flags. */
export function specOf(args: Args, set: LabelledSet, seed: number): NetworkSpec {
	const { width, height, polarities } = set;
	const usual = usualFor(set);
	const last = args.number("window");
	const window = last === undefined ? undefined : { last };
	const rates = given({ hidden: args.number("rate-hidden"), readout: args.number("rate-readout") });
	const type = args.word("type", ["dense", "recurrent"]) ?? "dense";
	return {
		input: { width, height, polarities },
		stepUs: args.number("step-us") ?? 10_000,
		layers: [
			...unitsOf(args).map((units): HiddenLayer => ({ type, units })),
			{ type: "readout", classes: set.classes },
		],
		seed,
		rates,
		...bitsOf(args),
		...given({
			steps: args.number("steps") ?? usual.steps,
			window,
			signal: args.word("signal", ["bp", "dfa"]),
			mode: args.word("mode", ["block", "online", "sequence"]),
			blockSteps: args.number("block-steps"),
			rounding: args.word("rounding", ["dithered", "nearest"]),
			psi: args.word("psi", ["exp", "tri", "sigmoid", "tri_out"]),
			reset: args.word("reset", ["soft", "hard"]),
			leak: args.number("leak") ?? usual.leak,
			threshold: args.number("threshold"),
		}),
	};
}

/** What a set is learned with where no flag says otherwise. */
export interface Usual {
	readonly steps?: number;
	readonly leak?: number;
	readonly shift: number;
}

/**
 * N-MNIST, known by its sensor, has values of its own: found by cross-validation within the train part of a small set.
 * The shifts bring some three points there, as the camera's saccades and the digits' places differ.
 */
export function usualFor({ width, height }: LabelledSet): Usual {
	const isNmnist = width === 34 && height === 34;
	return isNmnist ? { steps: 30, leak: 0.75, shift: 2 } : { shift: 0 };
}

/** The layers of a spec in short: `2312-256-10`; a convolution as `16c5`, pooling by 2 as `p2`, the others by their names. */
export function shapeOf({ input, layers }: NetworkSpec): string {
	const inputs = input.width * (input.height ?? 1) * (input.polarities ?? 1);
	return [inputs, ...layers.map(shortOf)].join("-");
}

function shortOf(layer: NetworkSpec["layers"][number]): string | number {
	switch (layer.type) {
		case "dense":
		case "recurrent":
			return layer.units;
		case "conv":
			return `${layer.filters}c${typeof layer.kernel === "number" ? layer.kernel : layer.kernel.join("x")}`;
		case "pool":
			return `p${layer.kernel}`;
		case "readout":
			if ("values" in layer) return `${layer.values} a pixel`;
			return typeof layer.classes === "number" ? layer.classes : layer.classes.length;
		default:
			return layer.type;
	}
}

function unitsOf(args: Args): number[] {
	const text = args.text("hidden") ?? "256";
	return text.split(",").map((part) => {
		const units = Number(part);
		if (part.trim() !== "" && !Number.isNaN(units)) return units;
		throw new UsageError(`--hidden: ${JSON.stringify(text)} is not allowed; allowed: numbers with commas between them`);
	});
}

/** A spec's bits of a hidden weight, where a flag says them. */
export function bitsOf(args: Args): Pick<NetworkSpec, "weights"> {
	const bits = args.word("weights", ["16", "8"]);
	return bits === undefined ? {} : { weights: bits === "8" ? 8 : 16 };
}

/** What is there of an object. */
function given<T extends object>(parts: T): { [K in keyof T]: Exclude<T[K], undefined> } {
	const there = Object.entries(parts).filter(([, value]) => value !== undefined);
	return Object.fromEntries(there) as { [K in keyof T]: Exclude<T[K], undefined> };
}
