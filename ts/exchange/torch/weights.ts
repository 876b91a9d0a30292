// The weights of a module as our layer takes them, and the range that holds them.

import type { NetworkSpec } from "../../network/spec/mod.js";
import { readFinite, type Tensor } from "../tensor.js";
import type { Weighted } from "./match.js";
import type { TorchModule } from "./modules.js";

/** What a layer takes, in PyTorch's layouts. */
export interface Weights {
	readonly weights: Float64Array;
	readonly recurrent?: Float64Array;
	readonly bias: Float64Array;
	readonly gain?: Float64Array;
	readonly recurrentGain?: Float64Array;
}

/** Added to the variance of standardised weights. */
const EPSILON = 1e-4;
const RANGES = [1, 2, 4, 8, 16, 32];
/** Weights of 8 bits have less, too. */
const BYTE_RANGES = [2 ** -6, 2 ** -5, 2 ** -4, 2 ** -3, 2 ** -2, 2 ** -1, ...RANGES];

/** Reads a module's weights: all finite; gains folded in where the layer's weights are not standardised. */
export function readWeights(module: TorchModule, layer: Weighted, place: string | undefined): Weights {
	const read = (tensor: Tensor | undefined) => (tensor === undefined ? undefined : readFinite(tensor, place));
	const [weights, recurrent] = [readFinite(module.weight, place), read(module.recurrent)];
	const bias = read(module.bias) ?? new Float64Array(module.weight.shape[0] ?? 0);
	if (layer.type === "readout") return { weights, bias };
	const ones = () => new Float64Array(module.weight.shape[0] ?? 0).fill(1);
	const [gain, recurrentGain] = [read(module.gain), read(module.recurrentGain)];
	if (layer.standardize) {
		const both = recurrent && { recurrent, recurrentGain: recurrentGain ?? ones() };
		return { weights, gain: gain ?? ones(), ...both, bias };
	}
	const folded = (values: Float64Array, gains: Float64Array | undefined) =>
		gains === undefined ? values : standardised(values, gains);
	return { weights: folded(weights, gain), ...(recurrent && { recurrent: folded(recurrent, recurrentGain) }), bias };
}

/** gain (W - mean) / sqrt(variance n + 1e-4) for each output, with the unbiased variance of its n weights. */
export function standardised(weights: Float64Array, gains: Float64Array): Float64Array {
	const count = weights.length / gains.length;
	const out = new Float64Array(weights.length);
	gains.forEach((gain, output) => {
		const row = weights.subarray(output * count, (output + 1) * count);
		const mean = row.reduce((sum, weight) => sum + weight, 0) / count;
		const variance = row.reduce((sum, weight) => sum + (weight - mean) ** 2, 0) / Math.max(1, count - 1);
		const scale = gain / Math.sqrt(variance * count + EPSILON);
		row.forEach((weight, index) => {
			out[output * count + index] = (weight - mean) * scale;
		});
	});
	return out;
}

/** The least range that holds a layer's weights as they are held, and as they work; none for a readout. */
export function rangeOf(held: Weights, layer: Weighted, bits: NetworkSpec["weights"]): number | undefined {
	if (layer.type === "readout") return undefined;
	const { weights, recurrent, gain, recurrentGain } = held;
	const ranges = bits === 8 ? BYTE_RANGES : RANGES;
	let most: number;
	if (gain !== undefined) {
		// Drawn ones have 16 bits, and a range of 1 at least; the average's divisor is in the gains.
		const drawn = Math.max(largest(weights), largest(recurrent));
		const working = largest(standardised(weights, gain)) / layer.inputDivisor;
		const own = recurrent && recurrentGain ? largest(standardised(recurrent, recurrentGain)) : 0;
		most = Math.max(bits === 8 && drawn < 1 ? 0 : drawn, working, own);
	} else {
		most = Math.max(largest(weights) / layer.inputDivisor, largest(recurrent));
	}
	return ranges.find((range) => most < range) ?? ranges.at(-1);
}

function largest(values: Float64Array | undefined): number {
	return values?.reduce((most, value) => Math.max(most, Math.abs(value)), 0) ?? 0;
}
