// What a network is to be: the options as a user writes them, and the same with every default filled in.

import { OptionError } from "../errors.js";
import * as check from "./check.js";

/** The rule's four factors: dW = d (alphaPre psi trace_pre + alphaPost trace_post x). */
export interface Rule {
	/** Decay of the trace of input spikes in a step, 0 to 1. Default 0.75. */
	readonly lambdaPre: number;
	/** Decay of the trace of surrogates in a step, 0 to 1. Default 0.2. */
	readonly lambdaPost: number;
	/** Weight of the causal term: 0, or 2^-15 to 16 in magnitude. Default 1. */
	readonly alphaPre: number;
	/** Weight of the non-causal term, like `alphaPre`. Default 0: it costs time and, on the tasks measured, brought nothing. */
	readonly alphaPost: number;
}

/** The surrogate derivative of a spike: see the docs of the rule for the formulas. */
export type Psi = "exp" | "tri" | "sigmoid" | "tri_out";

/** How neurons work: in the spec for all layers, in a layer for that one. */
export interface NeuronOptions {
	/** What stays of a membrane in a step, 0 to 1. Default 0.875. */
	readonly leak?: number;
	/** Membrane above which a neuron spikes, 0.5 to 64. Default 1. */
	readonly threshold?: number;
	/** After a spike: subtract the threshold (`"soft"`, the default) or set the membrane to 0 (`"hard"`). */
	readonly reset?: "soft" | "hard";
	/** The surrogate derivative. Default `"tri"`. */
	readonly psi?: Psi;
	/** The rule's factors; what is left out has its default. */
	readonly rule?: Partial<Rule>;
}

/** A hidden layer of spiking neurons. */
export interface HiddenLayer extends NeuronOptions {
	/** `"recurrent"` neurons also see their own layer's spikes of the step before. */
	readonly type: "dense" | "recurrent";
	/** Neurons, 1 to 65,536. */
	readonly units: number;
	/** Is a bias learned? Default false. */
	readonly bias?: boolean;
	/** Standard deviation of the initial weights, 0 to 8. Default 2 / sqrt(inputs). */
	readonly std?: number;
	/** The same for weights from the layer itself. Default 1 / sqrt(units). */
	readonly recurrentStd?: number;
	/** Weights stay below this: 1, 2, 4, 8, 16 or 32. More range is less resolution (13 bits in all). Default: 4 std. */
	readonly weightRange?: number;
}

/** The layer that answers: one leaky integrator a class. The last layer, and only the last. */
export interface ReadoutLayer {
	readonly type: "readout";
	/** How many classes, 2 to 4,096, or their names. */
	readonly classes: number | readonly string[];
	/** What stays of a membrane in a step, 0 to 1. Default 0.9375. */
	readonly leak?: number;
	/** Decay of the trace of its input spikes in a step, 0 to 1. Default 0.984375. */
	readonly traceDecay?: number;
	/** Is a bias learned? Default false. */
	readonly bias?: boolean;
	/** Standard deviation of the initial weights, 0 to 8. Default 1 / sqrt(inputs). */
	readonly std?: number;
}

/** Learning rates. */
export interface Rates {
	/** Of hidden layers: 0, or 2^-24 to 16. Default 2^-6. */
	readonly hidden?: number;
	/** Of the readout: 0, or 2^-24 to 16. Default 2^-12. */
	readonly readout?: number;
}

/** A network, as a user describes it; plain JSON. */
export interface NetworkSpec extends NeuronOptions {
	/**
	 * The sensor: columns (1 to 65,536), rows and polarities or channels of a pixel (1 to 256; both default 1). At most
	 * 1,048,576 inputs in all.
	 */
	readonly input: { readonly width: number; readonly height?: number; readonly polarities?: number };
	/** The length of a time step in us, 1 to 2^32. A sensor's inputs are 1 in a step with at least one event, else 0. */
	readonly stepUs: number;
	/** Steps of a recording, 1 to 2^32: later events are left out. Default: as many as the events last. */
	readonly steps?: number;
	/** The longest time in us between two events, from `stepUs` to 2^53 - 1: more is a bad event. Default an hour. */
	readonly maxGapUs?: number;
	/** Up to 64 hidden layers and the readout. */
	readonly layers: readonly (HiddenLayer | ReadoutLayer)[];
	/** How the error reaches hidden layers: through the weights (`"bp"`, the default) or by fixed random ones (`"dfa"`). */
	readonly signal?: "bp" | "dfa";
	/** Which steps of a recording learn: all (the default) or the last so many, 1 to 2^32. */
	readonly window?: "all" | { readonly last: number };
	/**
	 * When weights change: at the end of every block of steps (`"block"`, the default), at every step (`"online"`), or at
	 * the end of the recording (`"sequence"`, which holds a gradient for every weight).
	 */
	readonly mode?: "block" | "online" | "sequence";
	/** Steps of a block, 1 to 32. Default 32. */
	readonly blockSteps?: number;
	/** How changes are rounded to the weights' format: `"dithered"` (by chance, the default) or `"nearest"`. */
	readonly rounding?: "dithered" | "nearest";
	/** Learning rates. */
	readonly rates?: Rates;
	/** Where weights and dither come from: an integer from 0 to 2^53 - 1. Default 1. */
	readonly seed?: number;
	/** The most memory that the network may take, in MiB, 1 to 3,072. Default 1,024. */
	readonly memoryLimitMiB?: number;
}

/** A hidden layer with every option. */
export interface FullHidden extends Required<Omit<HiddenLayer, "rule">> {
	readonly rule: Rule;
}

/** A spec with every option, checked. */
export interface FullSpec {
	readonly input: { readonly width: number; readonly height: number; readonly polarities: number };
	readonly stepUs: number;
	readonly steps: number | undefined;
	readonly maxGapUs: number;
	readonly hidden: readonly FullHidden[];
	readonly readout: Required<Omit<ReadoutLayer, "classes" | "type">> & { readonly classes: readonly string[] };
	readonly signal: "bp" | "dfa";
	readonly window: "all" | { readonly last: number };
	readonly mode: "block" | "online" | "sequence";
	readonly blockSteps: number;
	readonly rounding: "dithered" | "nearest";
	readonly rates: Required<Rates>;
	readonly seed: number;
	readonly memoryLimitMiB: number;
}

const NEURON_KEYS = ["leak", "threshold", "reset", "psi", "rule"] as const;
const RULE_KEYS = ["lambdaPre", "lambdaPost", "alphaPre", "alphaPost"] as const;
const HIDDEN_KEYS = ["type", "units", "bias", "std", "recurrentStd", "weightRange", ...NEURON_KEYS] as const;
const READOUT_KEYS = ["type", "classes", "leak", "traceDecay", "bias", "std"] as const;
const SPEC_KEYS = [
	...["input", "stepUs", "steps", "maxGapUs", "layers", "signal", "window", "mode", "blockSteps", "rounding"],
	...["rates", "seed", "memoryLimitMiB", ...NEURON_KEYS],
] as const;

const MOST_INPUTS = 1 << 20;
const HOUR_US = 3_600_000_000;

/**
 * Checks a spec and fills in what it leaves out.
 *
 * @throws OptionError that names the option, what was given and what is allowed
 */
export function fullSpec(spec: NetworkSpec): FullSpec {
	const given = check.object("spec", spec, SPEC_KEYS);
	const input = checkInput(given.input);
	const stepUs = check.integer("stepUs", given.stepUs, 1, 2 ** 32);
	const layers = given.layers;
	if (!Array.isArray(layers) || layers.length < 1 || layers.length > 65) {
		throw new OptionError("layers", layers, "an array of 0 to 64 hidden layers and the readout");
	}
	const mode = check.oneOf("mode", given.mode, ["block", "online", "sequence"], "block");
	let inputs = input.width * input.height * input.polarities;
	const hidden = layers.slice(0, -1).map((layer: unknown, index) => {
		const full = checkHidden(`layers[${index}]`, layer, given, inputs);
		inputs = full.units;
		return full;
	});
	return {
		input,
		stepUs,
		steps: given.steps === undefined ? undefined : check.integer("steps", given.steps, 1, 2 ** 32),
		maxGapUs: check.integer("maxGapUs", given.maxGapUs, stepUs, Number.MAX_SAFE_INTEGER, Math.max(HOUR_US, stepUs)),
		hidden,
		readout: checkReadout(`layers[${hidden.length}]`, layers[hidden.length], inputs),
		signal: check.oneOf("signal", given.signal, ["bp", "dfa"], "bp"),
		window: checkWindow(given.window),
		mode,
		blockSteps: mode === "online" ? 1 : check.integer("blockSteps", given.blockSteps, 1, 32, 32),
		rounding: check.oneOf("rounding", given.rounding, ["dithered", "nearest"], "dithered"),
		rates: checkRates("rates", given.rates, { hidden: 2 ** -6, readout: 2 ** -12 }),
		seed: check.integer("seed", given.seed, 0, Number.MAX_SAFE_INTEGER, 1),
		memoryLimitMiB: check.integer("memoryLimitMiB", given.memoryLimitMiB, 1, 3072, 1024),
	};
}

/** Checks learning rates; those left out have their value in `fallback`. */
export function checkRates(option: string, given: unknown, fallback: Required<Rates>): Required<Rates> {
	if (given === undefined) return fallback;
	const rates = check.object(option, given, ["hidden", "readout"]);
	const rate = (name: "hidden" | "readout") => {
		const value = check.number(`${option}.${name}`, rates[name], 0, 16, fallback[name]);
		if (value !== 0 && value < 2 ** -24) throw new OptionError(`${option}.${name}`, value, "0, or 2^-24 to 16");
		return value;
	};
	return { hidden: rate("hidden"), readout: rate("readout") };
}

function checkInput(given: unknown): FullSpec["input"] {
	const input = check.object("input", given, ["width", "height", "polarities"]);
	const width = check.integer("input.width", input.width, 1, 65_536);
	const height = check.integer("input.height", input.height, 1, 65_536, 1);
	const polarities = check.integer("input.polarities", input.polarities, 1, 256, 1);
	const inputs = width * height * polarities;
	if (inputs > MOST_INPUTS) {
		throw new OptionError("input", `${width} x ${height} x ${polarities}`, `at most ${MOST_INPUTS} inputs in all`);
	}
	return { width, height, polarities };
}

function checkWindow(given: unknown): FullSpec["window"] {
	if (given === undefined || given === "all") return "all";
	if (typeof given === "string") throw new OptionError("window", given, '"all" or { last: steps }');
	return { last: check.integer("window.last", check.object("window", given, ["last"]).last, 1, 2 ** 32) };
}

function checkHidden(at: string, given: unknown, spec: Record<string, unknown>, inputs: number): FullHidden {
	if (typeof given === "object" && given !== null && "type" in given && given.type === "readout") {
		throw new OptionError(`${at}.type`, "readout", '"dense" or "recurrent": the readout is the last layer');
	}
	const layer = check.object(at, given, HIDDEN_KEYS);
	const type = check.oneOf(`${at}.type`, layer.type, ["dense", "recurrent"]);
	const units = check.integer(`${at}.units`, layer.units, 1, 65_536);
	const std = check.number(`${at}.std`, layer.std, 0, 8, Math.min(8, 2 / Math.sqrt(inputs)));
	const recurrentStd = check.number(`${at}.recurrentStd`, layer.recurrentStd, 0, 8, 1 / Math.sqrt(units));
	const ranges = [1, 2, 4, 8, 16, 32];
	const widest = 4 * Math.max(std, type === "recurrent" ? recurrentStd : 0);
	const weightRange = layer.weightRange ?? ranges.find((range) => range >= widest);
	if (!ranges.some((range) => range === weightRange)) {
		throw new OptionError(`${at}.weightRange`, weightRange, ranges.join(", "));
	}
	// What a layer leaves out is the spec's, and what that leaves out has its default.
	const own = (name: "leak" | "threshold" | "reset" | "psi"): [string, unknown] =>
		layer[name] !== undefined ? [`${at}.${name}`, layer[name]] : [name, spec[name]];
	return {
		type,
		units,
		leak: check.number(...own("leak"), 0, 1, 0.875),
		threshold: check.number(...own("threshold"), 0.5, 64, 1),
		reset: check.oneOf(...own("reset"), ["soft", "hard"], "soft"),
		psi: check.oneOf(...own("psi"), ["exp", "tri", "sigmoid", "tri_out"], "tri"),
		rule: { ...DEFAULT_RULE, ...checkRule("rule", spec.rule), ...checkRule(`${at}.rule`, layer.rule) },
		bias: check.flag(`${at}.bias`, layer.bias, false),
		std,
		recurrentStd,
		weightRange: Number(weightRange),
	};
}

const DEFAULT_RULE: Rule = { lambdaPre: 0.75, lambdaPost: 0.2, alphaPre: 1, alphaPost: 0 };

function checkRule(option: string, given: unknown): Partial<Rule> {
	if (given === undefined) return {};
	const rule = check.object(option, given, RULE_KEYS);
	const checked: { -readonly [K in keyof Rule]?: number } = {};
	for (const name of RULE_KEYS) {
		const value = rule[name];
		if (value === undefined) continue;
		const isDecay = name === "lambdaPre" || name === "lambdaPost";
		const factor = check.number(`${option}.${name}`, value, isDecay ? 0 : -16, isDecay ? 1 : 16);
		if (!isDecay && factor !== 0 && Math.abs(factor) < 2 ** -15) {
			throw new OptionError(`${option}.${name}`, factor, "0, or 2^-15 to 16 in magnitude");
		}
		checked[name] = factor;
	}
	return checked;
}

function checkReadout(at: string, given: unknown, inputs: number): FullSpec["readout"] {
	if (typeof given !== "object" || given === null || !("type" in given) || given.type !== "readout") {
		throw new OptionError(at, given, 'a readout, { type: "readout", classes }, as the last layer');
	}
	const layer = check.object(at, given, READOUT_KEYS);
	return {
		classes: checkClasses(`${at}.classes`, layer.classes),
		leak: check.number(`${at}.leak`, layer.leak, 0, 1, 0.9375),
		traceDecay: check.number(`${at}.traceDecay`, layer.traceDecay, 0, 1, 0.984375),
		bias: check.flag(`${at}.bias`, layer.bias, false),
		std: check.number(`${at}.std`, layer.std, 0, 8, 1 / Math.sqrt(inputs)),
	};
}

function checkClasses(option: string, given: unknown): readonly string[] {
	if (!Array.isArray(given)) {
		const count = check.integer(option, given, 2, 4096);
		return Array.from({ length: count }, (_, label) => String(label));
	}
	check.integer(`${option}.length`, given.length, 2, 4096);
	return given.map((name: unknown, label) => {
		if (typeof name !== "string" || name === "" || given.indexOf(name) !== label) {
			throw new OptionError(`${option}[${label}]`, name, "a name that no other class has");
		}
		return name;
	});
}
