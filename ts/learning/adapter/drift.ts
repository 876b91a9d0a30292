// Three signals that tell of another world: how much comes in, how sure the answers are, how often they are wrong.

import { type Change, PageHinkley, type PageHinkleyOptions } from "./page-hinkley.js";

/** A signal that is watched. */
export type DriftSignal = "inputRate" | "confidence" | "error";

/**
 * Rates as parts of their mean; confidence and error lie between 0 and 1. Of answers that are wrong half of the time, a run of them moves the
 * sum by half each: `lambda` is some ten of them beyond what `delta` forgives.
 */
const WATCHED: Readonly<Record<DriftSignal, PageHinkleyOptions>> = {
	inputRate: { delta: 0.1, lambda: 8, least: 20, relative: true },
	confidence: { delta: 0.05, lambda: 4, least: 20 },
	error: { delta: 0.05, lambda: 5, least: 20 },
};

/** Page-Hinkley's test of each signal. */
export class DriftWatch {
	readonly #tests: Readonly<Record<DriftSignal, PageHinkley>> = {
		inputRate: new PageHinkley(WATCHED.inputRate),
		confidence: new PageHinkley(WATCHED.confidence),
		error: new PageHinkley(WATCHED.error),
	};

	/** Takes a value of a signal; says whether it has changed. */
	add(signal: DriftSignal, value: number): Change | undefined {
		return this.#tests[signal].add(value);
	}
}
