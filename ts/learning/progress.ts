// How far a run has come and how well it goes, to be looked at while it goes.

/** Over how many of the last answers the running accuracy goes. */
export const RECENT_ANSWERS = 200;

/** How far a run has come; one object for the whole run, whose values change. */
export class Progress {
	/** Recordings to learn in all: recordings times epochs, times folds. */
	readonly total: number;
	#done = 0;
	#epoch = 1;
	#fold = 1;
	#isTesting = false;
	readonly #recent = new Uint8Array(RECENT_ANSWERS);
	#recentRight = 0;
	#recentCount = 0;
	readonly #began = performance.now();
	#now = this.#began;
	#testingMs = 0;

	constructor(total: number) {
		this.total = total;
	}

	/** Recordings learned so far. */
	get done(): number {
		return this.#done;
	}

	/** Which epoch this is, from 1. */
	get epoch(): number {
		return this.#epoch;
	}

	/** Which fold of a cross-validation this is, from 1. */
	get fold(): number {
		return this.#fold;
	}

	/** Is what was learned being tested, and nothing learned meanwhile? */
	get isTesting(): boolean {
		return this.#isTesting;
	}

	/** Of the last 200 answers given while learning, those that were right, in percent; NaN before the first. */
	get accuracy(): number {
		return (100 * this.#recentRight) / this.#recentCount;
	}

	/** Seconds since the start. */
	get seconds(): number {
		return (this.#now - this.#began) / 1000;
	}

	/** Recordings learned in a second, tests not counted. */
	get perSecond(): number {
		return (1000 * this.#done) / Math.max(this.#now - this.#began - this.#testingMs, 1);
	}

	/** How long the rest will take, going by what the run took so far; NaN before the first recording. */
	get secondsLeft(): number {
		return (this.seconds / this.#done) * (this.total - this.#done);
	}

	/** Takes note of an answer given while learning. */
	answered(right: boolean): void {
		const at = this.#done % RECENT_ANSWERS;
		const isFull = this.#recentCount === RECENT_ANSWERS;
		this.#recentRight += Number(right) - (isFull ? (this.#recent[at] ?? 0) : 0);
		this.#recent[at] = Number(right);
		if (!isFull) this.#recentCount += 1;
		this.#done += 1;
		this.#now = performance.now();
	}

	/** Takes note of where the run is. */
	enter(epoch: number, isTesting: boolean): void {
		const before = this.#now;
		this.#now = performance.now();
		if (this.#isTesting) this.#testingMs += this.#now - before;
		this.#epoch = epoch;
		this.#isTesting = isTesting;
	}

	/** Takes note that the next fold begins. */
	nextFold(): void {
		this.#fold += 1;
		this.#recentRight = 0;
		this.#recentCount = 0;
		this.#recent.fill(0);
	}
}
