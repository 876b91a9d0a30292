// Likenesses of a recording of flow: turned by any angle, larger or smaller, faster or slower, begun later.

import { type Events, events } from "stllr";
import type { FlowFrame, FlowRecording } from "../data/flow.js";

/** How a recording is made another. */
export interface Change {
	/** About the sensor's centre, from rightwards to downwards, in radians. */
	readonly angle: number;
	/** How many times as large, about the sensor's centre. */
	readonly scale: number;
	/** How many times as fast. */
	readonly speed: number;
	/** When it begins, in us of what is already faster. */
	readonly beginUs: number;
	/** How many flows it has. */
	readonly flows: number;
}

/** A similarity of the sensor's plane, about its centre. */
type Similarity = (x: number, y: number) => readonly [x: number, y: number];

/**
 * The recording as a camera would have seen it that is similar, nearer or farther, and moves faster or slower; on the same sensor.
 *
 * Each pixel goes to the one that its centre comes to lie in. Speed is taken to change evenly from one flow to the next; flows are
 * as long as the recording's, which are of equal length, from 0 on.
 */
export function similar(recording: FlowRecording, change: Change): FlowRecording {
	const { width, height, flow } = recording;
	const spanUs = flow[0]?.toUs ?? 0;
	const [cos, sin] = [Math.cos(change.angle), Math.sin(change.angle)];
	const about = (factor: number, sine: number): Similarity => {
		const [middleX, middleY] = [width / 2, height / 2];
		return (x, y) => {
			const [across, down] = [x + 0.5 - middleX, y + 0.5 - middleY];
			return [
				Math.floor(middleX + factor * (cos * across - sine * down)),
				Math.floor(middleY + factor * (sine * across + cos * down)),
			];
		};
	};
	const from = about(1 / change.scale, -sin);
	return {
		...recording,
		events: moved(recording, about(change.scale, sin), change, change.flows * spanUs),
		flow: Array.from({ length: change.flows }, (_, index) => {
			const [fromUs, toUs] = [index * spanUs, (index + 1) * spanUs];
			const at = (change.speed * (change.beginUs + (fromUs + toUs) / 2)) / spanUs - 0.5;
			return { fromUs, toUs, ...flowAt(recording, at, from, change) };
		}),
	};
}

function moved(
	{ width, height, events: given }: FlowRecording,
	to: Similarity,
	change: Change,
	untilUs: number,
): Events {
	const { t, x, y, p } = given;
	const parts: { t: number[]; x: number[]; y: number[]; p: number[] } = { t: [], x: [], y: [], p: [] };
	for (let at = 0; at < t.length; at += 1) {
		const us = Math.floor((t[at] as number) / change.speed) - change.beginUs;
		if (us < 0 || us >= untilUs) continue;
		const [column, row] = to(x[at] as number, y[at] as number);
		if (column < 0 || row < 0 || column >= width || row >= height) continue;
		parts.t.push(us);
		parts.x.push(column);
		parts.y.push(row);
		parts.p.push(p[at] as number);
	}
	return events(parts);
}

/** The flow between those of two numbers, as that is turned; what comes from beyond the sensor is as at its edge. */
function flowAt(
	{ width, height, flow }: FlowRecording,
	index: number,
	from: Similarity,
	{ angle, scale, speed }: Change,
): Pick<FlowFrame, "dx" | "dy"> {
	const first = Math.max(0, Math.min(Math.floor(index), flow.length - 2));
	const later = Math.max(0, Math.min(index - first, 1));
	const [before, after] = [flow[first], flow[Math.min(first + 1, flow.length - 1)]];
	const [dx, dy] = [new Float32Array(width * height), new Float32Array(width * height)];
	const factor = scale * speed;
	const [cos, sin] = [factor * Math.cos(angle), factor * Math.sin(angle)];
	for (let y = 0; y < height; y += 1) {
		for (let x = 0; x < width; x += 1) {
			const [column, row] = from(x, y);
			const at = Math.max(0, Math.min(row, height - 1)) * width + Math.max(0, Math.min(column, width - 1));
			const u = (1 - later) * (before?.dx[at] ?? 0) + later * (after?.dx[at] ?? 0);
			const v = (1 - later) * (before?.dy[at] ?? 0) + later * (after?.dy[at] ?? 0);
			dx[y * width + x] = cos * u - sin * v;
			dy[y * width + x] = sin * u + cos * v;
		}
	}
	return { dx, dy };
}
