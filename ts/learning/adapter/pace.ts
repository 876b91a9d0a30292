// How much may be learned, and how much a class counts: by answers and the time of events, so that replay gives the same.

import type { FullAdapterOptions } from "./options.js";

/** A bucket of updates, which answers fill; and a least time between labels. */
export class Pace {
	readonly #options: FullAdapterOptions["limits"];
	#left: number;
	#lastUs = Number.NEGATIVE_INFINITY;

	constructor(options: FullAdapterOptions["limits"]) {
		this.#options = options;
		this.#left = options.burst;
	}

	/** An answer was given. */
	answered(): void {
		this.#left = Math.min(this.#options.burst, this.#left + this.#options.perAnswer);
	}

	/** May a label be learned now? */
	isOpen(us: number): boolean {
		return this.#left >= 1 && us - this.#lastUs >= this.#options.everyUs;
	}

	/** Takes one more update; says whether there was one left. */
	take(): boolean {
		if (this.#left < 1) return false;
		this.#left -= 1;
		return true;
	}

	/** A label was learned. */
	learned(us: number): void {
		this.#lastUs = us;
	}
}

/** Labels that are counted. */
const COUNTED = 64;

/** How often each class came among the last labels. */
export class Balance {
	readonly #last: number[] = [];

	/** Counts a label; gives what it is to count for, 1 or less. */
	weigh(label: number): number {
		this.#last.push(label);
		if (this.#last.length > COUNTED) this.#last.shift();
		const own = this.#last.filter((other) => other === label).length;
		return Math.min(1, this.#last.length / new Set(this.#last).size / own);
	}
}
