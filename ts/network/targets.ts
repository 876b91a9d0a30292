// What a readout of values is to learn, checked.

import { OptionError } from "../errors.js";
import type { Events } from "../events/chunk.js";
import * as check from "./check.js";
import { checkEvents } from "./fault.js";
import type { FullSpec } from "./spec/mod.js";

/** Steps of a recording: from one on, until another begins. */
export interface StepRange {
	/** From 0. */
	readonly fromStep: number;
	/** More than `fromStep`; at most 2^32, and `steps` where the spec has them. */
	readonly untilStep: number;
}

/** What the readout's membranes are to be in each of some steps. */
export interface ValuesTarget extends StepRange {
	/** `[height][width][values]` of the readout's map: -16,384 to 16,384; for binary cross-entropy 0 to 1. */
	readonly values: Float32Array | Float64Array;
	/** `[height][width]`: 0 where nothing is known; what `values` has there may be anything. Default: all is known. */
	readonly mask?: Uint8Array;
}

/** The events that a flow is to line up, for the contrast loss: it is then in pixels over these steps. */
export interface EventsTarget extends StepRange {
	/**
	 * Those of the sensor in these steps, less than 2^20, with times like the recording's; others are left out. Default: what
	 * the network takes; where its channels are no polarities, there is no default.
	 */
	readonly events?: Events;
}

/** What some steps are to learn. */
export type Target = ValuesTarget | EventsTarget;

/** The largest magnitude of a value. */
const MOST_VALUE = 2 ** 14;
/** More events than a window can have. */
const EVENTS_END = 2 ** 20;

/** Ranges of steps in the order of their times, none in another. */
export function checkRanges<T extends StepRange>(option: string, given: readonly T[], spec: FullSpec): readonly T[] {
	if (!Array.isArray(given)) throw new OptionError(option, given, "an array of { fromStep, untilStep }");
	const last = spec.steps ?? 2 ** 32;
	let before = 0;
	for (const [index, range] of given.entries()) {
		const at = `${option}[${index}]`;
		check.object(at, range);
		check.integer(`${at}.fromStep`, range.fromStep, before, last - 1);
		before = check.integer(`${at}.untilStep`, range.untilStep, range.fromStep + 1, last);
	}
	return given;
}

/** What some steps are to learn, checked. */
export type Lesson = ValuesTarget | EventWindow;

/** Events of a stretch of time. */
export interface EventWindow extends StepRange {
	readonly events: Events;
	readonly fromUs: number;
	readonly untilUs: number;
}

/**
 * Checks what a recording is to learn.
 *
 * @param events the recording's, checked to be such
 * @param startUs when its step 0 begins
 */
export function checkTargets(
	given: readonly Target[],
	spec: FullSpec,
	events: Events,
	startUs: number,
): readonly Lesson[] {
	const isContrast = spec.loss === "contrast";
	const keys = ["fromStep", "untilStep", ...(isContrast ? ["events"] : ["values", "mask"])];
	return checkRanges("targets", given, spec).map((target, index) => {
		const at = `targets[${index}]`;
		check.object(at, target, keys);
		if (isContrast) return checkWindow(at, target, spec, events, startUs);
		return checkValues(at, target, spec);
	});
}

function checkWindow(at: string, target: Target, spec: FullSpec, taken: Events, startUs: number): EventWindow {
	const { fromStep, untilStep } = target;
	const own = "events" in target ? target.events : undefined;
	if (own !== undefined) checkEvents(own, `${at}.events`);
	if (own === undefined && spec.input.polarities > 2) {
		const channels = `the network's ${spec.input.polarities} channels are no polarities`;
		throw new OptionError(`${at}.events`, undefined, `the events of the sensor, as ${channels}`);
	}
	const [fromUs, untilUs] = [startUs + fromStep * spec.stepUs, startUs + untilStep * spec.stepUs];
	const window = { fromStep, untilStep, events: own ?? taken, fromUs, untilUs };
	const count = countOf(window);
	if (count >= EVENTS_END) throw new OptionError(`${at}.events`, `${count} in these steps`, `less than ${EVENTS_END}`);
	return window;
}

function checkValues(at: string, target: Target, { readout, loss }: FullSpec): ValuesTarget {
	const { height, width, channels } = readout.shape;
	const { fromStep, untilStep } = target;
	const { values, mask }: Partial<ValuesTarget> = "values" in target ? target : {};
	if (!(values instanceof Float32Array || values instanceof Float64Array)) {
		throw new OptionError(`${at}.values`, values, "a Float32Array or Float64Array");
	}
	const sized = (option: string, length: number, sides: readonly number[]) => {
		const wanted = sides.reduce((product, side) => product * side, 1);
		if (length !== wanted) throw new OptionError(`${option}.length`, length, `${wanted}, ${sides.join(" x ")}`);
	};
	sized(`${at}.values`, values.length, [height, width, channels]);
	if (mask !== undefined) {
		if (!(mask instanceof Uint8Array)) throw new OptionError(`${at}.mask`, mask, "a Uint8Array");
		sized(`${at}.mask`, mask.length, [height, width]);
	}
	const [low, high] = loss === "binary-cross-entropy" ? [0, 1] : [-MOST_VALUE, MOST_VALUE];
	for (let index = 0; index < values.length; index += 1) {
		const value = values[index] as number;
		// NaN is in no range.
		if ((value >= low && value <= high) || mask?.[Math.floor(index / channels)] === 0) continue;
		throw new OptionError(`${at}.values[${index}]`, value, `a number from ${low} to ${high}, or a mask of 0 there`);
	}
	return { fromStep, untilStep, values, ...(mask !== undefined && { mask }) };
}

/** How many events a lesson has. */
export function countOf(lesson: Lesson): number {
	let count = 0;
	if (isWindow(lesson)) {
		eachEvent(lesson, () => {
			count += 1;
		});
	}
	return count;
}

/** Is this a lesson of events, not of values? */
export function isWindow(lesson: Lesson): lesson is EventWindow {
	return "fromUs" in lesson;
}

/** Visits the events of a window, with their times as a fraction of it. */
export function eachEvent(
	{ events: { t, x, y, p }, fromUs, untilUs }: EventWindow,
	visit: (x: number, y: number, time: number, p: number) => void,
): void {
	for (let index = 0; index < t.length; index += 1) {
		const us = t[index] as number;
		// What a network skips may be here, such as times that are no numbers.
		if (!(us >= fromUs && us < untilUs) || (p[index] as number) > 1) continue;
		visit(x[index] as number, y[index] as number, (us - fromUs) / (untilUs - fromUs), p[index] as number);
	}
}
