// The same network learned by back-propagation through time (BPTT), as leanly as it goes.

import type { FullLayer, FullReadout, FullSpec } from "../spec/mod.js";
import { isWeighted, type LayerWork } from "./work.js";

/** What BPTT takes for a layer over a recording. */
export interface BpttCosts {
	/** Bytes at most at a time. */
	readonly bytes: number;
	/** Of these, all but weights, gradients and the optimiser's memory. */
	readonly states: number;
	/** Multiplications with additions, and additions: event-driven where there are spikes. */
	readonly operations: number;
	/** Products, spikes or not. */
	readonly macs: number;
}

/**
 * BPTT of a layer over `steps` steps, in 32-bit floats. Held are the weights once, a gradient and the optimiser's state for each;
 * two numbers an element of the map that passes back (the membrane's adjoint and the learning signal) and its membrane; and for each
 * step a spike as one bit and, for the surrogate, the membrane in front of the threshold. What can be computed again from the
 * spikes (pooling, additions) is not held.
 */
export function bpttOf(layer: FullLayer | FullReadout, work: LayerWork, spec: FullSpec, steps: number): BpttCosts {
	const { outputs, parameters, macs, synaptic, transposed } = work;
	if (!isWeighted(layer)) {
		const signal = layer.type === "flatten" ? 0 : 4 * outputs;
		return { bytes: signal, states: signal, operations: 0, macs: 0 };
	}
	const perStep = layer.type === "readout" ? 4 * outputs : 4 * outputs + outputs / 8;
	// Back in time too: by the leak, the surrogate and the reset; in a recurrent layer by its own weights.
	const inTime = (layer.type === "readout" ? 1 : 3) * outputs;
	const itself = layer.type === "recurrent" ? layer.units * layer.units : 0;
	const states = 12 * outputs + Math.ceil(steps * perStep);
	return {
		bytes: 4 * parameters * (2 + optimizerStates(spec)) + states,
		states,
		operations: steps * (synaptic + transposed + itself + inTime + synaptic),
		macs: steps * (2 * macs + transposed + itself + inTime),
	};
}

/** Numbers that an optimiser remembers of every weight. */
function optimizerStates({ optimizer }: FullSpec): number {
	return { sgd: 0, momentum: 1, nesterov: 1, adam: 2, rmsprop: 1, rprop: 2 }[optimizer.type];
}

/** Bytes of the sensor's spikes over the recording. */
export function bpttInputBytes({ input }: FullSpec, steps: number): number {
	return Math.ceil((steps * input.width * input.height * input.polarities) / 8);
}
