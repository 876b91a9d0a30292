// Coarse pixels: cells of several pixels, which count as seen in a step from a number of events on. Noise stays below it.

import { type Events, events } from "stllr";

/** How coarse. */
export interface CoarseOptions {
	/** Pixels of a cell, each way. */
	readonly cell: number;
	readonly stepUs: number;
	/** Events that a cell and polarity need in a step; several numbers, rising, give a channel each. */
	readonly least: readonly number[];
	/** Polarities of the events that are given. */
	readonly polarities: number;
	/** The part of the recording, in us: what comes before or from `untilUs` on is left out. Multiples of `stepUs`. */
	readonly fromUs: number;
	readonly untilUs: number;
}

/**
 * An event for each step, cell and polarity that had enough of them, at the beginning of the step. Time 0 is `fromUs`.
 *
 * That of the k-th number of `least` is in channel p + k polarities.
 *
 * @param given in the order of their times
 */
export function coarse(given: Events, { cell, stepUs, least, polarities, fromUs, untilUs }: CoarseOptions): Events {
	const parts: { t: number[]; x: number[]; y: number[]; p: number[] } = { t: [], x: [], y: [], p: [] };
	const counts = new Map<number, number>();
	let step = -1;
	for (let at = 0; at < given.t.length; at += 1) {
		const t = (given.t[at] as number) - fromUs;
		if (t < 0 || t >= untilUs - fromUs) continue;
		if (Math.floor(t / stepUs) !== step) counts.clear();
		step = Math.floor(t / stepUs);
		const [x, y] = [Math.floor((given.x[at] as number) / cell), Math.floor((given.y[at] as number) / cell)];
		const p = given.p[at] as number;
		const key = (y * 0x1_0000 + x) * 0x100 + p;
		const count = (counts.get(key) ?? 0) + 1;
		counts.set(key, count);
		const level = least.indexOf(count);
		if (level === -1) continue;
		parts.t.push(step * stepUs);
		parts.x.push(x);
		parts.y.push(y);
		parts.p.push(p + level * polarities);
	}
	return events(parts);
}
