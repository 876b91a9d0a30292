// Flow in cells of pixels: what a readout that is coarser than the sensor is to say, and how far off what it says is.

import type { StepRange, ValuesTarget } from "stllr";
import type { FlowFrame, FlowRecording } from "../data/flow.js";

/** How a network sees and says flow. */
export interface CellOptions {
	readonly stepUs: number;
	/** Pixels of a cell, each way. */
	readonly cell: number;
	/** Of the readout, which begins at rest: the first steps cannot say all of it, and are not asked to. */
	readonly leak: number;
}

/** What the readout is to say of each flow: the mean of each cell, wherever a pixel of the cell has an event meanwhile. */
export function cellTargets(recording: FlowRecording, options: CellOptions): ValuesTarget[] {
	const { cell } = options;
	const { width, height } = recording;
	const [columns, rows] = [Math.floor(width / cell), Math.floor(height / cell)];
	return eachFlow(recording, options).map(({ frame, active, fromStep, untilStep }) => {
		const share = saidOf({ fromStep, untilStep }, options) / cell ** 2;
		const values = new Float32Array(2 * columns * rows);
		const mask = new Uint8Array(columns * rows);
		for (let y = 0; y < rows * cell; y += 1) {
			for (let x = 0; x < columns * cell; x += 1) {
				const [pixel, at] = [y * width + x, Math.floor(y / cell) * columns + Math.floor(x / cell)];
				values[2 * at] = (values[2 * at] ?? 0) + share * (frame.dx[pixel] ?? 0);
				values[2 * at + 1] = (values[2 * at + 1] ?? 0) + share * (frame.dy[pixel] ?? 0);
				if (active[pixel] === 1) mask[at] = 1;
			}
		}
		return { fromStep, untilStep, values, mask };
	});
}

/**
 * Sums over all pixels with an event, of all flows: how far what is said is off, and how far no flow at all would be.
 *
 * @param estimates one for each flow, of any steps
 */
export function endpointErrors(
	recording: FlowRecording,
	estimates: readonly (StepRange & Pick<ValuesTarget, "values">)[],
	options: CellOptions,
): { readonly error: number; readonly ofZero: number } {
	const { cell } = options;
	const columns = Math.floor(recording.width / cell);
	let [error, ofZero] = [0, 0];
	for (const [index, { frame, active }] of eachFlow(recording, options).entries()) {
		const estimate = estimates[index];
		if (estimate === undefined) throw new Error(`there is no estimate of flow ${index}`);
		const { values } = estimate;
		const said = saidOf(estimate, options);
		for (const [pixel, isActive] of active.entries()) {
			if (isActive === 0) continue;
			const [x, y] = [pixel % recording.width, Math.floor(pixel / recording.width)];
			const at = 2 * (Math.floor(y / cell) * columns + Math.floor(x / cell));
			const [u, v] = [frame.dx[pixel] ?? 0, frame.dy[pixel] ?? 0];
			error += Math.hypot((values[at] ?? 0) / said - u, (values[at + 1] ?? 0) / said - v);
			ofZero += Math.hypot(u, v);
		}
	}
	return { error, ofZero };
}

/** A flow and its steps. */
interface Flow extends StepRange {
	readonly frame: FlowFrame;
	/** For each pixel: has it an event meanwhile? */
	readonly active: Uint8Array;
}

/** How much of what it says a readout that begins at rest has come to, in the mean over some steps. */
function saidOf({ fromStep, untilStep }: StepRange, { leak }: CellOptions): number {
	let said = 0;
	for (let step = fromStep; step < untilStep; step += 1) said += 1 - leak ** (step + 1);
	return said / (untilStep - fromStep);
}

function eachFlow({ width, height, events, flow }: FlowRecording, { stepUs }: CellOptions): Flow[] {
	let next = 0;
	return flow.map((frame) => {
		const active = new Uint8Array(width * height);
		for (; next < events.t.length && (events.t[next] as number) < frame.toUs; next += 1) {
			active[(events.y[next] as number) * width + (events.x[next] as number)] = 1;
		}
		return { frame, fromStep: frame.fromUs / stepUs, untilStep: frame.toUs / stepUs, active };
	});
}
