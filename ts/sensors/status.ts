// What a source says of itself: what happened, as it happens, and counts that add up.

/** Something that happened to a source. Times are us since it was opened. */
export type SourceStatus =
	| {
			readonly type: "connected";
			readonly us: number;
			/** Attempts that it took. */
			readonly attempt: number;
			/** Where it listens, as `127.0.0.1:3333`, where it does. */
			readonly address?: string;
	  }
	| {
			readonly type: "reconnecting";
			readonly us: number;
			/** How many attempts in a row have failed. */
			readonly attempt: number;
			/** How long it waits before the next, in ms. */
			readonly delayMs: number;
			readonly reason: string;
	  }
	| {
			/** Nothing has come for so long, and there is no telling whether the sensor is there. */
			readonly type: "silent";
			readonly us: number;
			readonly lastedUs: number;
	  }
	| {
			/** Nothing came for a while: the peer was away (`"connection"`), or said nothing (`"silence"`), or its numbers left some out (`"sequence"`). */
			readonly type: "gap";
			readonly us: number;
			readonly why: "connection" | "silence" | "sequence";
			/** For how long nothing has come, in us. */
			readonly lastedUs: number;
			/** How many messages are missing, where the sender numbers them. */
			readonly lost?: number;
	  }
	| {
			/** Events left out: the learner was too slow (`"queue"`), or they came after their time (`"late"`). */
			readonly type: "dropped";
			readonly us: number;
			readonly why: "queue" | "late";
			readonly events: number;
			/** Whole time steps among them, where the policy is `"steps"`. */
			readonly steps?: number;
	  }
	| {
			/** Messages that the machine had for us and nobody took in time. */
			readonly type: "unread";
			readonly us: number;
			readonly messages: number;
	  }
	| {
			/** Bytes that are no events: so many records were left out. */
			readonly type: "fault";
			readonly us: number;
			readonly records: number;
	  }
	| {
			/** The sensor's clock began anew, or jumped: its times are shifted by so much from here on. */
			readonly type: "clock";
			readonly us: number;
			readonly shiftUs: number;
	  }
	| { readonly type: "closed"; readonly us: number; readonly reason: string };

/**
 * What a source has counted since it was opened.
 *
 * `received` = `given` + `waiting` + `overflowed` + `late`, at any time.
 */
export interface SourceCounts {
	/** Bytes that came. */
	readonly bytes: number;
	/** Events decoded from them. */
	readonly received: number;
	/** Events handed to whoever reads the source. */
	readonly given: number;
	/** Events in the queue now. */
	readonly waiting: number;
	/** Events dropped as the queue was full. */
	readonly overflowed: number;
	/** Whole time steps among them, where the policy is `"steps"`. */
	readonly overflowedSteps: number;
	/** Events dropped as they came after their time. */
	readonly late: number;
	/** Late events that were given the time of the latest before them; they are among `given` or `waiting`. */
	readonly moved: number;
	/** Faulty records, which gave no event. */
	readonly faults: number;
	/** Messages that never came, by the sender's own numbers. */
	readonly lost: number;
	/** Messages that came and were dropped before they were read. */
	readonly unread: number;
	/** Connections made. */
	readonly connections: number;
	/** Gaps told of. */
	readonly gaps: number;
}

/** The most that a listener who does not listen is kept: the oldest are then forgotten. */
const MOST = 1024;

/** Tells all listeners. Each has a queue of its own, of at most 1,024; the counts hold what falls out of it. */
export class StatusFeed {
	readonly #listeners = new Set<Listener>();
	#isOver = false;

	tell(status: SourceStatus): void {
		for (const listener of this.#listeners) listener.put(status);
	}

	/** What is told from now on, up to the end. */
	listen(): AsyncIterableIterator<SourceStatus> & { take(): SourceStatus[] } {
		const listener = new Listener(() => this.#listeners.delete(listener));
		if (this.#isOver) listener.end();
		else this.#listeners.add(listener);
		return listener;
	}

	end(): void {
		this.#isOver = true;
		for (const listener of this.#listeners) listener.end();
		this.#listeners.clear();
	}
}

class Listener implements AsyncIterableIterator<SourceStatus> {
	readonly #leave: () => void;
	#held: SourceStatus[] = [];
	#waiting: ((result: IteratorResult<SourceStatus>) => void)[] = [];
	#isOver = false;

	constructor(leave: () => void) {
		this.#leave = leave;
	}

	put(status: SourceStatus): void {
		const waiting = this.#waiting.shift();
		if (waiting !== undefined) {
			waiting({ done: false, value: status });
			return;
		}
		this.#held.push(status);
		if (this.#held.length > MOST) this.#held.shift();
	}

	/** All that is held, without waiting for more. */
	take(): SourceStatus[] {
		const held = this.#held;
		this.#held = [];
		return held;
	}

	end(): void {
		this.#isOver = true;
		for (const waiting of this.#waiting) waiting({ done: true, value: undefined });
		this.#waiting = [];
	}

	next(): Promise<IteratorResult<SourceStatus>> {
		const value = this.#held.shift();
		if (value !== undefined) return Promise.resolve({ done: false, value });
		if (this.#isOver) return Promise.resolve({ done: true, value: undefined });
		return new Promise((resolve) => this.#waiting.push(resolve));
	}

	async return(): Promise<IteratorResult<SourceStatus>> {
		this.#leave();
		this.end();
		this.#held = [];
		return { done: true, value: undefined };
	}

	[Symbol.asyncIterator](): this {
		return this;
	}
}
