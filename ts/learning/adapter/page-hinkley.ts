// Page-Hinkley's test: has the mean of a signal changed?
//
// E. S. Page, Continuous inspection schemes, Biometrika 41 (1954); D. V. Hinkley, Inference about the change-point from
// cumulative sum tests, Biometrika 58 (1971). For a rise, with x_i the signal and m_i the mean of x_1 to x_i:
//   U_n = sum over i <= n of (x_i - m_i - delta);  alarm where U_n - min over k <= n of U_k > lambda.
// For a fall the same with the signs turned. After an alarm it begins anew.

/** How a signal is watched, in the signal's unit. */
export interface PageHinkleyOptions {
	/** A change that is not worth an alarm, 0 or more. */
	readonly delta: number;
	/** The sum of changes beyond `delta` that is. */
	readonly lambda: number;
	/** Values before the first alarm, 1 or more. */
	readonly least: number;
	/** Changes count as parts of the mean: for signals whose unit says nothing. */
	readonly relative?: boolean;
}

/** A change that was found. */
export interface Change {
	readonly direction: "up" | "down";
	/** The mean of the values since the last alarm. */
	readonly before: number;
}

/** The test, both ways. It holds a handful of numbers, however long it runs. */
export class PageHinkley {
	readonly #options: PageHinkleyOptions;
	#count = 0;
	#mean = 0;
	/** How far each sum is above its least: max(0, ...) of it is the sum less its minimum. */
	#up = 0;
	#down = 0;

	constructor(options: PageHinkleyOptions) {
		this.#options = options;
	}

	/** Takes a value; says whether there is a change by now. */
	add(value: number): Change | undefined {
		const { delta, lambda, least, relative = false } = this.#options;
		this.#count += 1;
		this.#mean += (value - this.#mean) / this.#count;
		const off = value - this.#mean;
		// Of an empty mean there are no parts: the first events after silence are a change of their own size.
		const change = relative ? off / Math.max(Math.abs(this.#mean), Number.MIN_VALUE) : off;
		this.#up = Math.max(0, this.#up + change - delta);
		this.#down = Math.max(0, this.#down - change - delta);
		if (this.#count < least || Math.max(this.#up, this.#down) <= lambda) return undefined;
		const found: Change = { direction: this.#up > lambda ? "up" : "down", before: this.#mean };
		this.#count = 0;
		this.#mean = 0;
		this.#up = 0;
		this.#down = 0;
		return found;
	}
}
