// A full spec as a user could have written it: every option given, none left to a default that another version may have.

import type { FullLayer, FullReadout, FullSpec } from "./full.js";
import type { HiddenLayer, LayerPlace, ReadoutLayer, WeightOptions } from "./layer.js";
import type { FullOptimizer, Optimizer } from "./learning.js";
import type { NetworkSpec } from "./network.js";

/** The spec, as plain JSON, of which `fullSpec` makes this one. */
export function plainSpec(full: FullSpec): NetworkSpec {
	const { layers, readout, steps, optimizer, ...rest } = full;
	const names = ["input", ...layers.map(({ name }) => name ?? "")];
	const hidden = layers.map((layer, index) => plainLayer(layer, index, names));
	return {
		...rest,
		...(steps === undefined ? {} : { steps }),
		// Blocks of one step are what "online" means.
		blockSteps: full.blockSteps,
		optimizer: plainOptimizer(optimizer),
		layers: [...hidden, plainReadout(readout, layers.length, names)],
	};
}

/** What says where a layer stands. Every layer that is taken by others than the next has a name. */
function place(name: string | undefined, source: number, index: number, names: readonly string[]): LayerPlace {
	const from = source === index ? {} : { from: names[source] ?? "" };
	return { ...(name === undefined ? {} : { name }), ...from };
}

function plainLayer(layer: FullLayer, index: number, names: readonly string[]): HiddenLayer {
	const [source = index, ...others] = layer.sources;
	const at = place(layer.name, source, index, names);
	switch (layer.type) {
		case "dense":
		case "recurrent": {
			const { type, units, recurrentStd } = layer;
			return { type, ...at, units, recurrentStd, ...weightOptions(layer) };
		}
		case "conv": {
			const { type, filters, kernel, stride, padding, dilation, groups } = layer;
			return { type, ...at, filters, kernel, stride, padding, dilation, groups, ...weightOptions(layer) };
		}
		case "pool": {
			const { type, kind, kernel, stride } = layer;
			return { type, ...at, kind, kernel, stride };
		}
		case "upsample":
			return { type: layer.type, ...at, factor: layer.factor };
		case "flatten":
			return { type: layer.type, ...at };
		case "dropout":
			return { type: layer.type, ...at, rate: layer.rate };
		case "add":
		case "concat":
			return { type: layer.type, ...at, with: others.map((other) => names[other] ?? "") };
	}
}

function weightOptions(layer: Required<WeightOptions>): WeightOptions {
	const { decay, leak, threshold, reset, psi, rule, bias, std, weightRange, standardize, rateFactor } = layer;
	const neurons = decay === "leak" ? { decay, leak, threshold, reset } : { decay };
	return { ...neurons, psi, rule, bias, std, weightRange, standardize, rateFactor };
}

function plainReadout(readout: FullReadout, index: number, names: readonly string[]): ReadoutLayer {
	const { type, name, sources, leak, traceDecay, bias, std, classes, values, kernel } = readout;
	const common = { type, ...place(name, sources[0], index, names), leak, traceDecay, bias, std };
	return values > 0 ? { ...common, values, kernel } : { ...common, classes };
}

function plainOptimizer(optimizer: FullOptimizer): Optimizer {
	const { type, momentum, beta1, beta2, alpha, etaMinus, etaPlus, weightDecay } = optimizer;
	switch (type) {
		case "sgd":
			return { type, weightDecay };
		case "momentum":
		case "nesterov":
			return { type, momentum, weightDecay };
		case "adam":
			return { type, beta1, beta2, weightDecay };
		case "rmsprop":
			return { type, alpha, weightDecay };
		case "rprop":
			return { type, etaMinus, etaPlus, weightDecay };
	}
}
