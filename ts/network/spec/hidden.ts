// A hidden layer of any kind.

import { OptionError } from "../../errors.js";
import * as check from "../check.js";
import type { FullLayer } from "./full.js";
import { type Graph, type Output, type Place, spikes } from "./graph.js";
import type { HiddenLayer } from "./layer.js";
import { checkDropout, checkFlatten, checkJoin, checkPool, checkUpsample } from "./maps.js";
import { checkConv, checkDense } from "./weights.js";

type Kind = HiddenLayer["type"];
const TYPES: readonly Kind[] = [
	"dense",
	"recurrent",
	"conv",
	"pool",
	"upsample",
	"flatten",
	"dropout",
	"add",
	"concat",
];

/** Checks the next hidden layer, and notes what it gives. */
export function checkHidden(index: number, given: unknown, spec: Record<string, unknown>, graph: Graph): FullLayer {
	const layer = check.object(`layers[${index}]`, given);
	const kinds = TYPES.map((type) => `"${type}"`).join(" or ");
	if (layer.type === "readout") {
		throw new OptionError(`layers[${index}].type`, "readout", `${kinds}: the readout is the last layer`);
	}
	const type = check.oneOf(`layers[${index}].type`, layer.type, TYPES);
	const place = graph.enter(index, layer);
	return make(place, layer, type, spec, graph);
}

function make(
	place: Place,
	layer: Record<string, unknown>,
	type: HiddenLayer["type"],
	spec: Record<string, unknown>,
	graph: Graph,
): FullLayer {
	const { name, source } = place;
	/** What all layers have, once it is known what this one gives. */
	const common = (output: Output, option: string, sources: readonly number[] = [source]) => {
		const { shape, divisor, most } = graph.leave(place, output, option);
		return { name, sources, shape, divisor, most };
	};
	switch (type) {
		case "dense":
		case "recurrent": {
			const own = checkDense(place, layer, spec, type);
			return { ...own, ...common(spikes(own.shape), "units") };
		}
		case "conv": {
			const own = checkConv(place, layer, spec);
			return { ...own, ...common(spikes(own.shape), "filters") };
		}
		case "pool": {
			const [own, output] = checkPool(place, layer);
			return { ...own, ...common(output, "kernel") };
		}
		case "upsample": {
			const [own, output] = checkUpsample(place, layer);
			return { ...own, ...common(output, "factor") };
		}
		case "flatten": {
			const [own, output] = checkFlatten(place, layer);
			return { ...own, ...common(output, "from") };
		}
		case "dropout": {
			const [own, output] = checkDropout(place, layer);
			return { ...own, ...common(output, "rate") };
		}
		case "add":
		case "concat": {
			const [own, output, sources] = checkJoin(place, layer, type, graph);
			return { ...own, ...common(output, "with", sources) };
		}
	}
}
