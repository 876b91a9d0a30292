// A network that is larger than it may be: by how much, and which layer makes it so.

import { OptionError } from "../errors.js";
import { elementsOf, type FullLayer, type FullReadout, type FullSpec } from "./spec/full.js";

/** What the core says of a network beyond its limit, in bytes. */
const TOO_LARGE = /^memory in bytes: (\d+) is not allowed; allowed: 0 to (\d+)$/;

/** The core's words about a network that is too large, as an error that names its largest layer; undefined for other words. */
export function tooLarge(said: string, spec: FullSpec): OptionError | undefined {
	const [, bytes, most] = TOO_LARGE.exec(said) ?? [];
	if (bytes === undefined || most === undefined) return undefined;
	const layers = [...spec.layers, spec.readout];
	const sizes = layers.map((layer) => roughBytes(layer, spec));
	const largest = sizes.indexOf(Math.max(...sizes));
	const name = layers[largest]?.name;
	const isLimit = Number(most) === spec.memoryLimitMiB * 2 ** 20;
	return new OptionError(
		`layers[${largest}]${name === undefined ? "" : ` ${JSON.stringify(name)}`}`,
		`a network of ${mebibytes(Number(bytes))} MiB, of which this layer takes most`,
		`at most ${mebibytes(Number(most))} MiB in all (${isLimit ? "memoryLimitMiB" : "what can be addressed"})`,
	);
}

/** Bytes of weights, of what is kept of each, and of a block's numbers: enough to tell which layer is the largest. */
function roughBytes(layer: FullLayer | FullReadout, { mode, optimizer, blockSteps }: FullSpec): number {
	if (!("fanIn" in layer)) return 4 * elementsOf(layer.shape);
	const { channels } = layer.shape;
	const own = layer.type === "recurrent" ? channels : 0;
	const kept = (mode === "sequence" ? 4 : 0) + (optimizer.type === "sgd" ? 0 : 8);
	const held = layer.type === "readout" ? 4 : 2;
	return channels * (layer.fanIn + own) * (held + kept) + 4 * blockSteps * elementsOf(layer.shape);
}

function mebibytes(bytes: number): string {
	const count = bytes / 2 ** 20;
	return count < 100 ? count.toFixed(1).replace(/\.0$/, "") : String(Math.ceil(count));
}
