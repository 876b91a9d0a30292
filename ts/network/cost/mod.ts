// What a network costs, by layer and in all: parameters, bytes, operations; and what BPTT would.

import * as check from "../check.js";
import { type FullSpec, fullSpec, type NetworkSpec, type Shape } from "../spec/mod.js";
import { type BpttCosts, bpttInputBytes, bpttOf } from "./bptt.js";
import { bytesOf, type CostBytes, noBytes } from "./bytes.js";
import { learningMacs, learningOf } from "./learning.js";
import { type Firing, type LayerWork, workOf } from "./work.js";

export type { BpttCosts } from "./bptt.js";
export type { CostBytes } from "./bytes.js";

/** What costs are asked for. */
export interface CostOptions {
	/** Steps of a recording, 1 to 2^32. Default 100. */
	readonly steps?: number;
	/** Spikes of a sensor's input in a step, 0 to 1. Default 0.05. */
	readonly inputRate?: number;
	/** Spikes of a hidden neuron in a step, 0 to 1. Default 0.05. */
	readonly hiddenRate?: number;
}

/** Operations in a step. */
export interface StepOperations {
	/** Products of inputs and weights, spikes or not. */
	readonly macs: number;
	/** Additions of a weight to a membrane: what the forward pass does. */
	readonly synaptic: number;
	/** What learning adds in a step that learns. */
	readonly learning: number;
}

/** What a layer costs, or all of them. */
export interface Costs {
	/** Weights, biases and gains. */
	readonly parameters: number;
	/** Bytes by part, and all together. */
	readonly bytes: CostBytes & {
		readonly total: number;
		/** All but weights, gradients and the optimiser's memory. */
		readonly states: number;
	};
	readonly operations: StepOperations;
	/** A recording learned by the rule. */
	readonly recording: { readonly operations: number; readonly macs: number };
	/** The same recording learned by BPTT. */
	readonly bptt: BpttCosts;
}

/** A layer's costs. */
export interface LayerCosts extends Costs {
	/** Its name; without one its type and number. */
	readonly name: string;
	readonly type: string;
	/** The shape of what it gives. */
	readonly shape: Shape;
}

/** A network's costs. */
export interface NetworkCosts {
	readonly steps: number;
	/** Of these, steps that learn. */
	readonly learningSteps: number;
	readonly inputRate: number;
	readonly hiddenRate: number;
	/** The hidden layers and the readout. */
	readonly layers: readonly LayerCosts[];
	/** All, with the input: its bytes are those of the spikes of a step. */
	readonly total: Costs;
	/** Bytes of the input rows of a step; among `total`'s. */
	readonly inputBytes: number;
}

/**
 * What a network of this spec costs, without making it. The memory limit is not enforced.
 *
 * @throws OptionError for an option out of its range
 * @throws EnvironmentError where WebAssembly is missing
 */
export async function costs(spec: NetworkSpec, options: CostOptions = {}): Promise<NetworkCosts> {
	const full = fullSpec(spec);
	const steps = check.integer("steps", options.steps, 1, 2 ** 32, 100);
	const firing = {
		inputRate: check.number("inputRate", options.inputRate, 0, 1, 0.05),
		hiddenRate: check.number("hiddenRate", options.hiddenRate, 0, 1, 0.05),
	};
	const learningSteps = full.window === "all" ? steps : Math.min(steps, full.window.last);
	const held = await bytesOf(full);
	const layers = layerCosts(full, held.layers, steps, learningSteps, firing);
	const total = totalOf(full, layers, steps, held.input);
	return { steps, learningSteps, ...firing, layers, total, inputBytes: held.input };
}

function layerCosts(
	spec: FullSpec,
	held: readonly CostBytes[],
	steps: number,
	learningSteps: number,
	firing: Firing,
): LayerCosts[] {
	const work = workOf(spec, firing);
	return [...spec.layers, spec.readout].map((layer, index): LayerCosts => {
		const own = work[index] as LayerWork;
		const bytes = held[index] as CostBytes;
		const { signal, sweep, update } = learningOf(layer, own, spec);
		const learning = signal + sweep + update;
		return {
			name: layer.name ?? (layer.type === "readout" ? "readout" : `${layer.type} ${index + 1}`),
			type: layer.type,
			shape: layer.shape,
			parameters: own.parameters,
			bytes: { ...bytes, total: sum(Object.values(bytes)), states: bytes.membranes + bytes.traces + bytes.block },
			operations: { macs: own.macs, synaptic: own.synaptic, learning },
			recording: {
				operations: steps * own.synaptic + learningSteps * learning,
				macs: steps * own.macs + learningSteps * learningMacs(layer, own, spec),
			},
			bptt: bpttOf(layer, own, spec, steps),
		};
	});
}

function totalOf(spec: FullSpec, layers: readonly LayerCosts[], steps: number, input: number): Costs {
	const over = (pick: (layer: LayerCosts) => number) => sum(layers.map(pick));
	const parts = Object.keys(noBytes) as (keyof CostBytes)[];
	const bytes = Object.fromEntries(parts.map((part) => [part, over((layer) => layer.bytes[part])])) as {
		[K in keyof CostBytes]: number;
	};
	return {
		parameters: over(({ parameters }) => parameters),
		bytes: {
			...bytes,
			total: over((layer) => layer.bytes.total) + input,
			states: over((layer) => layer.bytes.states) + input,
		},
		operations: {
			macs: over(({ operations }) => operations.macs),
			synaptic: over(({ operations }) => operations.synaptic),
			learning: over(({ operations }) => operations.learning),
		},
		recording: {
			operations: over(({ recording }) => recording.operations),
			macs: over(({ recording }) => recording.macs),
		},
		bptt: {
			bytes: over(({ bptt }) => bptt.bytes) + bpttInputBytes(spec, steps),
			states: over(({ bptt }) => bptt.states) + bpttInputBytes(spec, steps),
			operations: over(({ bptt }) => bptt.operations),
			macs: over(({ bptt }) => bptt.macs),
		},
	};
}

function sum(values: readonly number[]): number {
	return values.reduce((total, value) => total + value, 0);
}
