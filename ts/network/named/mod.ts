// Networks by name: plain specs, to use as they are or to change.

import { OptionError } from "../../errors.js";
import * as check from "../check.js";
import type { NetworkSpec } from "../spec/mod.js";
import { flownet } from "./flownet.js";
import type { NamedOptions } from "./options.js";
import { resnet } from "./resnet.js";
import { dense, recurrent } from "./vectors.js";
import { vgg } from "./vgg.js";

export type { NamedOptions, NetworkSize } from "./options.js";

const NETWORKS = { vgg, resnet, recurrent, dense, flownet };

/** The name of a network. */
export type NetworkName = keyof typeof NETWORKS;

/** The names that `named` knows. */
export const networkNames = Object.keys(NETWORKS) as readonly NetworkName[];

/**
 * The spec of a network by its name: `Network.create({ ...named("vgg", { size: "small" }), seed: 7 })`.
 *
 * @throws OptionError for a name or an option that there is not
 */
export function named(name: NetworkName, options: NamedOptions = {}): NetworkSpec {
	const found = check.oneOf("name", name, networkNames);
	const given = check.object("options", options, ["size", "classes", "input", "task"]);
	const isTasked = (found === "vgg" || found === "resnet") && given.size !== "small";
	if (given.task !== undefined && !isTasked) {
		throw new OptionError("task", given.task, 'none: only "vgg" and "resnet" in paper size have it');
	}
	return NETWORKS[found](options);
}
