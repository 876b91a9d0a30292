// A spec checked, with what it leaves out filled in.

import { OptionError } from "../../errors.js";
import * as check from "../check.js";
import type { FullSpec } from "./full.js";
import { Graph } from "./graph.js";
import { checkHidden } from "./hidden.js";
import { checkLoss, checkOptimizer, checkRates, checkSignal, checkWindow, usualRates } from "./learning.js";
import type { NetworkSpec } from "./network.js";
import { NEURON_KEYS } from "./neuron.js";
import { checkReadout } from "./readout.js";

export type * from "./full.js";
export type * from "./layer.js";
export { checkRates, type FullOptimizer, type Loss, type Optimizer, type Rates, type Signal } from "./learning.js";
export type { LoihiDecay } from "./loihi.js";
export type { NetworkSpec } from "./network.js";
export type { FullNeurons, NeuronOptions, Psi, Rule } from "./neuron.js";

const SPEC_KEYS = [
	...["input", "stepUs", "steps", "maxGapUs", "layers", "signal", "loss", "optimizer", "weights", "window", "mode"],
	...["blockSteps", "rounding", "rates", "seed", "memoryLimitMiB", ...NEURON_KEYS],
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
	const { layers, readout } = checkLayers(given, input);
	const mode = check.oneOf("mode", given.mode, ["block", "online", "sequence"], "block");
	const optimizer = checkOptimizer(given.optimizer);
	return {
		input,
		stepUs,
		steps: given.steps === undefined ? undefined : check.integer("steps", given.steps, 1, 2 ** 32),
		maxGapUs: check.integer("maxGapUs", given.maxGapUs, stepUs, Number.MAX_SAFE_INTEGER, Math.max(HOUR_US, stepUs)),
		layers,
		readout,
		signal: checkSignal(given.signal, readout),
		loss: checkLoss(given.loss, readout, input),
		optimizer,
		weights: given.weights === undefined || given.weights === 16 ? 16 : checkEight(given.weights),
		window: checkWindow(given.window),
		mode,
		blockSteps: mode === "online" ? 1 : check.integer("blockSteps", given.blockSteps, 1, 32, 32),
		rounding: check.oneOf("rounding", given.rounding, ["dithered", "nearest"], "dithered"),
		rates: checkRates("rates", given.rates, usualRates(optimizer)),
		seed: check.integer("seed", given.seed, 0, Number.MAX_SAFE_INTEGER, 1),
		memoryLimitMiB: check.integer("memoryLimitMiB", given.memoryLimitMiB, 1, 3072, 1024),
	};
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

function checkLayers(spec: Record<string, unknown>, input: FullSpec["input"]): Pick<FullSpec, "layers" | "readout"> {
	const given = spec.layers;
	if (!Array.isArray(given) || given.length < 1 || given.length > 65) {
		throw new OptionError("layers", given, "an array of 0 to 64 hidden layers and the readout");
	}
	const graph = new Graph(input);
	const layers = given.slice(0, -1).map((layer: unknown, index) => checkHidden(index, layer, spec, graph));
	const last: unknown = given.at(-1);
	if (typeof last !== "object" || last === null || !("type" in last) || last.type !== "readout") {
		const readouts = '{ type: "readout", classes } or { type: "readout", values }';
		throw new OptionError(`layers[${layers.length}]`, last, `a readout, ${readouts}, as the last layer`);
	}
	const layer = { ...last };
	const readout = checkReadout(graph.enter(layers.length, layer), layer);
	graph.checkUsed();
	return { layers, readout };
}

function checkEight(given: unknown): 8 {
	if (given === 8) return 8;
	throw new OptionError("weights", given, "16 or 8, bits of a weight");
}
