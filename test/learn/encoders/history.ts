// Lately seen: channels that hold a pixel's events of some steps before, so that a layer sees motion at one look.

import { type Events, events } from "stllr";

/** What there is to know of the events' layout. */
export interface HistoryOptions {
	readonly stepUs: number;
	/** Steps of history, the present one included. */
	readonly bins: number;
	/** Polarities of the events that are given. */
	readonly polarities: number;
	/** Steps of the recording: what would be seen later is left out. */
	readonly steps: number;
}

/**
 * Repeats each event in each of the `bins` steps from its own on; `age` steps later it is in channel p + age polarities.
 *
 * Events of one pixel, polarity and step count once. Times become those of the steps' beginnings.
 *
 * @param given in the order of their times, from 0
 */
export function history(given: Events, { stepUs, bins, polarities, steps }: HistoryOptions): Events {
	const bySteps = Array.from({ length: steps }, () => new Set<number>());
	for (let at = 0; at < given.t.length; at += 1) {
		const step = Math.floor((given.t[at] as number) / stepUs);
		const pixel = (given.y[at] as number) * 0x1_0000 + (given.x[at] as number);
		bySteps[step]?.add(pixel * polarities + (given.p[at] as number));
	}
	const parts: { t: number[]; x: number[]; y: number[]; p: number[] } = { t: [], x: [], y: [], p: [] };
	for (let step = 0; step < steps; step += 1) {
		for (let age = 0; age < bins && age <= step; age += 1) {
			for (const key of bySteps[step - age] ?? []) {
				const pixel = Math.floor(key / polarities);
				parts.t.push(step * stepUs);
				parts.x.push(pixel % 0x1_0000);
				parts.y.push(Math.floor(pixel / 0x1_0000));
				parts.p.push((key % polarities) + age * polarities);
			}
		}
	}
	return events(parts);
}
