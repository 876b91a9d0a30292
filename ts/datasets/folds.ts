// Splits for cross-validation: k parts with the classes in the same proportions, each once the test part.

import { OptionError } from "../errors.js";
import { shuffled } from "./shuffle.js";

/** One split: what to learn from and what to test on. */
export interface Fold<R> {
	readonly train: readonly R[];
	readonly test: readonly R[];
}

/**
 * Splits all recordings of a set, train and test ones together, into `k` folds.
 *
 * Each recording is in the test part of exactly one fold. The parts' sizes differ by at most one, and so do the
 * numbers of each class in them. Within a part the recordings keep the order of the set. The same seed gives the
 * same folds on every machine.
 *
 * @param set at least `k` recordings with their labels
 * @param k an integer of 2 or more
 * @param seed an integer from 0 to 2^32 - 1
 */
export function folds<R extends { readonly label: number }>(
	set: { readonly train: readonly R[]; readonly test: readonly R[] },
	k: number,
	seed: number,
): Fold<R>[] {
	const all = [...set.train, ...set.test];
	if (!Number.isInteger(k) || k < 2 || k > all.length) {
		throw new OptionError("folds", k, `an integer from 2 to ${all.length}, the number of recordings`);
	}
	const byClass = new Map<number, number[]>();
	for (const [index, { label }] of all.entries()) {
		const members = byClass.get(label);
		if (members === undefined) byClass.set(label, [index]);
		else members.push(index);
	}
	// Dealt like cards: the next class goes on where the last one ended, so that no part gets all the leftovers.
	const part = new Uint32Array(all.length);
	let next = 0;
	for (const label of [...byClass.keys()].sort((a, b) => a - b)) {
		for (const index of shuffled(byClass.get(label) ?? [], seed, label)) {
			part[index] = next % k;
			next += 1;
		}
	}
	return Array.from({ length: k }, (_, fold) => ({
		train: all.filter((_recording, index) => part[index] !== fold),
		test: all.filter((_recording, index) => part[index] === fold),
	}));
}
