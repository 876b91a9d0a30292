// From a network to a file of tensors.

import type { Network } from "../../network/network.js";
import type { LayerParameters } from "../../network/parameters.js";
import { plainSpec } from "../../network/spec/plain.js";
import { type WrittenTensor, writeSafetensors } from "../safetensors/write.js";
import { type Weighted, weightedAt, weightShape } from "./match.js";
import { SPEC_KEY } from "./names.js";

/**
 * The weights of a network as a safetensors file, in float32 and PyTorch's layouts, by the names that a Sequential called `layers` would
 * give them: `layers.0.weight`, `layers.0.bias`, and, as in the official code, `layers.0.gain`, `layers.0.weight_rec`,
 * `layers.0.gain_rec`. The numbers are those of `spec.layers`. Its spec is in the metadata, so that `importSafetensors` makes the network
 * again: hidden weights as they were, and those of the readout to a part in 2^24.
 */
export function exportSafetensors(network: Network): Uint8Array {
	const { spec } = network;
	const places = [...spec.layers.keys()].filter((index) => "inputDivisor" in (spec.layers[index] ?? {}));
	const parameters = network.parameters();
	const tensors = [...places, spec.layers.length].flatMap((index, order): WrittenTensor[] => {
		const held = parameters[order];
		return held === undefined ? [] : tensorsOf(`layers.${index}`, weightedAt(spec, index), held);
	});
	return writeSafetensors(tensors, { format: "pt", [SPEC_KEY]: JSON.stringify(plainSpec(spec)) });
}

function tensorsOf(name: string, layer: Weighted, held: LayerParameters): WrittenTensor[] {
	const shape = weightShape(layer);
	const [units = 0, ...rest] = shape;
	const column = [units, ...rest.map(() => 1)];
	const parts: readonly (readonly [string, readonly number[], Float64Array | undefined])[] = [
		["weight", shape, held.weights],
		["bias", [units], layer.bias || held.bias.some((value) => value !== 0) ? held.bias : undefined],
		["gain", column, held.gain],
		["weight_rec", [units, units], held.recurrent],
		["gain_rec", column, held.recurrentGain],
	];
	return parts.flatMap(([part, size, values]) =>
		values === undefined ? [] : [{ name: `${name}.${part}`, shape: size, values }],
	);
}
