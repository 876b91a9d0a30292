// Recordings turned about a point, as if the camera had been: what goes round is then seen in another part of its way.

import { type Events, events } from "stllr";

/** How to turn a recording. */
export interface Turn {
	/** In radians; from right to down where it is positive, as rows are counted downwards. */
	readonly angle: number;
	/** The point that stays where it is, in pixels. */
	readonly column: number;
	readonly row: number;
}

/** The events turned, each to the nearest pixel; those that leave the sensor are left out. */
export function turned(
	{ t, x, y, p }: Events,
	{ angle, column, row }: Turn,
	{ width, height }: { readonly width: number; readonly height: number },
): Events {
	const [cosine, sine] = [Math.cos(angle), Math.sin(angle)];
	const parts: { t: number[]; x: number[]; y: number[]; p: number[] } = { t: [], x: [], y: [], p: [] };
	for (let at = 0; at < t.length; at += 1) {
		const [right, down] = [(x[at] as number) - column, (y[at] as number) - row];
		const toX = Math.round(column + cosine * right - sine * down);
		const toY = Math.round(row + sine * right + cosine * down);
		if (toX < 0 || toX >= width || toY < 0 || toY >= height) continue;
		parts.t.push(t[at] as number);
		parts.x.push(toX);
		parts.y.push(toY);
		parts.p.push(p[at] as number);
	}
	return events(parts);
}
