// Codes of sampled values: by changes, by rate, by latency, by place; and motion.

import { OptionError } from "../errors.js";
import * as check from "../network/check.js";
import { type Encoder, eachOf } from "./encoder.js";
import {
	fixed,
	LEAST,
	MOST,
	openSamples,
	rateMilliHz,
	SAMPLE_OPTIONS,
	type SampleOptions,
	type Samples,
} from "./samples.js";

/** What codes of values take. */
export interface ValueOptions extends SampleOptions {
	/** Channels, 1 to 65,536: columns of the events. Default 1. */
	readonly channels?: number;
}

const VALUE_OPTIONS = [...SAMPLE_OPTIONS, "channels"] as const;

/** One number for all channels, or one for each. */
export type PerChannel = number | readonly number[];

/** What changes count. */
export interface DeltaOptions extends ValueOptions {
	/** How far a value moves for a spike: 2^-16 to 32,767. */
	readonly threshold: PerChannel;
	/** Where references begin. Default: at the first sample. */
	readonly start?: number;
	/** How a reference follows at a spike: by the threshold (`"step"`, the default), or to the value. */
	readonly follow?: "step" | "value";
}

/**
 * Send on delta: where a channel's value is `threshold` or more above its reference there is an event of polarity 1, as much below one
 * of polarity 0, and the reference follows; at most one a sample.
 *
 * @throws OptionError for an option that is out of its range
 */
export async function deltaEncoder(options: DeltaOptions): Promise<Encoder<Samples>> {
	const channels = channelsOf("deltaEncoder", options, ["threshold", "start", "follow"]);
	const isGiven = options.start !== undefined;
	const start = check.number("start", options.start, LEAST, MOST, 0);
	const follow = check.oneOf("follow", options.follow, ["step", "value"], "step");
	const thresholds = eachOf("threshold", options.threshold, channels, 1 / 65_536, 32_767);
	const settings = [Number(isGiven), fixed(start), Number(follow === "value"), ...thresholds.map(fixed)];
	return openSamples(options, 0, settings);
}

/** A range of values for all channels, or for each. */
export interface RangeOptions extends ValueOptions {
	/** What lies below counts as this. */
	readonly low: PerChannel;
	/** What lies above counts as this: more than `low`. */
	readonly high: PerChannel;
}

/**
 * Rate code: v += (x - low) / (high - low) at every sample, x clipped to the range; an event where v >= 1, and v -= 1.
 *
 * @throws OptionError for an option that is out of its range
 */
export async function rateEncoder(options: RangeOptions): Promise<Encoder<Samples>> {
	const channels = channelsOf("rateEncoder", options, ["low", "high"]);
	return openSamples(options, 1, rangesOf(options, channels));
}

/** How long a sample's spikes may last. */
export interface LatencyOptions extends RangeOptions {
	/** In us: 1 to the time between samples, which is the default. */
	readonly spanUs?: number;
}

/**
 * Latency code: each sample above `low` is one event a channel, floor((high - x) (spanUs - 1) / (high - low)) us after it.
 *
 * @throws OptionError for an option that is out of its range
 */
export async function latencyEncoder(options: LatencyOptions): Promise<Encoder<Samples>> {
	const channels = channelsOf("latencyEncoder", options, ["low", "high", "spanUs"]);
	const most = Math.min(Math.floor(1e9 / rateMilliHz(options)), 2 ** 40);
	const spanUs = check.integer("spanUs", options.spanUs, 1, most, most);
	return openSamples(options, 2, [spanUs, ...rangesOf(options, channels)]);
}

/** How many levels there are. */
export interface PopulationOptions extends RangeOptions {
	/** 2 to 256. Default 16. */
	readonly levels?: number;
}

/**
 * Place code: low..high is cut into `levels`, and there is an event, whose polarity is the level, where a channel comes into another
 * one; the first sample counts as that.
 *
 * @throws OptionError for an option that is out of its range
 */
export async function populationEncoder(options: PopulationOptions): Promise<Encoder<Samples>> {
	const channels = channelsOf("populationEncoder", options, ["low", "high", "levels"]);
	const levels = check.integer("levels", options.levels, 2, 256, 16);
	return openSamples(options, 3, [levels, ...rangesOf(options, channels)]);
}

/** A sensor of motion, of three axes. */
export interface MotionSensor {
	/** How far an axis moves for an event of change. */
	readonly threshold: number;
	/** The levels divide -range..range; what lies beyond is in the first or the last. */
	readonly range: number;
}

/** What motion takes. */
export interface ImuOptions extends SampleOptions {
	/** In m/s^2. Default: threshold 0.5, range 20. `false`: there is none. */
	readonly accelerometer?: MotionSensor | false;
	/** In rad/s. Default: threshold 0.2, range 5. `false`: there is none. */
	readonly gyroscope?: MotionSensor | false;
	/** 2 to 254. Default 16. */
	readonly levels?: number;
}

/**
 * Accelerometer and gyroscope: samples `[ax, ay, az, gx, gy, gz]`, each axis a column. Polarities 0 and 1 are falls and rises, as of
 * `deltaEncoder`; those from 2 on are levels, as of `populationEncoder`.
 *
 * @throws OptionError for an option that is out of its range
 */
export async function imuEncoder(options: ImuOptions): Promise<Encoder<Samples>> {
	check.object("imuEncoder", options, [...SAMPLE_OPTIONS, "accelerometer", "gyroscope", "levels"]);
	const levels = check.integer("levels", options.levels, 2, 254, 16);
	const sensors = [
		motion("accelerometer", options.accelerometer, { threshold: 0.5, range: 20 }),
		motion("gyroscope", options.gyroscope, { threshold: 0.2, range: 5 }),
	].flatMap((sensor) => (sensor === undefined ? [] : [sensor, sensor, sensor]));
	if (sensors.length === 0) throw new OptionError("gyroscope", false, "a sensor, where there is no accelerometer");
	const thresholds = sensors.map(({ threshold }) => fixed(threshold));
	const ranges = sensors.flatMap(({ range }) => [-fixed(range), fixed(range)]);
	return openSamples(options, 4, [levels, ...thresholds, ...ranges]);
}

function motion(
	option: string,
	given: MotionSensor | false | undefined,
	fallback: MotionSensor,
): MotionSensor | undefined {
	if (given === false) return undefined;
	if (given !== undefined) check.object(option, given, ["threshold", "range"]);
	return {
		threshold: check.number(`${option}.threshold`, given?.threshold, 1 / 65_536, 32_767, fallback.threshold),
		range: check.number(`${option}.range`, given?.range, 1 / 65_536, 32_767, fallback.range),
	};
}

function channelsOf(name: string, options: ValueOptions, keys: readonly string[]): number {
	check.object(name, options, [...VALUE_OPTIONS, ...keys]);
	return check.integer("channels", options.channels, 1, 65_536, 1);
}

/** Low and high of each channel, as WASM takes them. */
function rangesOf({ low, high }: RangeOptions, channels: number): number[] {
	const lows = eachOf("low", low, channels, LEAST, MOST).map(fixed);
	const highs = eachOf("high", high, channels, LEAST, MOST).map(fixed);
	return lows.flatMap((least, channel) => {
		const most = highs[channel] ?? least;
		if (most <= least) {
			const option = Array.isArray(high) ? `high[${channel}]` : "high";
			throw new OptionError(option, most / 65_536, `more than low, ${least / 65_536}`);
		}
		return [least, most];
	});
}
