// Convolutions with residual additions of spikes.

import type { HiddenLayer, NetworkSpec } from "../spec/mod.js";
import { linear, STANDARD, taskOf, trainedFor } from "./official.js";
import { inputAnd, type NamedOptions, sizeOf } from "./options.js";

/** The blocks of the paper size: filters, and the stride of the first convolution. */
const BLOCKS = [
	...[block(64, 1), block(64, 1), block(128, 2), block(128, 1)],
	...[block(256, 2), block(256, 1), block(512, 2), block(512, 1)],
];

interface Block {
	readonly filters: number;
	readonly stride: number;
}

function block(filters: number, stride: number): Block {
	return { filters, stride };
}

/** A residual network of 18 layers, as the official code's; small: two blocks. */
export function resnet(options: NamedOptions): NetworkSpec {
	return sizeOf(options) === "small" ? small(options) : paper(options);
}

function paper(options: NamedOptions): NetworkSpec {
	const task = taskOf(options);
	const { input, classes } = inputAnd(options, task);
	// Pooling rounds down, three times a stride of 2 with padding up.
	const side = Math.ceil(Math.floor(Math.min(input.width, input.height ?? 1) / 2) / 8);
	return {
		input,
		layers: [
			{ type: "conv", filters: 64, kernel: 3, padding: 1, ...STANDARD },
			{ type: "pool", kind: "average", kernel: 2, name: "block0" },
			...BLOCKS.flatMap((block, index) => residual(block, index, STANDARD)),
			...linear(side, classes, 512),
		],
		...trainedFor(task),
	};
}

function small(options: NamedOptions): NetworkSpec {
	const { input, classes } = inputAnd(options, { input: { width: 34, height: 34, polarities: 2 }, classes: 10 });
	return {
		input,
		stepUs: 10_000,
		layers: [
			{ type: "conv", filters: 16, kernel: 3, stride: 2, padding: 1, name: "block0" },
			...[block(16, 1), block(32, 2)].flatMap((block, index) => residual(block, index, {})),
			{ type: "pool", kind: "average", kernel: 3 },
			{ type: "readout", classes },
		],
	};
}

/**
 * A block: two convolutions whose spikes are added to those of the block before; where it makes the map smaller, to those of a
 * convolution by 1 of it.
 */
function residual({ filters, stride }: Block, index: number, more: object): HiddenLayer[] {
	const [from, name] = [`block${index}`, `block${index + 1}`];
	const body: HiddenLayer[] = [
		{ type: "conv", filters, kernel: 3, stride, padding: 1, ...more },
		{ type: "conv", filters, kernel: 3, padding: 1, ...more },
	];
	if (stride === 1) return [...body, { type: "add", with: from, name }];
	const skip: HiddenLayer = { type: "conv", filters, kernel: 1, stride, from, name: `${name} skip`, ...more };
	return [
		skip,
		...body.map((layer, at) => (at === 0 ? { ...layer, from } : layer)),
		{ type: "add", with: `${name} skip`, name },
	];
}
