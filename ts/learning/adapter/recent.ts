// The last recordings that were answered: what a label that comes late is learned by.

import type { Events } from "../../events/chunk.js";
import { EVENT_BYTES } from "./reservoir.js";

/** A recording that was answered. */
export interface Answered {
	readonly id: number;
	readonly events: Events;
	readonly startUs: number;
	/** When it ended, in us. */
	readonly endUs: number;
	/** The class that the network named. */
	readonly answered: number;
	/** For each class its score. */
	readonly scores: Float64Array;
	/** It has had its label or reward. */
	isTold: boolean;
}

/** What the memory holds at most. */
export interface RecentOptions {
	readonly recordings: number;
	readonly events: number;
}

/** A memory of so many recordings and events; the oldest go first. */
export class Recent {
	readonly #options: RecentOptions;
	/** By id, which rise: a Map keeps that order. */
	readonly #held = new Map<number, Answered>();
	#events = 0;

	constructor(options: RecentOptions) {
		this.#options = options;
	}

	/** Takes a recording, which must not be longer than the memory is. */
	add(item: Answered): void {
		this.#held.set(item.id, item);
		this.#events += item.events.t.length;
		for (const [id, { events }] of this.#held) {
			if (this.#held.size <= this.#options.recordings && this.#events <= this.#options.events) return;
			this.#held.delete(id);
			this.#events -= events.t.length;
		}
	}

	get(id: number): Answered | undefined {
		return this.#held.get(id);
	}

	/** The last one that has this time in it: from its start on, until its end. */
	at(us: number): Answered | undefined {
		let found: Answered | undefined;
		for (const item of this.#held.values()) if (item.startUs <= us && us < item.endUs) found = item;
		return found;
	}

	get size(): number {
		return this.#held.size;
	}

	/** Bytes of the events that it holds. */
	get bytes(): number {
		return EVENT_BYTES * this.#events;
	}
}
