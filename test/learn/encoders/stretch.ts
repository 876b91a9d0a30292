// Stretches of a recording of flow.

import { events } from "stllr";
import type { FlowFrame, FlowRecording } from "../data/flow.js";

/** What of a recording is left. */
export interface Stretch {
	/** When it begins, in us. */
	readonly beginUs: number;
	/** How many flows it has. */
	readonly flows: number;
}

/**
 * A stretch of a recording, its times from 0 on. Its flows are as long as the recording's, which are of equal length, from 0 on;
 * speed is taken to change evenly from the middle of one to that of the next, and not at all beyond the first and last.
 */
export function stretch(recording: FlowRecording, { beginUs, flows }: Stretch): FlowRecording {
	const { t, x, y, p } = recording.events;
	const spanUs = recording.flow[0]?.toUs ?? 0;
	const isIn = (us: number) => us >= beginUs && us < beginUs + flows * spanUs;
	const inside = <T extends ArrayLike<number>>(column: T) =>
		Array.from(column).filter((_, at) => isIn(t[at] as number));
	return {
		...recording,
		events: events({ t: inside(t).map((us) => us - beginUs), x: inside(x), y: inside(y), p: inside(p) }),
		flow: Array.from({ length: flows }, (_, index) => {
			const [fromUs, toUs] = [index * spanUs, (index + 1) * spanUs];
			return { fromUs, toUs, ...flowAt(recording.flow, (beginUs + (fromUs + toUs) / 2) / spanUs - 0.5) };
		}),
	};
}

/** The flow between those of two numbers. */
function flowAt(flow: readonly FlowFrame[], index: number): Pick<FlowFrame, "dx" | "dy"> {
	const first = Math.max(0, Math.min(Math.floor(index), flow.length - 2));
	const later = Math.max(0, Math.min(index - first, 1));
	const [before, after] = [flow[first], flow[Math.min(first + 1, flow.length - 1)]];
	const mixed = (of: (frame: FlowFrame | undefined) => Float32Array | undefined) =>
		Float32Array.from(of(before) ?? [], (value, at) => (1 - later) * value + later * (of(after)?.[at] ?? 0));
	return { dx: mixed((frame) => frame?.dx), dy: mixed((frame) => frame?.dy) };
}
