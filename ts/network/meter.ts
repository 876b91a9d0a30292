// What a network holds and what it did, as numbers with names.

import { EventStaging } from "./staging.js";

/** Bytes that a network holds, by part; known before it is made, and the same after any number of steps. */
export interface Memory {
	/** All parts but `staging`. */
	readonly total: number;
	/** Weights, biases and feedback matrices. */
	readonly weights: number;
	/** Membranes and what a step computes from them. */
	readonly membranes: number;
	/** Traces and spike masks of inputs and neurons. */
	readonly traces: number;
	/** Contributions that wait for the end of a block. */
	readonly block: number;
	/** Gradients that are summed up before they change weights; 0 where plain SGD changes dense layers block by block. */
	readonly gradients: number;
	/** What the optimiser remembers of the weights; 0 for plain gradient descent. */
	readonly optimizer: number;
	/** The input rows of the step that is open. */
	readonly input: number;
	/** Where events are put for WASM; one for all networks. */
	readonly staging: number;
}

/** Work done since the last `resetMeter`. */
export interface Meter {
	/** Time steps. */
	readonly steps: number;
	/** Time steps that learned. */
	readonly learningSteps: number;
	/** Input spikes: unique sensor inputs in a step. */
	readonly inputSpikes: number;
	/** Spikes of all hidden layers. */
	readonly hiddenSpikes: number;
	/** Additions of a weight to a membrane. */
	readonly synapticOperations: number;
	/** Additions to a weight's change. */
	readonly updateOperations: number;
	/** Weights written. */
	readonly weightUpdates: number;
}

/** How many numbers the WASM module lists. */
export const MEMORY_PARTS = 7;

/** Names the first bytes that the WASM module lists. */
export function memoryOf(bytes: Float64Array): Memory {
	const [weights = 0, membranes = 0, traces = 0, block = 0, gradients = 0, optimizer = 0, input = 0] = bytes;
	const total = weights + membranes + traces + block + gradients + optimizer + input;
	return { total, weights, membranes, traces, block, gradients, optimizer, input, staging: EventStaging.bytes };
}

/** Names the counts that the WASM module lists. */
export function meterOf(counts: Float64Array): Meter {
	const [steps = 0, learningSteps = 0, inputSpikes = 0, hiddenSpikes = 0] = counts;
	const [synapticOperations = 0, updateOperations = 0, weightUpdates = 0] = counts.subarray(4);
	return { steps, learningSteps, inputSpikes, hiddenSpikes, synapticOperations, updateOperations, weightUpdates };
}
