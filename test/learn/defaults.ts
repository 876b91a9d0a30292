// What is left of a task's network where the defaults of `Network.create` are to do the rest.

import type { NetworkSpec } from "stllr";

type Layer = NetworkSpec["layers"][number];

/** What a task is: what it sees, how long it lasts and what it asks, and the leaks that its time scale asks for. */
const OF_SPEC = ["input", "stepUs", "steps", "maxGapUs", "window", "leak", "loss"] as const;

/** What a layer is; how it begins and learns is left out. */
const OF_LAYER: readonly string[] = [
	...["type", "name", "from", "with", "leak"],
	...["units", "filters", "kernel", "stride", "padding", "dilation", "groups", "kind", "factor", "classes", "values"],
];

/** The spec without what it says of how to learn: rates, traces, initial weights, surrogates, optimiser, blocks, dropout. */
export function byDefaults(spec: NetworkSpec): NetworkSpec {
	const layers = spec.layers.filter(({ type }) => type !== "dropout").map((layer) => picked(layer, OF_LAYER) as Layer);
	return { ...(picked(spec, OF_SPEC) as Pick<NetworkSpec, "input" | "stepUs">), layers };
}

function picked(given: object, names: readonly string[]): object {
	return Object.fromEntries(Object.entries(given).filter(([name]) => names.includes(name)));
}
