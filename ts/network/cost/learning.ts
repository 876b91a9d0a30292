// What learning costs in a time step that learns.

import type { FullLayer, FullReadout, FullSpec } from "../spec/mod.js";
import { isWeighted, type LayerWork } from "./work.js";

/** Operations of a step that learns, by part. */
export interface LearningWork {
	/** Products that bring the learning signal: to this layer, or from it to those below. */
	readonly signal: number;
	/** Steps of the reverse sweep: one a neuron and term of the rule. */
	readonly sweep: number;
	/** Additions to the changes of weights: one where a spike meets a neuron, and a share of one a block for what a trace carries. */
	readonly update: number;
}

/** What the rule does for a layer in a step that learns, on average. */
export function learningOf(layer: FullLayer | FullReadout, work: LayerWork, spec: FullSpec): LearningWork {
	if (!isWeighted(layer)) return { signal: 0, sweep: 0, update: 0 };
	const { outputs, macs, synaptic, transposed, rate } = work;
	const isReadout = layer.type === "readout";
	const isNoncausal = !isReadout && layer.rule.alphaPost !== 0;
	const decay = isReadout ? layer.traceDecay : layer.rule.lambdaPre;
	const carried = (carriedShare(rate, decay) * macs) / spec.blockSteps;
	return {
		signal: signalOf(layer.type, work, spec, transposed),
		sweep: outputs * (isNoncausal ? 2 : 1),
		update: synaptic + carried,
	};
}

/** The same in products, where every trace meets every neuron at every step: how the rule is usually counted. */
export function learningMacs(layer: FullLayer | FullReadout, work: LayerWork, spec: FullSpec): number {
	if (!isWeighted(layer)) return 0;
	const terms = layer.type !== "readout" && layer.rule.alphaPost !== 0 ? 2 : 1;
	return signalOf(layer.type, work, spec, work.transposed) + terms * work.macs;
}

function signalOf(type: string, { outputs }: LayerWork, spec: FullSpec, transposed: number): number {
	const classes = spec.readout.classes.length;
	if (spec.signal === "bp") return transposed;
	if (type === "readout") return 0;
	switch (spec.signal) {
		case "drtp":
			// A column of the matrix, as it is.
			return outputs;
		case "local":
			// To the classifier of the layer, and back.
			return 2 * classes * outputs;
		default:
			return classes * outputs;
	}
}

/** The share of inputs that have a trace when a block begins. */
function carriedShare(rate: number, decay: number): number {
	if (rate === 0 || decay === 0) return 0;
	if (rate >= 1 || decay === 1) return 1;
	// Below 2^-15 a trace is gone.
	const lasting = (-15 * Math.LN2) / Math.log(decay);
	return 1 - (1 - rate) ** lasting;
}
