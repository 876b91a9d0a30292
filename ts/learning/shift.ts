// Recordings moved about a little on the sensor, so that few of them teach where a thing may be, too.

import type { EventRoom, Events } from "../events/chunk.js";
import { Random } from "../random.js";

/** Names the streams of random numbers that say how far. */
const SHIFT_STREAM = 3;

/** How far to move a recording. */
export interface Shift {
	readonly dx: number;
	readonly dy: number;
}

/** The shift of the `index`-th recording of a run: up to `most` pixels each way, all equally likely. */
export function drawShift(most: number, seed: number, index: number): Shift {
	const random = new Random(seed, SHIFT_STREAM, index);
	return { dx: random.below(2 * most + 1) - most, dy: random.below(2 * most + 1) - most };
}

/**
 * The events moved; those that leave the sensor are left out.
 *
 * @param room where they are put; the events given stay as they are
 */
export function shifted(
	{ t, x, y, p }: Events,
	{ dx, dy }: Shift,
	{ width, height }: { readonly width: number; readonly height: number },
	room: EventRoom,
): Events {
	const moved = room.take(t.length);
	let count = 0;
	for (let index = 0; index < t.length; index += 1) {
		const [column, row] = [(x[index] as number) + dx, (y[index] as number) + dy];
		if (column < 0 || column >= width || row < 0 || row >= height) continue;
		moved.t[count] = t[index] as number;
		moved.x[count] = column;
		moved.y[count] = row;
		moved.p[count] = p[index] as number;
		count += 1;
	}
	return {
		t: moved.t.subarray(0, count),
		x: moved.x.subarray(0, count),
		y: moved.y.subarray(0, count),
		p: moved.p.subarray(0, count),
	};
}
