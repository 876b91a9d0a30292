// Defaults that follow from what else a layer is. docs/learning.md tells what they were chosen by.

import type { Shape } from "./full.js";
import type { FullNeurons } from "./neuron.js";

/** Leaks beyond 1 - 1/1024 count as that: what they hold does not come to rest within a recording. */
const LEAST_SHARE = 2 ** -9;

/**
 * The leak of a membrane that gathers as much as a layer's. Of Loihi's neurons an input passes through two decays, which keep a and b:
 * it adds up to (1 + a b) / ((1 - a b) (1 - a^2) (1 - b^2)) times the variance.
 */
export function gatheringLeak({ decay, leak }: Pick<FullNeurons, "decay" | "leak">): number {
	if (decay === "leak" || decay.du === 4096) return leak;
	const kept = 1 - decay.du / 4096;
	const both = kept * leak;
	return Math.sqrt(1 - ((1 - both) * (1 - kept ** 2) * (1 - leak ** 2)) / (1 + both));
}

/**
 * The inverse of how much a membrane gathers: spikes that come by chance give it 1 / (1 - leak^2) times the variance that they
 * have in a step.
 */
function shareOf(leak: number): number {
	return Math.max(1 - leak ** 2, LEAST_SHARE);
}

/**
 * Deviation of a layer's initial weights: membranes spread alike whatever the leak. Standardised weights are as large as their
 * gain says, however they were drawn.
 */
export function usualStd(fanIn: number, leak: number, standardize: boolean): number {
	return Math.min(8, (standardize ? 2 : 4 * Math.sqrt(shareOf(leak))) / Math.sqrt(fanIn));
}

/** Deviation of the initial weights that a recurrent layer has from itself: half of what it would have from as many inputs. */
export function usualRecurrentStd(units: number, leak: number, standardize: boolean): number {
	return usualStd(units, leak, standardize) / 2;
}

/**
 * What part of `rates.hidden` a layer learns at: membranes and traces that gather more change more by the same step, and the
 * gradient of a shared weight is a sum over the places of its map, which grows as the root of their number.
 */
export function usualRateFactor(leak: number, { height, width }: Shape): number {
	return shareOf(leak) / Math.sqrt(height * width);
}
