// Which of the two WASM modules a network runs in.

import type { FullLayer, FullSpec } from "./spec/mod.js";

/**
 * Does a network need the deep module?
 *
 * The small one holds dense and recurrent layers of 16-bit weights, whose neurons leak, and a readout of classes, which learn by cross-entropy, BP or DFA
 * and plain gradient descent. Its core refuses everything else.
 */
export function needsDeep({ layers, readout, signal, loss, optimizer, weights }: FullSpec): boolean {
	return (
		!layers.every(isSmall) ||
		readout.values > 0 ||
		loss !== "cross-entropy" ||
		(signal !== "bp" && signal !== "dfa") ||
		optimizer.type !== "sgd" ||
		optimizer.weightDecay !== 0 ||
		weights !== 16
	);
}

function isSmall(layer: FullLayer): boolean {
	if (layer.type === "dense" || layer.type === "recurrent") return !layer.standardize && layer.decay === "leak";
	// A map that becomes a vector is the same map.
	return layer.type === "flatten";
}
