// What a layer computes in a time step: products where all is computed, additions where only spikes are.

import { elementsOf } from "../spec/full.js";
import type { FullConv, FullDense, FullLayer, FullReadout, FullSpec, Shape } from "../spec/mod.js";

/** How often neurons spike. */
export interface Firing {
	/** Spikes of an input in a step, 0 to 1. */
	readonly inputRate: number;
	/** Spikes of a spiking neuron in a step, 0 to 1. */
	readonly hiddenRate: number;
}

/** A layer with weights, or the readout. */
export type Weighted = FullDense | FullConv | FullReadout;

/** What a layer computes in a step, in multiplications with additions or additions alone. */
export interface LayerWork {
	/** Elements that it takes. */
	readonly inputs: number;
	/** Elements that it gives. */
	readonly outputs: number;
	/** Weights, biases and gains. */
	readonly parameters: number;
	/** Products of inputs and weights, spikes or not. */
	readonly macs: number;
	/** Additions of a weight to a membrane: for each spike the neurons that it reaches. */
	readonly synaptic: number;
	/** Products that bring a learning signal from this layer to spiking ones below, by the transposed weights. */
	readonly transposed: number;
	/** Spikes of an element that it takes, in a step. */
	readonly rate: number;
}

/** Has this layer weights? */
export function isWeighted(layer: FullLayer | FullReadout): layer is Weighted {
	return "inputDivisor" in layer;
}

/** The work of each hidden layer, and of the readout, which comes last. */
export function workOf(spec: FullSpec, firing: Firing): LayerWork[] {
	const { width, height, polarities } = spec.input;
	const shapes: Shape[] = [{ channels: polarities, height, width }];
	const rates = [firing.inputRate];
	const areSpiking = [false];
	return [...spec.layers, spec.readout].map((layer) => {
		const inputs = layer.sources.reduce((sum, source) => sum + elementsOf(at(shapes, source)), 0);
		const sourceRates = layer.sources.map((source) => at(rates, source));
		const rate = at(sourceRates, 0);
		const hasSpiking = layer.sources.some((source) => at(areSpiking, source));
		shapes.push(layer.shape);
		areSpiking.push(hasSpiking || isWeighted(layer));
		rates.push(layer.type === "readout" ? 0 : rateOf(layer, sourceRates, shapes, firing));
		const outputs = elementsOf(layer.shape);
		if (!isWeighted(layer)) return { inputs, outputs, parameters: 0, macs: 0, synaptic: 0, transposed: 0, rate };
		const { fanIn } = layer;
		const { neurons, itself } = sharesOf(layer);
		const macs = outputs * (fanIn + itself);
		const gains = "standardize" in layer && layer.standardize ? neurons * (itself > 0 ? 2 : 1) : 0;
		return {
			inputs,
			outputs,
			parameters: neurons * (fanIn + itself) + (layer.bias ? neurons : 0) + gains,
			macs,
			synaptic: outputs * (fanIn * rate + itself * firing.hiddenRate),
			transposed: hasSpiking ? outputs * fanIn : 0,
			rate,
		};
	});
}

/** How many neurons have weights of their own, and how many of the layer itself each of them sees. */
export function sharesOf(layer: Weighted): { neurons: number; itself: number } {
	if (layer.type === "conv") return { neurons: layer.filters, itself: 0 };
	if (layer.type === "readout") return { neurons: layer.shape.channels, itself: 0 };
	return { neurons: layer.units, itself: layer.type === "recurrent" ? layer.units : 0 };
}

function rateOf(layer: FullLayer, rates: readonly number[], shapes: readonly Shape[], firing: Firing): number {
	const rate = at(rates, 0);
	switch (layer.type) {
		case "pool":
			return layer.kind === "max" ? 1 - (1 - rate) ** (layer.kernel ** 2) : rate * layer.kernel ** 2;
		case "add":
			return layer.repeats.reduce((sum, repeat, index) => sum + repeat * at(rates, index), 0);
		case "concat": {
			const spikes = layer.sources.map((source, index) => {
				return elementsOf(at(shapes, source)) * at(rates, index) * at(layer.repeats, index);
			});
			return spikes.reduce((sum, count) => sum + count) / elementsOf(layer.shape);
		}
		case "dense":
		case "recurrent":
		case "conv":
			return firing.hiddenRate;
		default:
			return rate;
	}
}

function at<T>(list: readonly T[], index: number): T {
	const found = list[index];
	if (found === undefined) throw new RangeError(`there is no element ${index}`);
	return found;
}
