// Between a source and a learner that may be slower: a queue of events that is full at some time, and then drops by a rule.

import type { Events, LiveEvents } from "../events/chunk.js";

/**
 * What a full queue does: drops the `oldest` chunks, the `newest`, or whole time `steps` (those that come; a step is given
 * whole or not at all); or lets the sensor `wait`, which only some transports can (sockets, standard input, streams).
 */
export type QueuePolicy = "oldest" | "newest" | "steps" | "wait";

/** How a queue is bounded. */
export interface QueueOptions {
	readonly policy: QueuePolicy;
	/** The most events in it. Each chunk counts as 8 more than it has. */
	readonly events: number;
	/** The length of a step in us, for `steps`. */
	readonly stepUs: number;
}

/** What a chunk costs beside its events. */
const CHUNK_EVENTS = 8;

interface Held {
	readonly events: LiveEvents;
	readonly arrivalUs: number;
}

/** A queue of chunks: who fills it asks nobody, who empties it waits. */
export class EventQueue {
	readonly #options: QueueOptions;
	#held: Held[] = [];
	#first = 0;
	#cost = 0;
	#waiting = 0;
	#overflowed = 0;
	#overflowedSteps = 0;
	/** With `steps`: what has come of the step that is not over yet. */
	#open: Held[] = [];
	#openStep = Number.NEGATIVE_INFINITY;
	#openCost = 0;
	/** With `steps`: was the open step dropped? */
	#isShut = false;
	#isOver = false;
	#error: unknown;
	#wake: (() => void) | undefined;
	#room: (() => void) | undefined;

	constructor(options: QueueOptions) {
		this.#options = options;
	}

	/** Events in it. */
	get waiting(): number {
		return this.#waiting;
	}

	/** Events that it dropped so far. */
	get overflowed(): number {
		return this.#overflowed;
	}

	/** Whole steps that it dropped so far. */
	get overflowedSteps(): number {
		return this.#overflowedSteps;
	}

	/** Takes a chunk, or drops what has no room. With `wait`: resolves once there is room again. */
	put(events: LiveEvents, arrivalUs: number): Promise<void> | undefined {
		if (this.#isOver) return undefined;
		const { policy } = this.#options;
		if (policy === "steps") this.#putSteps({ events, arrivalUs });
		else this.#put({ events, arrivalUs });
		if (policy !== "wait" || this.#cost <= this.#options.events) return undefined;
		return new Promise((resolve) => {
			this.#room = resolve;
		});
	}

	/** No more will come: what is held is still given, and then the error, where there is one. */
	end(error?: unknown): void {
		if (this.#isOver) return;
		this.#closeStep();
		this.#isOver = true;
		this.#error = error;
		this.#wake?.();
		this.#room?.();
	}

	/** Lets go of what it holds, which still counts as waiting: nobody will have it. */
	clear(): void {
		this.#cost = 0;
		this.#held = [];
		this.#first = 0;
		this.#open = [];
		this.#room?.();
	}

	/** The next chunk, or `undefined` at the end. */
	async next(): Promise<Held | undefined> {
		for (;;) {
			const held = this.#take();
			if (held !== undefined) return held;
			if (this.#isOver) {
				const error = this.#error;
				this.#error = undefined;
				if (error !== undefined) throw error;
				return undefined;
			}
			await new Promise<void>((resolve) => {
				this.#wake = resolve;
			});
			this.#wake = undefined;
		}
	}

	#take(): Held | undefined {
		const held = this.#held[this.#first];
		if (held === undefined) return undefined;
		this.#first += 1;
		if (this.#first === this.#held.length || this.#first >= 1024) {
			this.#held = this.#held.slice(this.#first);
			this.#first = 0;
		}
		this.#cost -= costOf(held);
		this.#waiting -= held.events.t.length;
		if (this.#cost <= this.#options.events) this.#room?.();
		return held;
	}

	#put(held: Held): void {
		const { policy, events: most } = this.#options;
		const last = this.#held.at(-1);
		const isTick = held.events.t.length === 0;
		// Of two clock's ticks in a row the later one says all.
		if (isTick && last !== undefined && last.events.t.length === 0) {
			this.#held[this.#held.length - 1] = held;
			return;
		}
		if (policy === "newest" && !isTick && this.#cost + costOf(held) > most) {
			this.#overflowed += held.events.t.length;
			return;
		}
		if (policy === "oldest") {
			while (this.#cost + costOf(held) > most) {
				const dropped = this.#take();
				if (dropped === undefined) break;
				this.#overflowed += dropped.events.t.length;
			}
			if (costOf(held) > most) {
				this.#overflowed += held.events.t.length;
				return;
			}
		}
		this.#append(held);
	}

	#append(held: Held): void {
		this.#cost += costOf(held);
		this.#waiting += held.events.t.length;
		this.#held.push(held);
		this.#wake?.();
	}

	/** Cuts a chunk where its steps end; a step is moved on once it is over. */
	#putSteps({ events, arrivalUs }: Held): void {
		const { stepUs } = this.#options;
		const { t } = events;
		for (let from = 0; from < t.length; ) {
			const step = Math.floor((t[from] as number) / stepUs);
			if (step !== this.#openStep) {
				this.#closeStep();
				this.#openStep = step;
			}
			let until = from + 1;
			while (until < t.length && Math.floor((t[until] as number) / stepUs) === step) until += 1;
			this.#hold({ events: partOf(events, from, until), arrivalUs });
			from = until;
		}
		const { untilUs } = events;
		if (untilUs === undefined) return;
		if (untilUs >= (this.#openStep + 1) * stepUs) this.#closeStep();
		// What is open is not over: time has come no further than its begin.
		const openUs = this.#open.length > 0 || this.#isShut ? this.#openStep * stepUs : untilUs;
		this.#put({ events: { ...partOf(events, t.length, t.length), untilUs: Math.min(untilUs, openUs) }, arrivalUs });
	}

	#hold(held: Held): void {
		const count = held.events.t.length;
		if (!this.#isShut && this.#cost + this.#openCost + costOf(held) > this.#options.events) {
			this.#isShut = true;
			this.#overflowedSteps += 1;
			const open = this.#open.reduce((sum, { events }) => sum + events.t.length, 0);
			this.#overflowed += open;
			this.#waiting -= open;
			this.#open = [];
			this.#openCost = 0;
		}
		if (this.#isShut) {
			this.#overflowed += count;
			return;
		}
		this.#open.push(held);
		this.#openCost += costOf(held);
		this.#waiting += count;
	}

	#closeStep(): void {
		for (const held of this.#open) {
			this.#waiting -= held.events.t.length;
			this.#append(held);
		}
		this.#open = [];
		this.#openCost = 0;
		this.#isShut = false;
	}
}

function costOf({ events }: Held): number {
	return events.t.length + CHUNK_EVENTS;
}

function partOf({ t, x, y, p }: Events, from: number, until: number): Events {
	return {
		t: t.subarray(from, until),
		x: x.subarray(from, until),
		y: y.subarray(from, until),
		p: p.subarray(from, until),
	};
}
