// Level code: the range of a value is cut into bins, each a channel, which spikes when the value comes into it.

/** The value below which a part (0 to 1) of the values lie, between two of them by a straight line. */
export function percentile(values: ArrayLike<number>, part: number): number {
	const sorted = Float64Array.from(values).sort();
	const place = part * (sorted.length - 1);
	const [below, above] = [sorted[Math.floor(place)] as number, sorted[Math.ceil(place)] as number];
	return below + (above - below) * (place - Math.floor(place));
}

/** Which of `bins` equal parts of low..high a value is in, from 0; what lies outside is in the first or the last. */
export function levelOf(value: number, low: number, high: number, bins: number): number {
	if (!(high > low)) return 0;
	return Math.max(0, Math.min(bins - 1, Math.floor(((value - low) / (high - low)) * bins)));
}

/**
 * The steps at which the level changes, each with the level it changes to; the first step counts as a change.
 *
 * @returns pairs of step and level
 */
export function levelSpikes(
	values: ArrayLike<number>,
	low: number,
	high: number,
	bins: number,
): [step: number, level: number][] {
	const spikes: [number, number][] = [];
	let last = -1;
	for (let step = 0; step < values.length; step += 1) {
		const level = levelOf(values[step] as number, low, high, bins);
		if (level !== last) spikes.push([step, level]);
		last = level;
	}
	return spikes;
}
