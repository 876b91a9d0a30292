// Other looks at a recording of flow: a part of it, in mirrors, the film played backwards or as a negative; and several side by side.

import { type Events, events } from "stllr";
import type { FlowFrame, FlowRecording } from "../data/flow.js";

/** What of a recording is looked at, and how. In this order: cut out, mirrored, transposed. */
export interface Look {
	/** The square that is cut out: its first column and row, and its side, in pixels. */
	readonly left: number;
	readonly top: number;
	readonly side: number;
	/** Left for right; top for bottom; columns for rows. */
	readonly mirrored: boolean;
	readonly upturned: boolean;
	readonly transposed: boolean;
	/** Plays it from its end: what got brighter gets darker. */
	readonly backwards: boolean;
	/** Darker for brighter. */
	readonly negative: boolean;
}

/** The recording as it is looked at; events up to the end of its last flow. */
export function looked(recording: FlowRecording, look: Look): FlowRecording {
	const { side, transposed, backwards } = look;
	const { flow } = recording;
	const endUs = flow.at(-1)?.toUs ?? 0;
	const frame = ({ fromUs, toUs, dx, dy }: FlowFrame): FlowFrame => {
		const u = part(dx, recording.width, look, look.mirrored !== backwards);
		const v = part(dy, recording.width, look, look.upturned !== backwards);
		const span = backwards ? { fromUs: endUs - toUs, toUs: endUs - fromUs } : { fromUs, toUs };
		return { ...span, dx: transposed ? v : u, dy: transposed ? u : v };
	};
	const frames = flow.map(frame);
	return {
		name: recording.name,
		width: side,
		height: side,
		events: seen(recording.events, look, endUs),
		flow: backwards ? frames.reverse() : frames,
	};
}

/** The map's square, in its mirrors; with its sign changed where `isNegated`. */
function part(map: Float32Array, width: number, look: Look, isNegated: boolean): Float32Array {
	const out = new Float32Array(look.side * look.side);
	const sign = isNegated ? -1 : 1;
	for (let y = 0; y < look.side; y += 1) {
		for (let x = 0; x < look.side; x += 1) {
			out[placeOf(x, y, look)] = sign * (map[(look.top + y) * width + look.left + x] ?? 0);
		}
	}
	return out;
}

/** Where a pixel of the square comes to lie. */
function placeOf(x: number, y: number, { side, mirrored, upturned, transposed }: Look): number {
	const [column, row] = [mirrored ? side - 1 - x : x, upturned ? side - 1 - y : y];
	return transposed ? column * side + row : row * side + column;
}

function seen({ t, x, y, p }: Events, look: Look, endUs: number): Events {
	const { left, top, side, backwards } = look;
	const kept: number[] = [];
	for (let at = 0; at < t.length; at += 1) {
		const [column, row] = [(x[at] as number) - left, (y[at] as number) - top];
		if ((t[at] as number) < endUs && column >= 0 && row >= 0 && column < side && row < side) kept.push(at);
	}
	if (backwards) kept.reverse();
	const places = kept.map((at) => placeOf((x[at] as number) - left, (y[at] as number) - top, look));
	return events({
		t: kept.map((at) => (backwards ? endUs - 1 - (t[at] as number) : (t[at] as number))),
		x: places.map((place) => place % side),
		y: places.map((place) => Math.floor(place / side)),
		p: kept.map((at) => Number((p[at] === 1) !== (backwards !== look.negative))),
	});
}

/** Recordings of one size and flow at the same times, row by row in a square. */
export function beside(recordings: readonly FlowRecording[]): FlowRecording {
	const across = Math.sqrt(recordings.length);
	const [first] = recordings;
	if (first === undefined || !Number.isInteger(across)) throw new Error("recordings beside one another fill a square");
	const { name, width, height } = first;
	const at = (index: number) => [(index % across) * width, Math.floor(index / across) * height] as const;
	const rows = recordings.flatMap(({ events: { t, x, y, p } }, index) => {
		const [left, top] = at(index);
		return Array.from(t, (us, k) => [us, left + (x[k] as number), top + (y[k] as number), p[k] as number] as const);
	});
	rows.sort((a, b) => a[0] - b[0]);
	const joined = (map: (of: FlowRecording) => Float32Array) => {
		const out = new Float32Array(recordings.length * width * height);
		for (const [index, recording] of recordings.entries()) {
			const [left, top] = at(index);
			for (let row = 0; row < height; row += 1) {
				const line = map(recording).subarray(row * width, (row + 1) * width);
				out.set(line, (top + row) * across * width + left);
			}
		}
		return out;
	};
	return {
		name,
		width: across * width,
		height: across * height,
		events: events({
			t: rows.map(([us]) => us),
			x: rows.map(([, column]) => column),
			y: rows.map(([, , row]) => row),
			p: rows.map(([, , , polarity]) => polarity),
		}),
		flow: first.flow.map(({ fromUs, toUs }, index) => {
			const none = new Float32Array(width * height);
			const dx = joined(({ flow }) => flow[index]?.dx ?? none);
			const dy = joined(({ flow }) => flow[index]?.dy ?? none);
			return { fromUs, toUs, dx, dy };
		}),
	};
}
