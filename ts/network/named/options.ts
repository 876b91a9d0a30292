// What is asked of a network by name.

import * as check from "../check.js";
import type { NetworkSpec } from "../spec/mod.js";

/** Which size of a named network. */
export type NetworkSize = "paper" | "small";

/** What a named network is for. */
export interface NamedOptions {
	/**
	 * `"paper"` (the default): as large as published, for a computer; `"small"`: for a device. What of it is published and what is
	 * ours, the docs of networks say.
	 */
	readonly size?: NetworkSize;
	/** Classes, or their names. Default: those of the network's task. Not for `"flownet"`. */
	readonly classes?: number | readonly string[];
	/** The sensor. Default: that of the network's task. */
	readonly input?: NetworkSpec["input"];
	/** Of `"vgg"` and `"resnet"` in paper size: whose sensor, classes, factors and pooling. Default `"dvs-gesture"`. */
	readonly task?: "dvs-gesture" | "cifar10-dvs";
}

/** The sensor and the classes, those of the task where none are given. */
export function inputAnd(
	{ input, classes }: NamedOptions,
	usual: { readonly input: NetworkSpec["input"]; readonly classes: number },
): { input: NetworkSpec["input"]; classes: number | readonly string[] } {
	return { input: input ?? usual.input, classes: classes ?? usual.classes };
}

/** The size asked for. */
export function sizeOf({ size }: NamedOptions): NetworkSize {
	return check.oneOf("size", size, ["paper", "small"], "paper");
}
