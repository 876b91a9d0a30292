// How neurons work: the options that a spec has for all layers and a layer for itself.

import { OptionError } from "../../errors.js";
import * as check from "../check.js";
import { checkDecay, type LoihiDecay } from "./loihi.js";

/** The rule's four factors: dW = d (alphaPre psi trace_pre + alphaPost trace_post x). */
export interface Rule {
	/** Decay of the trace of input spikes in a step, 0 to 1. Default: the square of the leak; of Loihi's neurons, of the slower decay. */
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
	/**
	 * How membranes decay: by `leak` (`"leak"`, the default), or as on Intel's Loihi, in the chip's own integers. Then `leak`,
	 * `threshold` and `reset` must not be given beside it.
	 */
	readonly decay?: "leak" | LoihiDecay;
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

/** How the neurons of a layer work, with every option. */
export interface FullNeurons extends Required<Omit<NeuronOptions, "rule" | "decay">> {
	/** Where it is Loihi's, `leak`, `threshold` and `reset` tell what that comes to, in units of a weight of 1.0. */
	readonly decay: "leak" | Required<LoihiDecay>;
	readonly rule: Rule;
}

/** The options of neurons. */
export const NEURON_KEYS = ["decay", "leak", "threshold", "reset", "psi", "rule"] as const;
const RULE_KEYS = ["lambdaPre", "lambdaPost", "alphaPre", "alphaPost"] as const;
const DEFAULT_RULE: Omit<Rule, "lambdaPre"> = { lambdaPost: 0.2, alphaPre: 1, alphaPost: 0 };

/** Checks a layer's neurons: what the layer leaves out is the spec's, and what that leaves out has its default. */
export function checkNeurons(at: string, layer: Record<string, unknown>, spec: Record<string, unknown>): FullNeurons {
	const own = (name: "leak" | "threshold" | "reset" | "psi"): [option: string, given: unknown] =>
		layer[name] !== undefined ? [`${at}.${name}`, layer[name]] : [name, spec[name]];
	const decay = checkDecay(at, layer, spec);
	const membrane: Pick<FullNeurons, "leak" | "threshold" | "reset"> =
		decay === "leak"
			? {
					leak: check.number(...own("leak"), 0, 1, 0.875),
					threshold: check.number(...own("threshold"), 0.5, 64, 1),
					reset: check.oneOf(...own("reset"), ["soft", "hard"], "soft"),
				}
			: { leak: 1 - decay.dv / 4096, threshold: decay.vth / decay.scale, reset: "hard" };
	// What lasts longest of an input.
	const lasting = decay === "leak" ? membrane.leak : Math.max(membrane.leak, 1 - decay.du / 4096);
	return {
		decay,
		...membrane,
		psi: check.oneOf(...own("psi"), ["exp", "tri", "sigmoid", "tri_out"], "tri"),
		rule: {
			lambdaPre: lasting ** 2,
			...DEFAULT_RULE,
			...checkRule("rule", spec.rule),
			...checkRule(`${at}.rule`, layer.rule),
		},
	};
}

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
