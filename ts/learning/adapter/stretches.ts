// Cuts a live stream into windows: at the end of each stretch, the events of the last so many us.

import { EventError, OptionError } from "../../errors.js";
import type { Events, LiveEvents } from "../../events/chunk.js";
import * as check from "../../network/check.js";
import { checkEvents } from "../../network/fault.js";
import type { FullSpec } from "../../network/spec/mod.js";

/** How to follow a stream. */
export interface AdapterFollowOptions {
	/** An answer comes at the end of each stretch of so many us, a multiple of `stepUs`. Default 32 steps. */
	readonly everyUs?: number;
	/** It is of the events of the last so many us, from rest: a multiple of `everyUs`. Default one stretch. */
	readonly windowUs?: number;
	/** At a bad event: throw an EventError with its index in its chunk (`"refuse"`, the default), or drop and count it. */
	readonly onFault?: "refuse" | "skip";
	/** When the first stretch begins, in us. Default: the last multiple of `stepUs` at or before the first event. */
	readonly startUs?: number;
}

/** The events of a window. */
export interface Window {
	readonly events: Events;
	readonly startUs: number;
	readonly endUs: number;
}

/** More events in a window are dropped, and counted. */
const MOST_EVENTS = 2 ** 20;

/** A cutter of one stream. */
export class Stretches {
	readonly #spec: FullSpec;
	readonly #everyUs: number;
	readonly #windowUs: number;
	readonly #skips: boolean;
	/** Events of the window, by column; those before `#from` are out of it. */
	#room: Events = roomFor(1024);
	#count = 0;
	#startUs: number | undefined;
	#endUs = 0;
	#lastUs = 0;
	/** Events that were dropped so far. */
	dropped = 0;

	/** @throws OptionError */
	constructor(spec: FullSpec, options: AdapterFollowOptions) {
		check.object("options", options, ["everyUs", "windowUs", "onFault", "startUs"]);
		const { stepUs } = spec;
		this.#spec = spec;
		this.#everyUs = multiple("everyUs", options.everyUs ?? 32 * stepUs, stepUs);
		this.#windowUs = multiple("windowUs", options.windowUs ?? this.#everyUs, this.#everyUs);
		this.#skips = check.oneOf("onFault", options.onFault, ["refuse", "skip"], "refuse") === "skip";
		if (options.startUs !== undefined) {
			this.#begin(check.integer("startUs", options.startUs, 0, Number.MAX_SAFE_INTEGER));
		}
	}

	/** Takes a chunk; gives each window that it completes. @throws EventError for a bad event, where they are not skipped */
	*chunk(chunk: LiveEvents): Generator<Window> {
		checkEvents(chunk);
		const { t } = chunk;
		for (let index = 0; index < t.length; index += 1) {
			const fault = this.#faultOf(chunk, index);
			if (fault !== undefined) {
				if (!this.#skips) throw fault;
				this.dropped += 1;
				continue;
			}
			const us = t[index] ?? 0;
			yield* this.#until(us);
			this.#lastUs = us;
			this.#take(chunk, index);
		}
		const { untilUs } = chunk;
		if (untilUs === undefined) return;
		const beganUs = this.#startUs === undefined ? untilUs : this.#lastUs;
		check.integer("events.untilUs", untilUs, 0, Math.min(Number.MAX_SAFE_INTEGER, beganUs + this.#spec.maxGapUs));
		yield* this.#until(untilUs);
		this.#lastUs = Math.max(this.#lastUs, untilUs);
	}

	/** The stream has ended: what is left is a window, if anything is. */
	*end(): Generator<Window> {
		if (this.#startUs !== undefined && this.#lastUs >= this.#endUs - this.#everyUs && this.#count > 0) {
			yield this.#window();
		}
	}

	*#until(us: number): Generator<Window> {
		if (this.#startUs === undefined) this.#begin(us - (us % this.#spec.stepUs));
		while (us >= this.#endUs) {
			yield this.#window();
			this.#endUs += this.#everyUs;
			this.#forget(this.#endUs - this.#windowUs);
		}
	}

	#begin(us: number): void {
		this.#startUs = us;
		this.#lastUs = us;
		this.#endUs = us + this.#everyUs;
	}

	#window(): Window {
		const { t, x, y, p } = this.#room;
		const count = this.#count;
		const startUs = Math.max(this.#startUs ?? 0, this.#endUs - this.#windowUs);
		const events = { t: t.slice(0, count), x: x.slice(0, count), y: y.slice(0, count), p: p.slice(0, count) };
		return { events, startUs, endUs: this.#endUs };
	}

	#forget(beforeUs: number): void {
		const { t } = this.#room;
		let from = 0;
		while (from < this.#count && (t[from] ?? 0) < beforeUs) from += 1;
		for (const column of Object.values(this.#room)) column.copyWithin(0, from, this.#count);
		this.#count -= from;
	}

	#take({ t, x, y, p }: Events, index: number): void {
		if (this.#count === MOST_EVENTS) {
			this.dropped += 1;
			return;
		}
		if (this.#count === this.#room.t.length) {
			const grown = roomFor(2 * this.#count);
			for (const key of ["t", "x", "y", "p"] as const) grown[key].set(this.#room[key]);
			this.#room = grown;
		}
		const at = this.#count;
		this.#room.t[at] = t[index] ?? 0;
		this.#room.x[at] = x[index] ?? 0;
		this.#room.y[at] = y[index] ?? 0;
		this.#room.p[at] = p[index] ?? 0;
		this.#count = at + 1;
	}

	#faultOf(events: Events, index: number): EventError | undefined {
		const { input, maxGapUs } = this.#spec;
		const most = { x: input.width - 1, y: input.height - 1, p: input.polarities - 1 };
		for (const name of ["x", "y", "p"] as const) {
			const value = events[name][index] ?? 0;
			if (value > most[name]) return new EventError(index, `${name} ${value}`, `0 to ${most[name]}`);
		}
		const us = events.t[index] ?? Number.NaN;
		const latest = this.#startUs === undefined ? Number.MAX_SAFE_INTEGER : this.#lastUs + maxGapUs;
		if (Number.isInteger(us) && us >= this.#lastUs && us <= latest) return undefined;
		return new EventError(index, `t ${us}`, `a whole number of us from ${this.#lastUs} to ${latest}`);
	}
}

function roomFor(count: number): Events {
	return {
		t: new Float64Array(count),
		x: new Uint16Array(count),
		y: new Uint16Array(count),
		p: new Uint8Array(count),
	};
}

function multiple(option: string, given: unknown, of: number): number {
	const value = check.integer(option, given, of, Number.MAX_SAFE_INTEGER);
	if (value % of !== 0) throw new OptionError(option, value, `a multiple of ${of}`);
	return value;
}
