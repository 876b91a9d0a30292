// Weights as a layer uses them: standardised, where it does that.

import type { LayerParameters } from "../../network/parameters.js";
import type { FullConv, FullDense } from "../../network/spec/mod.js";

/** What keeps the root of a variance from zero. */
const EPSILON = 1e-4;

/** The parameters with weights as they are in use: gain (W - mean) / sqrt(variance fan-in + 1e-4), by rows. */
export function inUse(layer: FullDense | FullConv, parameters: LayerParameters): LayerParameters {
	const { weights, recurrent, gain, recurrentGain } = parameters;
	if (!layer.standardize || gain === undefined) return parameters;
	return {
		...parameters,
		weights: standardised(weights, gain),
		...(recurrent && recurrentGain && { recurrent: standardised(recurrent, recurrentGain) }),
	};
}

function standardised(weights: Float64Array, gain: Float64Array): Float64Array {
	const fanIn = weights.length / gain.length;
	const out = new Float64Array(weights.length);
	for (const [row, factor] of gain.entries()) {
		const own = weights.subarray(row * fanIn, (row + 1) * fanIn);
		const mean = own.reduce((sum, w) => sum + w, 0) / fanIn;
		const variance = own.reduce((sum, w) => sum + (w - mean) ** 2, 0) / Math.max(1, fanIn - 1);
		const scale = factor / Math.sqrt(variance * fanIn + EPSILON);
		for (const [k, w] of own.entries()) out[row * fanIn + k] = scale * (w - mean);
	}
	return out;
}
