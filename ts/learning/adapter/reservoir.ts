// Labelled recordings, so many of each class, drawn evenly from all that ever came.
//
// Algorithm R (J. S. Vitter, Random sampling with a reservoir, ACM TOMS 11, 1985), once for each class.

import type { Events } from "../../events/chunk.js";
import type { Random } from "../../random.js";

/** A labelled recording that is kept. */
export interface Kept {
	/** Which recording of the adapter it is. */
	readonly id: number;
	readonly label: number;
	readonly events: Events;
	/** When its step 0 begins, in us. */
	readonly startUs: number;
}

/** Bytes of an event: its time in 8, its place in 4, its polarity in 1. */
export const EVENT_BYTES = 13;

/** A reservoir for each class. */
export class Reservoir<T extends Kept> {
	readonly #perClass: number;
	readonly #random: Random;
	readonly #kept: T[][] = [];
	readonly #seen: number[] = [];

	/** @param perClass how many of each class are kept */
	constructor(perClass: number, random: Random) {
		this.#perClass = perClass;
		this.#random = random;
	}

	/** Would the next recording of a class be kept for sure, as there is room? */
	hasRoom(label: number): boolean {
		return (this.#kept[label]?.length ?? 0) < this.#perClass;
	}

	/** Offers a recording; says whether it is kept. */
	offer(item: T): boolean {
		const { label } = item;
		this.#kept[label] ??= [];
		const kept = this.#kept[label];
		const seen = (this.#seen[label] ?? 0) + 1;
		this.#seen[label] = seen;
		if (kept.length < this.#perClass) {
			kept.push(item);
			return true;
		}
		// Kept with a probability of perClass / seen.
		const place = Math.floor(this.#random.unit() * seen);
		if (place >= this.#perClass) return false;
		kept[place] = item;
		return true;
	}

	/** One of those kept, each class as likely as the others that have any. */
	draw(): T | undefined {
		const classes = this.#kept.filter((kept) => kept !== undefined && kept.length > 0);
		const kept = classes[this.#random.below(Math.max(1, classes.length))];
		return kept?.[this.#random.below(kept.length)];
	}

	/** Forgets what does not pass. */
	keepOnly(passes: (item: T) => boolean): void {
		for (const [label, kept] of this.#kept.entries()) if (kept !== undefined) this.#kept[label] = kept.filter(passes);
	}

	/** All that are kept, by class. */
	*[Symbol.iterator](): Generator<T> {
		for (const kept of this.#kept) if (kept !== undefined) yield* kept;
	}

	get size(): number {
		return this.#kept.reduce((sum, kept) => sum + (kept?.length ?? 0), 0);
	}

	/** Bytes of the events that are kept. */
	get bytes(): number {
		let events = 0;
		for (const item of this) events += item.events.t.length;
		return EVENT_BYTES * events;
	}
}
