// Convolutions one after the other.

import type { NetworkSpec } from "../spec/mod.js";
import { linear, STANDARD, taskOf, trainedFor } from "./official.js";
import { inputAnd, type NamedOptions, sizeOf } from "./options.js";

/** Filters of the eight convolutions; pooling comes behind the second, fourth and sixth. */
const FILTERS = [64, 128, 256, 256, 512, 512, 512, 512];
const POOLED = [1, 3, 5];

/** Eight convolutions with pooling, as the paper's; small: two with a stride. */
export function vgg(options: NamedOptions): NetworkSpec {
	return sizeOf(options) === "small" ? small(options) : paper(options);
}

function paper(options: NamedOptions): NetworkSpec {
	const task = taskOf(options);
	const { input, classes } = inputAnd(options, task);
	const layers = FILTERS.flatMap((filters, index): NetworkSpec["layers"] => [
		{ type: "conv", filters, kernel: 3, padding: 1, ...STANDARD },
		...(task.dropout > 0 ? [{ type: "dropout", rate: task.dropout } as const] : []),
		...(POOLED.includes(index) ? [{ type: "pool", kind: task.pool, kernel: 2 } as const] : []),
	]);
	const side = Math.floor(Math.min(input.width, input.height ?? 1) / 8);
	return { input, layers: [...layers, ...linear(side, classes, 512)], ...trainedFor(task) };
}

function small(options: NamedOptions): NetworkSpec {
	const { input, classes } = inputAnd(options, { input: { width: 34, height: 34, polarities: 2 }, classes: 10 });
	return {
		input,
		stepUs: 10_000,
		layers: [
			{ type: "conv", filters: 16, kernel: 5, stride: 2 },
			{ type: "conv", filters: 32, kernel: 5, stride: 2 },
			{ type: "readout", classes },
		],
	};
}
