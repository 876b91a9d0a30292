// Rate code: a channel spikes the more often the larger its value.

/**
 * The steps at which one channel spikes: a sum grows by each value, and a spike takes 1 away as soon as it has reached 1.
 *
 * @param values from 0 (never) to 1 (at every step)
 */
export function rateSpikes(values: ArrayLike<number>): number[] {
	const steps: number[] = [];
	let sum = 0;
	for (let step = 0; step < values.length; step += 1) {
		sum += values[step] as number;
		if (sum >= 1) {
			sum -= 1;
			steps.push(step);
		}
	}
	return steps;
}
