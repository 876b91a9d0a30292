// What a stream of events is like: counts, ranges, rate over time. Its memory does not depend on how many there are.

import type { Events } from "./chunk.js";

/** Events of one stretch of time after the other, all of one length. */
export interface RateOverTime {
	/** The length of a stretch, in us. */
	readonly binUs: number;
	/** Events in each, from the first event's time on. */
	readonly counts: readonly number[];
}

/** What is known of the events so far. */
export interface EventSummary {
	readonly events: number;
	/** The first and the last event's time, in the order of the stream, in us; 0 of none. */
	readonly firstUs: number;
	readonly lastUs: number;
	/** The earliest and the latest time, in us. */
	readonly earliestUs: number;
	readonly latestUs: number;
	/** Events whose time lies before that of the event before them. */
	readonly backwards: number;
	/** One more than the greatest column and row: the smallest sensor that holds all. */
	readonly width: number;
	readonly height: number;
	/** Events of each polarity or channel, up to the greatest. */
	readonly polarities: readonly number[];
	readonly rate: RateOverTime;
}

/** The most stretches of time that are told apart. They become twice as long when the events pass the last. */
const BINS = 64;

/** Sums up events, a chunk at a time. */
export class Summing {
	#events = 0;
	#firstUs = 0;
	#lastUs = 0;
	#earliestUs = Number.POSITIVE_INFINITY;
	#latestUs = Number.NEGATIVE_INFINITY;
	#backwards = 0;
	#width = 0;
	#height = 0;
	#polarities = new Float64Array(256);
	#binUs = 1;
	#counts = new Float64Array(BINS);

	/** Adds events. */
	add({ t, x, y, p }: Events): void {
		if (t.length === 0) return;
		if (this.#events === 0) {
			this.#firstUs = t[0] as number;
			this.#lastUs = this.#firstUs;
		}
		for (const [at, us] of t.entries()) {
			if (us < this.#lastUs) this.#backwards += 1;
			if (us < this.#earliestUs) this.#earliestUs = us;
			if (us > this.#latestUs) this.#latestUs = us;
			this.#lastUs = us;
			if ((x[at] as number) >= this.#width) this.#width = (x[at] as number) + 1;
			if ((y[at] as number) >= this.#height) this.#height = (y[at] as number) + 1;
			(this.#polarities[p[at] as number] as number) += 1;
			this.#count(us);
		}
		this.#events += t.length;
	}

	/** Another recording begins, whose times may lie before those of the last one. Rates are those of all together. */
	next(): void {
		this.#lastUs = Number.NEGATIVE_INFINITY;
	}

	/** What all of them came to. */
	summary(): EventSummary {
		const [polarities, bins] = [usedOf(this.#polarities), usedOf(this.#counts)];
		const isNone = this.#events === 0;
		return {
			events: this.#events,
			firstUs: this.#firstUs,
			lastUs: this.#lastUs,
			earliestUs: isNone ? 0 : this.#earliestUs,
			latestUs: isNone ? 0 : this.#latestUs,
			backwards: this.#backwards,
			width: this.#width,
			height: this.#height,
			polarities: [...this.#polarities.subarray(0, polarities)],
			rate: { binUs: this.#binUs, counts: [...this.#counts.subarray(0, bins)] },
		};
	}

	#count(us: number): void {
		// What lies before the first event is counted with it.
		let bin = Math.max(0, Math.floor((us - this.#firstUs) / this.#binUs));
		while (bin >= BINS) {
			for (let at = 0; at < BINS; at += 1) {
				this.#counts[at] = at < BINS / 2 ? pair(this.#counts, at) : 0;
			}
			this.#binUs *= 2;
			bin = Math.floor(bin / 2);
		}
		(this.#counts[bin] as number) += 1;
	}
}

function pair(counts: Float64Array, at: number): number {
	return (counts[2 * at] ?? 0) + (counts[2 * at + 1] ?? 0);
}

/** How many counts there are up to the last that is not 0. */
function usedOf(counts: Float64Array): number {
	let used = counts.length;
	while (used > 0 && counts[used - 1] === 0) used -= 1;
	return used;
}
