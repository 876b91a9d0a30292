// Spikes of channels at time steps, and the events that a network takes them as.

import { type Events, events } from "stllr";

/** Spikes in the order of their steps; of two arrays of one length. */
export interface Spikes {
	/** Time steps, from 0. */
	readonly steps: readonly number[];
	/** Channels, from 0. */
	readonly channels: readonly number[];
}

/** Spikes by step, then channel. */
export function inOrder(spikes: [step: number, channel: number][]): Spikes {
	spikes.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
	return { steps: spikes.map(([step]) => step), channels: spikes.map(([, channel]) => channel) };
}

/** Spikes as events: a channel is a column of the sensor, a step lasts `stepUs`. */
export function spikeEvents({ steps, channels }: Spikes, stepUs: number): Events {
	return events({ t: steps.map((step) => step * stepUs), x: channels });
}

/** How many events a time step has, over all recordings: in each from step 0 to its last event, or `steps` of them. */
export function meanActive(recordings: readonly { readonly events: Events }[], stepUs: number, steps?: number): number {
	let [count, length] = [0, 0];
	for (const { events } of recordings) {
		count += events.t.length;
		length += steps ?? Math.floor((events.t.at(-1) ?? 0) / stepUs) + 1;
	}
	return count / length;
}
