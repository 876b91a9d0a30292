// Delta code: a channel spikes where its value has moved, with a channel for up and one for down.

/** Steps of upward and of downward spikes. */
export interface DeltaSpikes {
	readonly on: number[];
	readonly off: number[];
}

/**
 * A reference follows the value by `threshold` a spike, at most one a step: up where the value is that much above it, down
 * where it is that much below.
 *
 * @param start the reference before the first step
 */
export function deltaSpikes(values: ArrayLike<number>, threshold: number, start: number): DeltaSpikes {
	const spikes: DeltaSpikes = { on: [], off: [] };
	let reference = start;
	for (let step = 0; step < values.length; step += 1) {
		const change = (values[step] as number) - reference;
		if (change >= threshold) {
			reference += threshold;
			spikes.on.push(step);
		} else if (change <= -threshold) {
			reference -= threshold;
			spikes.off.push(step);
		}
	}
	return spikes;
}
