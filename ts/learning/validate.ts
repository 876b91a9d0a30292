// Cross-validation: as many runs as there are folds, each on a network of its own, all alike.

import { folds } from "../datasets/folds.js";
import { Network } from "../network/network.js";
import type { NetworkSpec } from "../network/spec/mod.js";
import { Progress } from "./progress.js";
import { type Parts, type TrainOptions, type TrainResult, train } from "./trainer.js";

/**
 * Learns all but one part of the recordings and tests on that, for each of `k` parts.
 *
 * @param parts their recordings, train and test ones together, are dealt anew, by `options.seed`
 * @param k an integer from 2 to the number of recordings
 * @param onFold called after each fold with its result and its number, from 1
 * @returns the result of each fold that was begun; fewer than `k` where `options.signal` stopped the run
 */
export async function crossValidate(
	spec: NetworkSpec,
	parts: Parts,
	k: number,
	options: TrainOptions,
	onFold?: (result: TrainResult, fold: number) => void,
): Promise<TrainResult[]> {
	const dealt = folds(parts, k, options.seed);
	const progress = new Progress(dealt.reduce((sum, fold) => sum + fold.train.length * options.epochs, 0));
	const results: TrainResult[] = [];
	for (const fold of dealt) {
		if (options.signal?.aborted) break;
		if (results.length > 0) progress.nextFold();
		const network = await Network.create(spec);
		try {
			results.push(await train(network, fold, options, progress));
		} finally {
			network.close();
		}
		onFold?.(results[results.length - 1] as TrainResult, results.length);
	}
	return results;
}
