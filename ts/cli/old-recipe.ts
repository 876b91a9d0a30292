// Recipes of earlier versions, brought to what they said when they were written.

import type { NetworkSpec } from "../index.js";

type Layer = NetworkSpec["layers"][number];

/** The parts of a recipe that have changed. */
interface OldRecipe {
	readonly stllrRecipe?: unknown;
	readonly spec?: unknown;
	readonly schedule?: unknown;
	readonly finalRate?: unknown;
}

/**
 * Brings a recipe up to date. The first ones had nothing but the part of the rates that is left in the end; those of version 1
 * leave out what had other defaults then.
 */
export function upToDate(content: unknown): unknown {
	if (typeof content !== "object" || content === null) return content;
	const { finalRate, ...recipe }: OldRecipe = content;
	const schedule = finalRate === undefined ? {} : { schedule: { type: "linear", final: finalRate } };
	const dated = { ...schedule, ...recipe };
	if (recipe.stllrRecipe !== 1) return dated;
	return { ...dated, stllrRecipe: 2, spec: hasParts(recipe.spec) ? asItWas(recipe.spec) : recipe.spec };
}

/** Has it the parts that its defaults depend on? Whoever takes the spec checks it. */
function hasParts(spec: unknown): spec is NetworkSpec {
	if (typeof spec !== "object" || spec === null || !("input" in spec) || !("layers" in spec)) return false;
	const { input, layers } = spec;
	const isThere = (part: unknown) => typeof part === "object" && part !== null;
	return isThere(input) && Array.isArray(layers) && layers.every(isThere);
}

/** A spec of `stllr train`, dense or recurrent layers one after the other, with what its defaults were in version 1. */
function asItWas(spec: NetworkSpec): NetworkSpec {
	const { width, height = 1, polarities = 1 } = spec.input;
	let fanIn = width * height * polarities;
	const layers = spec.layers.map((layer): Layer => {
		if (layer.type === "readout") return { traceDecay: 0.984375, ...layer };
		if (layer.type !== "dense" && layer.type !== "recurrent") return layer;
		const then = { std: Math.min(8, 2 / Math.sqrt(fanIn)), recurrentStd: 1 / Math.sqrt(layer.units) };
		fanIn = layer.units;
		return { ...then, ...layer };
	});
	const rates = { hidden: 2 ** -6, readout: 2 ** -12, ...spec.rates };
	return { ...spec, layers, rates, rule: { lambdaPre: 0.75, ...spec.rule } };
}
