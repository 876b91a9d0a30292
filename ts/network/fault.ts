// Events that a network refuses, in words.

import { EventError, OptionError } from "../errors.js";
import type { Events } from "../events/chunk.js";
import type { StllrModule } from "../wasm/module.js";

/** By the number of the fault: what of the event is wrong. */
const FAULTS = [
	{ value: "t", what: "is no whole number of us" },
	{ value: "t", what: "goes back in time" },
	{ value: "t", what: "lies too far after the event before it" },
	{ value: "x", what: "is outside the sensor" },
	{ value: "y", what: "is outside the sensor" },
	{ value: "p", what: "is no polarity of the sensor" },
] as const;

/** The error for the event that the learner has just refused; `from` is the index of the first staged event. */
export function eventFault(learner: InstanceType<StllrModule["Learner"]>, events: Events, from: number): EventError {
	const fault = FAULTS[learner.faultKind()] ?? FAULTS[0];
	const [staged = 0, least, most] = learner.faultNumbers();
	const index = from + staged;
	learner.clearFault();
	return new EventError(index, `${fault.value} ${events[fault.value][index]} ${fault.what}`, `${least} to ${most}`);
}

/** Checks that these are events at all: typed arrays of one length. */
export function checkEvents(events: Events, option = "events"): void {
	const { t, x, y, p } = events;
	const areArrays =
		t instanceof Float64Array && x instanceof Uint16Array && y instanceof Uint16Array && p instanceof Uint8Array;
	if (!areArrays) {
		throw new OptionError(
			option,
			events,
			"{ t: Float64Array, x: Uint16Array, y: Uint16Array, p: Uint8Array }, as openEvents() and events() make them",
		);
	}
	const count = t.length;
	if (x.length === count && y.length === count && p.length === count) return;
	for (const [name, { length }] of Object.entries({ x, y, p })) {
		if (length !== count) throw new OptionError(`${option}.${name}.length`, length, `${count}, as many as times`);
	}
}
