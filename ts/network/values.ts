// Readouts of values at work: a recording is learned from what is known of it, or its values are estimated.

import { StateError } from "../errors.js";
import type { Events } from "../events/chunk.js";
import type { StllrModule } from "../wasm/module.js";
import { type Driver, Recording, type RecordingOptions } from "./recording.js";
import type { FullSpec } from "./spec/mod.js";
import type { EventStaging } from "./staging.js";
import {
	checkRanges,
	checkTargets,
	countOf,
	type EventWindow,
	eachEvent,
	isWindow,
	type Lesson,
	type StepRange,
	type Target,
	type ValuesTarget,
} from "./targets.js";

/** How to estimate values. */
export interface EstimateOptions extends RecordingOptions {
	/** What the membranes are averaged over: ranges of steps in order, none in another. Default: one, of all steps. */
	readonly windows?: readonly StepRange[];
}

/** What a readout of values says of a recording. */
export interface Estimates {
	/** One for each window. */
	readonly estimates: readonly Estimate[];
	/** Rows, columns and values a pixel of the readout's map. */
	readonly height: number;
	readonly width: number;
	readonly channels: number;
	/** Time steps that were run. */
	readonly steps: number;
	/** Faulty events that were dropped. */
	readonly dropped: number;
}

/** What a readout of values says of some steps. */
export interface Estimate extends StepRange {
	/** The mean of its membranes over these steps: `[height][width][channels]`. */
	readonly values: Float32Array;
}

/** The network's side. */
export interface Estimating {
	readonly learner: InstanceType<StllrModule["Learner"]>;
	readonly module: StllrModule;
	readonly staging: EventStaging;
	readonly spec: FullSpec;
}

/** See `Network.learnValues`. */
export function learnValues(
	network: Estimating,
	events: Events,
	targets: readonly Target[],
	options: RecordingOptions,
): Estimates {
	const leastSteps = lastOf(checkRanges("targets", targets, network.spec));
	const recording = new Recording({ ...network, learns: true, leastSteps }, events, options);
	const lessons = checkTargets(targets, network.spec, events, recording.startUs);
	return take(network, recording, lessons, lessons);
}

/** See `Network.estimate`. */
export function estimate(network: Estimating, events: Events, { windows, ...options }: EstimateOptions): Estimates {
	const ranges = windows === undefined ? undefined : checkRanges("windows", windows, network.spec);
	const taking = { ...network, learns: false, leastSteps: lastOf(ranges ?? []) };
	return take(network, new Recording(taking, events, options), ranges, []);
}

function lastOf(ranges: readonly StepRange[]): number {
	return ranges.at(-1)?.untilStep ?? 0;
}

/** Takes a recording; the steps of window k learn lesson k, where there is one. */
function take(
	network: Estimating,
	recording: Recording,
	windows: readonly StepRange[] | undefined,
	lessons: readonly Lesson[],
): Estimates {
	const { learner, spec } = network;
	const room = new ValuesRoom(network, lessons);
	try {
		recording.begin();
		const estimates = windows?.map(({ fromStep, untilStep }, index) => {
			recording.run(room, fromStep);
			learner.clearScores();
			room.teach(lessons[index]);
			recording.run(room, untilStep);
			room.teach(undefined);
			return { fromStep, untilStep, values: room.average(untilStep - fromStep) };
		});
		recording.finish(room);
		const steps = learner.stepIndex();
		const all = () => [{ fromStep: 0, untilStep: steps, values: room.average(Math.max(1, steps)) }];
		const { height, width, channels } = spec.readout.shape;
		return { estimates: estimates ?? all(), height, width, channels, steps, dropped: learner.dropped() };
	} finally {
		room.free();
	}
}

/** Where targets are put for WASM and means taken from, as long as a recording is taken. Here values become integers. */
class ValuesRoom implements Driver {
	readonly #network: Estimating;
	readonly #values: InstanceType<NonNullable<StllrModule["Values"]>>;
	/** Events that there is room for. */
	readonly #events: number;

	constructor(network: Estimating, lessons: readonly Lesson[]) {
		const { Values } = network.module;
		if (Values === undefined) throw new StateError("values need the deep module");
		this.#network = network;
		this.#events = lessons.reduce((most, lesson) => Math.max(most, countOf(lesson)), 0);
		this.#values = new Values(network.learner, this.#events);
	}

	feed(...given: Parameters<Driver["feed"]>): number {
		return this.#values.feed(this.#network.learner, ...given);
	}

	run(until: number): void {
		this.#values.run(this.#network.learner, until);
	}

	/** The steps to come learn this. */
	teach(lesson: Lesson | undefined): void {
		if (lesson === undefined) this.#values.teach(false, 0);
		else if (isWindow(lesson)) this.#values.teach(true, this.#putEvents(lesson));
		else {
			this.#putValues(lesson);
			this.#values.teach(true, 0);
		}
	}

	/** The mean of the membranes over so many steps. */
	average(steps: number): Float32Array {
		const { height, width, channels } = this.#network.spec.readout.shape;
		this.#values.average(this.#network.learner, steps);
		return new Float32Array(this.#buffer, this.#values.meansPtr(), height * width * channels).slice();
	}

	free(): void {
		this.#values.free();
	}

	// The memory may have grown since the last call.
	get #buffer(): ArrayBufferLike {
		return this.#network.module.memory.buffer;
	}

	#putValues({ values, mask }: ValuesTarget): void {
		const { height, width } = this.#network.spec.readout.shape;
		const known = new Uint8Array(this.#buffer, this.#values.maskPtr(), height * width);
		if (mask === undefined) known.fill(1);
		else known.set(mask);
		const q16 = new Int32Array(this.#buffer, this.#values.valuesPtr(), values.length);
		for (let index = 0; index < values.length; index += 1) q16[index] = Math.round(2 ** 16 * (values[index] as number));
	}

	#putEvents(window: EventWindow): number {
		const most = this.#events;
		const places = new Uint16Array(this.#buffer, this.#values.placesPtr(), 3 * most);
		const polarities = new Uint8Array(this.#buffer, this.#values.polarityPtr(), most);
		let count = 0;
		eachEvent(window, (x, y, time, p) => {
			places[count] = x;
			places[count + most] = y;
			places[count + 2 * most] = Math.round(2 ** 15 * time);
			polarities[count] = p;
			count += 1;
		});
		return count;
	}
}
