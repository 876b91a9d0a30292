// How a network learns: rates, learning signal, loss, optimiser, and when.

import { OptionError } from "../../errors.js";
import * as check from "../check.js";
import type { FullReadout, FullSpec } from "./full.js";

/** Learning rates. */
export interface Rates {
	/**
	 * Of hidden layers: 0, or 2^-24 to 16. Each learns at this times its `rateFactor`, but not below 2^-24. Default: 2^-3, times
	 * 1 - momentum where there is one, each layer then having a factor that suits it; 2^-10 for Adam, RMSprop and Rprop.
	 */
	readonly hidden?: number;
	/** Of the readout: 0, or 2^-24 to 16. Default 2^-10, times 1 - momentum; 2^-10 for Adam, RMSprop and Rprop. */
	readonly readout?: number;
}

const RATE_KEYS = ["hidden", "readout"] as const;

/** How the error reaches hidden layers. */
export type Signal = (typeof SIGNALS)[number];
const SIGNALS = ["bp", "dfa", "sdfa", "drtp", "local"] as const;

/** What is made small. */
export type Loss = (typeof LOSSES)[number];
const LOSSES = ["cross-entropy", "mean-square", "binary-cross-entropy", "endpoint", "contrast"] as const;

/** What turns gradients into changes: as PyTorch's, with L2 weight decay (0, or 2^-24 to 1; default 0). */
export type Optimizer =
	| { readonly type: "sgd"; readonly weightDecay?: number }
	/** `momentum`: 0 to 0.9999, default 0.9. */
	| { readonly type: "momentum" | "nesterov"; readonly momentum?: number; readonly weightDecay?: number }
	/** `beta1`, `beta2`: 0 to 0.9999, defaults 0.9 and 0.999. */
	| { readonly type: "adam"; readonly beta1?: number; readonly beta2?: number; readonly weightDecay?: number }
	/** `alpha`: 0 to 0.9999, default 0.99. */
	| { readonly type: "rmsprop"; readonly alpha?: number; readonly weightDecay?: number }
	/** `etaMinus`: 0.01 to 0.99, default 0.5; `etaPlus`: 1.01 to 3, default 1.2. The rates are the first steps. */
	| { readonly type: "rprop"; readonly etaMinus?: number; readonly etaPlus?: number; readonly weightDecay?: number };

/** An optimiser with every parameter; those of other types have their defaults. */
export interface FullOptimizer {
	readonly type: Optimizer["type"];
	readonly momentum: number;
	readonly beta1: number;
	readonly beta2: number;
	readonly alpha: number;
	readonly etaMinus: number;
	readonly etaPlus: number;
	readonly weightDecay: number;
}

/** Range and default of each parameter. */
const PARAMETERS = {
	momentum: [0, 0.9999, 0.9],
	beta1: [0, 0.9999, 0.9],
	beta2: [0, 0.9999, 0.999],
	alpha: [0, 0.9999, 0.99],
	etaMinus: [0.01, 0.99, 0.5],
	etaPlus: [1.01, 3, 1.2],
} as const;

/** The parameters of each type. */
const OPTIMIZERS: Readonly<Record<Optimizer["type"], readonly (keyof typeof PARAMETERS)[]>> = {
	sgd: [],
	momentum: ["momentum"],
	nesterov: ["momentum"],
	adam: ["beta1", "beta2"],
	rmsprop: ["alpha"],
	rprop: ["etaMinus", "etaPlus"],
};

/** Do an optimiser's changes grow with the gradient? The others divide by its size. */
export function isProportional({ type }: { readonly type: Optimizer["type"] }): boolean {
	return type === "sgd" || type === "momentum" || type === "nesterov";
}

/** Checks the optimiser. */
export function checkOptimizer(given: unknown): FullOptimizer {
	const types = Object.keys(OPTIMIZERS) as Optimizer["type"][];
	const { type: asked } = given === undefined ? { type: "sgd" } : check.object("optimizer", given);
	const type = check.oneOf("optimizer.type", asked, types);
	const own = OPTIMIZERS[type];
	const options = check.object("optimizer", given ?? { type }, ["type", ...own, "weightDecay"]);
	const parameter = (name: keyof typeof PARAMETERS) => {
		const [low, high, usual] = PARAMETERS[name];
		return check.number(`optimizer.${name}`, options[name], low, high, usual);
	};
	const weightDecay = check.number("optimizer.weightDecay", options.weightDecay, 0, 1, 0);
	if (weightDecay !== 0 && weightDecay < 2 ** -24) {
		throw new OptionError("optimizer.weightDecay", weightDecay, "0, or 2^-24 to 1");
	}
	return {
		type,
		momentum: parameter("momentum"),
		beta1: parameter("beta1"),
		beta2: parameter("beta2"),
		alpha: parameter("alpha"),
		etaMinus: parameter("etaMinus"),
		etaPlus: parameter("etaPlus"),
		weightDecay,
	};
}

/** The rates of a network that is given none. */
export function usualRates({ type, momentum }: FullOptimizer): Required<Rates> {
	if (!isProportional({ type })) return { hidden: 2 ** -10, readout: 2 ** -10 };
	const share = type === "sgd" ? 1 : 1 - momentum;
	return { hidden: share * 2 ** -3, readout: share * 2 ** -10 };
}

/** Has each hidden layer a rate that suits it: where the spec gives none, and the optimiser does not look after that? */
export function hasRatesByLayer(spec: Record<string, unknown>): boolean {
	if (!isProportional(checkOptimizer(spec.optimizer))) return false;
	return spec.rates === undefined || check.object("rates", spec.rates, RATE_KEYS).hidden === undefined;
}

/** Checks learning rates; those left out have their value in `fallback`. */
export function checkRates(option: string, given: unknown, fallback: Required<Rates>): Required<Rates> {
	if (given === undefined) return fallback;
	const rates = check.object(option, given, RATE_KEYS);
	const rate = (name: "hidden" | "readout") => {
		const value = check.number(`${option}.${name}`, rates[name], 0, 16, fallback[name]);
		if (value !== 0 && value < 2 ** -24) throw new OptionError(`${option}.${name}`, value, "0, or 2^-24 to 16");
		return value;
	};
	return { hidden: rate("hidden"), readout: rate("readout") };
}

/** Checks which steps learn. */
export function checkWindow(given: unknown): FullSpec["window"] {
	if (given === undefined || given === "all") return "all";
	if (typeof given === "string") throw new OptionError("window", given, '"all" or { last: steps }');
	return { last: check.integer("window.last", check.object("window", given, ["last"]).last, 1, 2 ** 32) };
}

/** Checks the learning signal; the others than back-propagation need classes. */
export function checkSignal(given: unknown, readout: FullReadout): Signal {
	const signal = check.oneOf("signal", given, SIGNALS, "bp");
	if (readout.values > 0 && signal !== "bp") {
		throw new OptionError("signal", signal, '"bp", as the readout has values, not classes');
	}
	return signal;
}

/** Checks the loss against what the readout gives and, for flow from events alone, its size. */
export function checkLoss(given: unknown, readout: FullReadout, input: FullSpec["input"]): Loss {
	const isFlow = readout.values === 2;
	const usual = readout.values === 0 ? "cross-entropy" : isFlow ? "endpoint" : "mean-square";
	const loss = check.oneOf("loss", given, LOSSES, usual);
	const fits = LOSSES.filter((name) => {
		if (name === "cross-entropy") return readout.values === 0;
		return name === "endpoint" || name === "contrast" ? isFlow : true;
	});
	if (!fits.includes(loss)) {
		const what = readout.values === 0 ? "classes" : `${readout.values} values a pixel`;
		throw new OptionError("loss", loss, `${fits.map((name) => `"${name}"`).join(" or ")} for a readout of ${what}`);
	}
	const { height, width } = readout.shape;
	if (loss === "contrast" && (input.height % height !== 0 || input.height / height !== input.width / width)) {
		const sensor = `${input.height} x ${input.width}`;
		throw new OptionError(
			"loss",
			loss,
			`a readout whose map, ${height} x ${width}, times a whole number is the sensor, ${sensor}`,
		);
	}
	return loss;
}
