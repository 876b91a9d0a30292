// Events as a struct of arrays: what every reader gives and every network takes.

import { EventError, OptionError } from "../errors.js";

/** The latest time an event can have, in us: the last whole number that a JavaScript number counts exactly. */
export const MAX_TIME_US = Number.MAX_SAFE_INTEGER;

/**
 * Events in four arrays of one length.
 *
 * Networks want times that never go back; files may hold others, and readers keep the order and the values of the
 * file. A network refuses (or drops and counts) what it cannot take.
 */
export interface Events {
	/** Times in us: whole numbers from 0 to 2^53 - 1. */
	readonly t: Float64Array;
	/** Columns, from 0. For a line of channels (a cochlea) the channel. */
	readonly x: Uint16Array;
	/** Rows, from 0. */
	readonly y: Uint16Array;
	/** Polarities: 0 off, 1 on; or any channel of a pixel. */
	readonly p: Uint8Array;
}

/** Events of a live stream, which may say how far its time has come although nothing has happened. */
export interface LiveEvents extends Events {
	/** No event before this time (us) is still to come: the steps up to it can be run. At or after these events' times. */
	readonly untilUs?: number;
}

/**
 * Events from plain numbers, copied and checked.
 *
 * @param parts arrays (or typed arrays) of one length; `y` and `p` are 0 where they are left out
 * @throws OptionError where the lengths differ
 * @throws EventError with the index of the first event that has a value out of range: `t` a whole number from 0 to
 *   2^53 - 1 us, `x` and `y` from 0 to 65535, `p` from 0 to 255. The order of the times is not looked at here.
 */
export function events(parts: {
	readonly t: ArrayLike<number>;
	readonly x: ArrayLike<number>;
	readonly y?: ArrayLike<number>;
	readonly p?: ArrayLike<number>;
}): Events {
	const count = parts.t.length;
	for (const name of ["x", "y", "p"] as const) {
		const length = parts[name]?.length ?? count;
		if (length !== count)
			throw new OptionError(`events.${name}.length`, length, `${count}, as many as there are times`);
	}
	const made = {
		t: new Float64Array(count),
		x: new Uint16Array(count),
		y: new Uint16Array(count),
		p: new Uint8Array(count),
	};
	for (let index = 0; index < count; index += 1) {
		made.t[index] = whole(index, "t", parts.t[index], MAX_TIME_US, "us");
		made.x[index] = whole(index, "x", parts.x[index], 65_535);
		if (parts.y !== undefined) made.y[index] = whole(index, "y", parts.y[index], 65_535);
		if (parts.p !== undefined) made.p[index] = whole(index, "p", parts.p[index], 255);
	}
	return made;
}

function whole(index: number, name: string, value: number | undefined, most: number, unit?: string): number {
	if (typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= most) return value;
	throw new EventError(index, `${name} ${String(value)}`, `whole numbers from 0 to ${most}${unit ? ` ${unit}` : ""}`);
}

/** The same events in memory of their own. */
export function copyOf({ t, x, y, p }: Events): Events {
	return { t: t.slice(), x: x.slice(), y: y.slice(), p: p.slice() };
}

/**
 * Room for the events of one recording after another, in one buffer that grows to the longest.
 *
 * For loops over many recordings: fresh arrays for each would leave tens of megabytes for the garbage collector.
 */
export class EventRoom {
	#buffer = new ArrayBuffer(0);

	/** Arrays for `count` events, 13 bytes each. They share memory with those of every earlier call. */
	take(count: number): Events {
		if (this.#buffer.byteLength < 13 * count) this.#buffer = new ArrayBuffer(13 * count);
		return {
			t: new Float64Array(this.#buffer, 0, count),
			x: new Uint16Array(this.#buffer, 8 * count, count),
			y: new Uint16Array(this.#buffer, 10 * count, count),
			p: new Uint8Array(this.#buffer, 12 * count, count),
		};
	}

	/** Larger arrays that begin with the given events. */
	grow(held: Events, count: number): Events {
		this.#buffer = new ArrayBuffer(13 * count);
		const made = this.take(count);
		made.t.set(held.t);
		made.x.set(held.x);
		made.y.set(held.y);
		made.p.set(held.p);
		return made;
	}
}
