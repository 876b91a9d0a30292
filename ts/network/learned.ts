// What a network was trained on: counts by class, not data.

import type { Learned } from "../checkpoint/head.js";
import { FormatError } from "../errors.js";

/** Counts of what was learned; they follow classes that come and go. */
export class LearnedCounts {
	#recordings: number[];
	#stretches: number[];
	#values = 0;

	constructor(classes: number) {
		this.#recordings = new Array<number>(classes).fill(0);
		this.#stretches = new Array<number>(classes).fill(0);
	}

	/** A recording of this class was learned. */
	recording(label: number): void {
		this.#recordings[label] = (this.#recordings[label] ?? 0) + 1;
	}

	/** A stretch of a stream that showed this class was learned. */
	stretch(label: number): void {
		this.#stretches[label] = (this.#stretches[label] ?? 0) + 1;
	}

	/** A recording's values were learned. */
	values(): void {
		this.#values += 1;
	}

	/** A class came, behind the others. */
	added(): void {
		this.#recordings.push(0);
		this.#stretches.push(0);
	}

	/** A class went. */
	removed(label: number): void {
		this.#recordings.splice(label, 1);
		this.#stretches.splice(label, 1);
	}

	/** The counts as they are now. */
	saved(): Learned {
		return { recordings: [...this.#recordings], stretches: [...this.#stretches], values: this.#values };
	}

	/** Counts as they were when they were saved. @throws FormatError where there are other classes */
	restore({ recordings, stretches, values }: Learned, source?: string): void {
		const classes = this.#recordings.length;
		const wrong = [recordings, stretches].find(({ length }) => length !== classes);
		if (wrong !== undefined) {
			throw new FormatError(96, `learned: counts of ${wrong.length} classes`, `${classes}`, source);
		}
		this.#recordings = [...recordings];
		this.#stretches = [...stretches];
		this.#values = values;
	}
}
