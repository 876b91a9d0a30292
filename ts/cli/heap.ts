// How the program stays small: a device that learns has other things to hold.
//
// Node alone takes 43 MB. Of what comes on top, V8's room for young objects and the work of its compilers are the largest
// parts, and neither needs to be: hardly anything is allocated here while learning goes on.

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** How many bytes of recordings are kept in memory; the others are read anew in each epoch, at a tenth of the time that learning them takes. */
export const HOLD_BYTES = 8 * 2 ** 20;

/** After how many recordings it is worth the few milliseconds to collect garbage. */
export const COLLECT_EVERY = 1000;

/** To be called before much is allocated. */
export function keepSmall(): void {
	// The room for young objects stays at the 1 MB that it begins with (else it grows to 16), at no cost in speed.
	setFlagsFromString("--semi-space-growth-factor=1");
	// One function of the WASM module is compiled at a time: each thread that does so keeps some megabytes for ever.
	setFlagsFromString("--wasm-num-compilation-tasks=1");
	setFlagsFromString("--expose-gc");
}

let collector: unknown;

/** Collects garbage. Left alone, V8 waits until there are tens of megabytes. */
export function collect(): void {
	// The flag brings `gc` into new contexts only.
	collector ??= runInNewContext("globalThis.gc");
	if (typeof collector === "function") collector();
}
