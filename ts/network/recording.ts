// A recording on its way through a network: checked where it must be, then taken step by step.

import type { Events } from "../events/chunk.js";
import type { StllrModule } from "../wasm/module.js";
import * as check from "./check.js";
import { checkEvents, eventFault } from "./fault.js";
import type { FullSpec } from "./spec/mod.js";
import type { EventStaging } from "./staging.js";

/** How to take a recording. */
export interface RecordingOptions {
	/**
	 * At an event that is outside the sensor, goes back in time, lies more than `maxGapUs` after the one before or has a time
	 * that is no whole number: refuse the recording and change nothing (`"refuse"`, the default), or drop and count it.
	 */
	readonly onFault?: "refuse" | "skip";
	/** When step 0 begins, in us. Default: the last multiple of `stepUs` at or before the first event. */
	readonly startUs?: number;
}

/** What takes staged events, and steps without events: a learner, or one with something between. */
export type Driver = Pick<InstanceType<StllrModule["Learner"]>, "feed" | "run">;

/** The network's side of a recording. */
export interface Taking {
	readonly learner: InstanceType<StllrModule["Learner"]>;
	readonly staging: EventStaging;
	readonly spec: FullSpec;
	/** Are its steps to learn? */
	readonly learns: boolean;
	/** Steps that it has at least where the spec fixes none. */
	readonly leastSteps: number;
}

/** A recording that a network takes from rest. */
export class Recording {
	/** When step 0 begins, in us. */
	readonly startUs: number;
	readonly #network: Taking;
	readonly #events: Events;
	readonly #skip: boolean;
	/** Its steps, once they are known. */
	#steps: number | undefined;
	/** The staged events are `#begin..#begin + #count`; those before `#next` of them are taken. */
	#begin = 0;
	#count = 0;
	#next = 0;

	/** @throws OptionError where the events or the options are none; nothing is changed */
	constructor(network: Taking, events: Events, options: RecordingOptions) {
		checkEvents(events);
		this.#network = network;
		this.#events = events;
		this.#skip = check.oneOf("onFault", options.onFault, ["refuse", "skip"], "refuse") === "skip";
		this.#steps = network.spec.steps;
		this.startUs = startOf(events, options.startUs, network.spec.stepUs);
	}

	/**
	 * Puts the network to rest, and checks events where one may be refused too late to learn nothing.
	 *
	 * @returns how many steps it has; of those that are not to learn it may be unknown
	 * @throws EventError for a bad event
	 */
	begin(): number | undefined {
		const { learner, staging, spec, learns, leastSteps } = this.#network;
		learner.begin(learns, learns, this.startUs, this.#skip);
		// Weights change when a block ends, and no event is taken after the last step: a recording of one block, or one that is
		// only answered, can be refused at any event. Any other is checked as a whole before anything is learned.
		if (!learns || (spec.steps !== undefined && spec.steps <= spec.blockSteps)) return this.#steps;
		const steps = spec.steps ?? Number.MAX_SAFE_INTEGER;
		const untilUs = Math.min(this.startUs + steps * spec.stepUs, Number.MAX_SAFE_INTEGER);
		for (this.#stage(0); this.#count > 0; this.#stage(this.#begin + this.#count)) {
			if (!learner.check(staging.buffer, this.#count, untilUs)) throw eventFault(learner, this.#events, this.#begin);
			// The last piece stays where it is: a recording of a single one is staged once.
			if (this.#begin + this.#count === this.#events.t.length) break;
		}
		if (this.#begin > 0) this.#count = 0;
		this.#begin = 0;
		this.#steps ??= Math.max(Math.floor((learner.checkedUs() - this.startUs) / spec.stepUs) + 1, leastSteps);
		return this.#steps;
	}

	/** Runs the steps before `step`. @throws EventError for a bad event */
	run(driver: Driver, step: number): void {
		this.#feed(driver, step);
		driver.run(step);
	}

	/** Runs all steps that are left, and learns what waits to be. @throws EventError for a bad event */
	finish(driver: Driver): void {
		const { learner, learns, leastSteps } = this.#network;
		this.#feed(driver, this.#steps ?? Number.MAX_SAFE_INTEGER);
		driver.run(this.#steps ?? Math.max(learner.stepsBegun(), leastSteps));
		if (learns) learner.endSequence();
	}

	#feed(driver: Driver, until: number): void {
		const { learner, staging } = this.#network;
		for (;;) {
			if (this.#next === this.#count) {
				this.#stage(this.#begin + this.#count);
				if (this.#count === 0) return;
			}
			this.#next = driver.feed(staging.buffer, this.#next, this.#count, until);
			if (learner.faultKind() >= 0) {
				const fault = eventFault(learner, this.#events, this.#begin);
				learner.begin(false, false, 0, false);
				throw fault;
			}
			if (this.#next < this.#count) return;
		}
	}

	/** Puts the events from `begin` on where they can be fed from, as many as there is room for. */
	#stage(begin: number): void {
		const { staging } = this.#network;
		const until = Math.min(this.#events.t.length, begin + staging.capacity);
		this.#begin = begin;
		this.#next = 0;
		this.#count = until > begin ? staging.put(this.#events, begin, until) : 0;
	}
}

/** When step 0 begins, in us: as given, else with the step of the first event. */
export function startOf(events: Events, given: number | undefined, stepUs: number): number {
	if (given !== undefined) return check.integer("startUs", given, 0, Number.MAX_SAFE_INTEGER);
	const first = events.t.find((t) => t >= 0 && t <= Number.MAX_SAFE_INTEGER) ?? 0;
	return Math.floor(first) - (Math.floor(first) % stepUs);
}
