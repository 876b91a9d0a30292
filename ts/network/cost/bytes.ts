// Bytes that a network holds, by layer: the core's own count.

import { loadModule } from "../../wasm/module.js";
import { learnerArguments, refusing } from "../core.js";
import { MEMORY_PARTS, memoryOf } from "../meter.js";
import type { FullSpec } from "../spec/mod.js";

/** Bytes by part. */
export interface CostBytes {
	/** Weights, biases, gains and feedback matrices. */
	readonly weights: number;
	/** Membranes, learning signals and what a step computes from them. */
	readonly membranes: number;
	/** Traces and spike masks. */
	readonly traces: number;
	/** Contributions that wait for the end of a block. */
	readonly block: number;
	/** Gradients that are summed up before they change weights. */
	readonly gradients: number;
	/** What the optimiser remembers of every weight. */
	readonly optimizer: number;
}

/** Nothing. */
export const noBytes: CostBytes = { weights: 0, membranes: 0, traces: 0, block: 0, gradients: 0, optimizer: 0 };

/** A network's bytes. */
export interface NetworkBytes {
	/** The input rows of the step that is open. */
	readonly input: number;
	/** The hidden layers in order, and the readout. */
	readonly layers: readonly CostBytes[];
}

/** With this the core refuses only what its addresses do not reach. */
const NO_LIMIT_MIB = 2 ** 31 - 1;

/**
 * What a network of this spec holds, whatever its memory limit.
 *
 * @throws StllrError where the core refuses the spec
 */
export async function bytesOf(spec: FullSpec): Promise<NetworkBytes> {
	const { Learner } = await loadModule("deep");
	const told = refusing(spec, () =>
		Learner.layerMemory(...learnerArguments({ ...spec, memoryLimitMiB: NO_LIMIT_MIB })),
	);
	let next = 0;
	const take = () => {
		const { input, weights, membranes, traces, block, gradients, optimizer } = memoryOf(told.subarray(next));
		next += MEMORY_PARTS;
		return { input, own: { weights, membranes, traces, block, gradients, optimizer } };
	};
	const { input } = take();
	// The core knows no flattened maps.
	const layers = [...spec.layers, spec.readout].map(({ type }) => (type === "flatten" ? noBytes : take().own));
	return { input, layers };
}
