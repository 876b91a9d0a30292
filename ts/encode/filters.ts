// Filters: what each does and its options. They are plain descriptions; `pipe` runs them.

import { OptionError } from "../errors.js";
import { MAX_TIME_US } from "../events/chunk.js";
import * as check from "../network/check.js";

/** A filter, as `crop` and the others make it. */
export interface Filter {
	/** What it is called, as its function. */
	readonly name: string;
	/** Its kind and settings in WASM. */
	readonly kind: number;
	readonly settings: readonly number[];
}

/** The size of a sensor: events outside of it are dropped and counted as `outside`. Each way 1 to 4,096. */
export interface SensorSize {
	readonly width: number;
	readonly height: number;
}

/** Columns x to x + width - 1, rows y to y + height - 1. */
export interface Rectangle {
	readonly x: number;
	readonly y: number;
	readonly width: number;
	readonly height: number;
}

const MOST_PLACE = 65_535;
const MOST_U32 = 2 ** 32 - 1;

/** Keeps a rectangle, whose first column and row become 0. */
export function crop(options: Rectangle): Filter {
	check.object("crop", options, ["x", "y", "width", "height"]);
	return { name: "crop", kind: 0, settings: rectangle("crop", options) };
}

/** Which regions. */
export interface RegionOptions {
	/** 1 to 64. */
	readonly regions: readonly Rectangle[];
	/** Keep what lies in any of them (the default), or what lies in none. */
	readonly keep?: "inside" | "outside";
}

/** Keeps regions of interest where they are. */
export function regionOfInterest(options: RegionOptions): Filter {
	check.object("regionOfInterest", options, ["regions", "keep"]);
	const { regions } = options;
	if (!Array.isArray(regions) || regions.length < 1 || regions.length > 64) {
		throw new OptionError("regionOfInterest.regions", regions, "a list of 1 to 64 rectangles");
	}
	const isOutside = check.oneOf("regionOfInterest.keep", options.keep, ["inside", "outside"], "inside") === "outside";
	const rectangles = regions.flatMap((region, index) => {
		const option = `regionOfInterest.regions[${index}]`;
		check.object(option, region, ["x", "y", "width", "height"]);
		return rectangle(option, region);
	});
	return { name: "regionOfInterest", kind: 1, settings: [Number(isOutside), ...rectangles] };
}

/** How coarse. */
export interface DownsampleOptions extends SensorSize {
	/** Columns and rows of a cell, 1 to 4,096. The last ones may be cut. */
	readonly factor: number;
	/** Of a cell and polarity the n-th event of every n passes: 1 to 65,535; default 1, all do. */
	readonly every?: number;
	/** Polarities, where `every` is more than 1: 1 to 256, default 2. 2 bytes for each of each cell. */
	readonly polarities?: number;
}

/** Takes cells of pixels as one pixel. */
export function downsample(options: DownsampleOptions): Filter {
	check.object("downsample", options, ["width", "height", "factor", "every", "polarities"]);
	const settings = [
		...sensor("downsample", options),
		check.integer("downsample.factor", options.factor, 1, 4096),
		check.integer("downsample.every", options.every, 1, 65_535, 1),
		check.integer("downsample.polarities", options.polarities, 1, 256, 2),
	];
	return { name: "downsample", kind: 2, settings };
}

/** Makes all polarities 0. */
export function mergePolarities(): Filter {
	return { name: "mergePolarities", kind: 3, settings: [] };
}

/** How long. 8 bytes a pixel. */
export interface RefractoryOptions extends SensorSize {
	/** In us, 1 and up. */
	readonly periodUs: number;
}

/** Drops an event less than `periodUs` after the last that passed of its pixel, whatever the polarities. */
export function refractory(options: RefractoryOptions): Filter {
	check.object("refractory", options, ["width", "height", "periodUs"]);
	const periodUs = check.integer("refractory.periodUs", options.periodUs, 1, MAX_TIME_US);
	return { name: "refractory", kind: 4, settings: [...sensor("refractory", options), periodUs] };
}

/** What supports an event. 8 bytes a pixel. */
export interface BackgroundActivityOptions extends SensorSize {
	/** How long ago the last event of a pixel around may be, in us. Default 5,000. */
	readonly windowUs?: number;
	/** How many of the eight pixels around an event must have had one: 1 (the default) to 8. */
	readonly support?: number;
}

/** Drops events that no event of a pixel around came before. */
export function backgroundActivity(options: BackgroundActivityOptions): Filter {
	check.object("backgroundActivity", options, ["width", "height", "windowUs", "support"]);
	const settings = [
		...sensor("backgroundActivity", options),
		check.integer("backgroundActivity.windowUs", options.windowUs, 1, MAX_TIME_US, 5000),
		check.integer("backgroundActivity.support", options.support, 1, 8, 1),
	];
	return { name: "backgroundActivity", kind: 5, settings };
}

/** How often is too often. 16 bytes a pixel. */
export interface HotPixelOptions extends SensorSize {
	/** Events of a pixel in a window, 1 and up. Default 100. */
	readonly most?: number;
	/** The length of a window in us; windows begin at time 0. Default 100,000. */
	readonly windowUs?: number;
}

/** Drops of each pixel what is more than `most` in a window, and everything in a window after one with more. */
export function hotPixels(options: HotPixelOptions): Filter {
	check.object("hotPixels", options, ["width", "height", "most", "windowUs"]);
	const settings = [
		...sensor("hotPixels", options),
		check.integer("hotPixels.windowUs", options.windowUs, 1, MAX_TIME_US, 100_000),
		check.integer("hotPixels.most", options.most, 1, MOST_U32, 100),
	];
	return { name: "hotPixels", kind: 6, settings };
}

/** How many. */
export interface RateLimitOptions {
	/** Events a second, 1 to 10^9. */
	readonly rateHz: number;
	/** Events at once, 1 to 10^9. Default: those of 10 ms. */
	readonly burst?: number;
}

/** Drops what is more than `burst` + `rateHz` times the length of any stretch of time. */
export function rateLimit(options: RateLimitOptions): Filter {
	check.object("rateLimit", options, ["rateHz", "burst"]);
	const rateHz = check.integer("rateLimit.rateHz", options.rateHz, 1, 1e9);
	const burst = check.integer("rateLimit.burst", options.burst, 1, 1e9, Math.ceil(rateHz / 100));
	return { name: "rateLimit", kind: 7, settings: [rateHz, burst] };
}

/** How many events a step has. */
export interface CountStepsOptions {
	/** 1 to 2^32 - 1. */
	readonly events: number;
	/** The network's `stepUs`. */
	readonly stepUs: number;
}

/** Steps of a fixed count: the k-th event gets the time floor(k / events) stepUs, so that each step holds as many. */
export function countSteps(options: CountStepsOptions): Filter {
	check.object("countSteps", options, ["events", "stepUs"]);
	const events = check.integer("countSteps.events", options.events, 1, MOST_U32);
	return {
		name: "countSteps",
		kind: 8,
		settings: [events, check.integer("countSteps.stepUs", options.stepUs, 1, 2 ** 32)],
	};
}

/** Which delays. */
export interface DelayLineOptions {
	/** Rising, each from 0 us to 2^32: 1 to 256 of them. With 0 the events themselves are among what comes. */
	readonly delaysUs: readonly number[];
	/** Polarities of the events; times the delays at most 256. Default 2. */
	readonly polarities?: number;
	/** Events of the last, largest delay that can be held, 16 bytes each; what is more is dropped and counted. Default 65,536. */
	readonly mostEvents?: number;
}

/** Repeats each event after each of the delays; polarity p by the k-th is p + k polarities. Late or not, in the order of time. */
export function delayLine(options: DelayLineOptions): Filter {
	check.object("delayLine", options, ["delaysUs", "polarities", "mostEvents"]);
	const delaysUs = checkDelays("delayLine.delaysUs", options.delaysUs);
	const most = Math.floor(256 / delaysUs.length);
	const polarities = check.integer("delayLine.polarities", options.polarities, 1, most, Math.min(2, most));
	const mostEvents = check.integer("delayLine.mostEvents", options.mostEvents, 1, 2 ** 24, 65_536);
	return { name: "delayLine", kind: 9, settings: [polarities, mostEvents, ...delaysUs] };
}

/** Delays as they were given. */
export function checkDelays(option: string, given: unknown): readonly number[] {
	if (!Array.isArray(given) || given.length < 1 || given.length > 256) {
		throw new OptionError(option, given, "a list of 1 to 256 times in us");
	}
	let least = 0;
	return given.map((delay: unknown, index) => {
		const delayUs = check.integer(`${option}[${index}]`, delay, least, 2 ** 32);
		least = delayUs + 1;
		return delayUs;
	});
}

function rectangle(option: string, { x, y, width, height }: Rectangle): number[] {
	return [
		check.integer(`${option}.x`, x, 0, MOST_PLACE),
		check.integer(`${option}.y`, y, 0, MOST_PLACE),
		check.integer(`${option}.width`, width, 1, MOST_PLACE + 1),
		check.integer(`${option}.height`, height, 1, MOST_PLACE + 1),
	];
}

function sensor(option: string, { width, height }: SensorSize): [number, number] {
	return [check.integer(`${option}.width`, width, 1, 4096), check.integer(`${option}.height`, height, 1, 4096)];
}
