// A layer of a spec, filled with what its module in the file says.

import { FormatError, OptionError } from "../../errors.js";
import type { Rule } from "../../network/spec/mod.js";
import { readFinite, type Tensor } from "../tensor.js";
import type { LeftOut, TorchModule } from "./modules.js";

/** Where an option of an imported layer comes from. */
export interface Choice {
	/** `layers[0].leak`. */
	readonly option: string;
	readonly value: number | boolean | string;
	/** `"layer"` and `"spec"`: what was asked for, in the layer or for all layers; `"file"`; `"default"`: stllr's own. */
	readonly from: "layer" | "file" | "spec" | "default";
}

/** What filling a layer needs. */
export interface Filling {
	/** `layers[2]`. */
	readonly at: string;
	readonly module: TorchModule;
	/** The file's name. */
	readonly place: string | undefined;
	/** Options for all layers. */
	readonly spec: Readonly<Record<string, unknown>>;
	readonly choices: Choice[];
	readonly leftOut: LeftOut[];
}

type Layer = Readonly<Record<string, unknown>>;

/** What is the file's own and what was asked for, of a layer of spiking neurons. */
export function fillHidden(layer: Layer, filling: Filling): Layer {
	const { at, module, place, choices } = filling;
	const { neurons } = module;
	const single = (tensor: Tensor) => short(readFinite(tensor, place)[0] ?? 0);
	const leak = neurons && sigmoid(single(neurons.leak));
	// The official code works with at least this.
	const threshold = neurons && Math.max(0.5, single(neurons.threshold));
	const rule = neurons && ruleOf(neurons.factors, place);
	const bias = biasOf(layer, filling);
	const standardize = layer.standardize ?? module.gain !== undefined;
	choices.push({
		option: `${at}.standardize`,
		value: standardize === true,
		from: layer.standardize === undefined ? "file" : "layer",
	});
	if (module.gain !== undefined && standardize === false)
		choices.push({
			option: `${at}: gain`,
			value: "folded into the weights, which are standardised no more",
			from: "layer",
		});
	const { spec } = filling;
	const reset = layer.reset ?? spec.reset;
	choices.push({
		option: `${at}.reset`,
		value: typeof reset === "string" ? reset : "soft",
		from: layer.reset !== undefined ? "layer" : spec.reset !== undefined ? "spec" : "default",
	});
	return {
		...layer,
		leak: choose("leak", layer, leak, filling),
		threshold: choose("threshold", layer, threshold, filling),
		...(rule === undefined ? {} : { rule: fillRule(layer.rule, rule, filling) }),
		bias,
		standardize,
	};
}

/** The same of a readout. */
export function fillReadout(layer: Layer, filling: Filling): Layer {
	const { module, place, leftOut } = filling;
	const { neurons, gain } = module;
	if (module.recurrent !== undefined) throw refuse(module.recurrent, "a readout without weights from itself", place);
	if (gain !== undefined && neurons === undefined)
		throw refuse(gain, "a readout whose weights are not standardised", place);
	for (const tensor of neurons === undefined ? [] : [gain, neurons.threshold]) {
		if (tensor !== undefined)
			leftOut.push({ tensor: tensor.name, reason: "the official readout has it and does not use it" });
	}
	const leak = neurons && sigmoid(readFinite(neurons.leak, place)[0] ?? 0);
	const traceDecay = neurons && short(readFinite(neurons.factors, place)[1] ?? 0);
	const filled = { ...layer, leak: choose("leak", layer, leak, filling), bias: biasOf(layer, filling) };
	if (layer.traceDecay === undefined && traceDecay === undefined) return filled;
	return { ...filled, traceDecay: choose("traceDecay", layer, traceDecay, filling) };
}

/** The layer's own, else the file's, else that for all layers; there is no default for what a network was trained with. */
function choose(
	name: "leak" | "threshold" | "traceDecay",
	layer: Layer,
	held: number | undefined,
	filling: Filling,
): unknown {
	const { at, spec, choices } = filling;
	// A readout takes nothing from the options for all layers.
	const general = layer.type === "readout" ? undefined : spec[name];
	const from = layer[name] !== undefined ? "layer" : held !== undefined ? "file" : "spec";
	const value = layer[name] ?? held ?? general;
	if (value === undefined) {
		const range = name === "threshold" ? "0.5 to 64" : "0 to 1";
		throw new OptionError(`spec.${at}.${name}`, value, `a number from ${range}: the file does not say it`);
	}
	if (typeof value === "number") choices.push({ option: `${at}.${name}`, value, from });
	return value;
}

/** Is the bias learned? Where it is not, it is the file's all the same. */
function biasOf(layer: Layer, { at, module, choices }: Filling): unknown {
	const bias = layer.bias ?? module.bias !== undefined;
	choices.push({ option: `${at}.bias`, value: bias === true, from: layer.bias === undefined ? "file" : "layer" });
	return bias;
}

function ruleOf(factors: Tensor, place: string | undefined): Rule {
	const [lambdaPost = 0, lambdaPre = 0, alphaPost = 0, alphaPre = 0] = readFinite(factors, place).map(short);
	return { lambdaPre, lambdaPost, alphaPre, alphaPost };
}

function fillRule(given: unknown, held: Rule, { at, choices }: Filling): unknown {
	if (given !== undefined && (typeof given !== "object" || given === null)) return given;
	const own = new Map<string, unknown>(Object.entries(given ?? {}));
	for (const [name, value] of Object.entries(held)) {
		const asked = own.get(name);
		choices.push({
			option: `${at}.rule.${name}`,
			value: typeof asked === "number" ? asked : value,
			from: asked === undefined ? "file" : "layer",
		});
	}
	return { ...held, ...given };
}

function sigmoid(value: number): number {
	return 1 / (1 + Math.exp(-value));
}

/** The shortest number of which float32 makes this one: 0.6 for what float32 makes of it. */
function short(value: number): number {
	const digits = Number(value.toPrecision(7));
	return Math.fround(digits) === value ? digits : value;
}

function refuse({ name, byteOffset }: Tensor, allowed: string, place: string | undefined): FormatError {
	return new FormatError(byteOffset, name, allowed, place);
}
