// Between a checked spec and the core: what the core is handed, and how it refuses.

import { StllrError } from "../errors.js";
import { loadModule, type StllrModule } from "../wasm/module.js";
import { needsDeep } from "./deep.js";
import { tooLarge } from "./large.js";
import type { FullSpec } from "./spec/mod.js";
import { specWords } from "./words.js";

/** What the constructor of the core's learner and its memory functions take. */
export function learnerArguments(spec: FullSpec): [Int32Array, number, number, number, number, number] {
	const { width, height, polarities } = spec.input;
	return [specWords(spec), width, height, polarities, spec.stepUs, spec.maxGapUs];
}

/** The module that a network of this spec runs in. */
export function moduleOf(spec: FullSpec): Promise<StllrModule> {
	return loadModule(needsDeep(spec) ? "deep" : "small");
}

/** Runs what throws the core's own words about a spec. */
export function refusing<T>(spec: FullSpec, make: () => T): T {
	try {
		return make();
	} catch (cause) {
		if (typeof cause === "string") throw tooLarge(cause, spec) ?? new StllrError("option", cause, { cause });
		throw cause;
	}
}
