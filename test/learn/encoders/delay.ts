// A delay line: what spikes now spikes again later, in a channel for each delay. So a neuron sees what was beside what is.

import { inOrder, type Spikes } from "./spikes.js";

/**
 * Each channel through each delay; what would come at or after step `steps` is left out.
 *
 * Channel c by the k-th of n delays is channel c n + k.
 *
 * @param delays in steps
 */
export function delayLine({ steps, channels }: Spikes, delays: readonly number[], until: number): Spikes {
	const delayed: [step: number, channel: number][] = [];
	steps.forEach((step, at) => {
		delays.forEach((delay, k) => {
			if (step + delay < until) delayed.push([step + delay, (channels[at] as number) * delays.length + k]);
		});
	});
	return inOrder(delayed);
}
