// What was shown against what was answered.

/** Counts of answers, by the class that was shown and the class that was answered. */
export class Confusion {
	/** How many classes there are. */
	readonly size: number;
	readonly #counts: Float64Array;

	/** @param size how many classes there are, 1 or more */
	constructor(size: number) {
		this.size = size;
		this.#counts = new Float64Array(size * size);
	}

	/** Counts one answer; both are indices of classes. */
	add(shown: number, answered: number): void {
		const at = shown * this.size + answered;
		this.#counts[at] = (this.#counts[at] ?? 0) + 1;
	}

	/** Adds all counts of another, of the same classes. */
	addAll(other: Confusion): void {
		for (const [at, count] of other.#counts.entries()) this.#counts[at] = (this.#counts[at] ?? 0) + count;
	}

	/** How often `answered` was the answer to `shown`. */
	count(shown: number, answered: number): number {
		return this.#counts[shown * this.size + answered] ?? 0;
	}

	/** How often a class was shown. */
	shown(label: number): number {
		return this.#counts.subarray(label * this.size, (label + 1) * this.size).reduce(sum, 0);
	}

	/** How many answers there are. */
	get total(): number {
		return this.#counts.reduce(sum, 0);
	}

	/** How many of them are right. */
	get right(): number {
		return Array.from({ length: this.size }, (_, label) => this.count(label, label)).reduce(sum, 0);
	}

	/** Right answers in percent; NaN where there is no answer. */
	get accuracy(): number {
		return (100 * this.right) / this.total;
	}

	/** The counts, one array for each class shown. */
	rows(): number[][] {
		const classes = Array.from({ length: this.size }, (_, label) => label);
		return classes.map((shown) => classes.map((answered) => this.count(shown, answered)));
	}
}

function sum(a: number, b: number): number {
	return a + b;
}
