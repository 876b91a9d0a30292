// Schedules: how learning rates change over a training, as plain JSON.
//
// Only +, -, * and / of doubles, so that the same schedule gives the same rates on every machine: Math.cos does not.

import { OptionError } from "../errors.js";
import * as check from "../network/check.js";
import type { Rates } from "../network/spec/mod.js";

/** How learning rates change over a training: the factor that they are multiplied by. */
export type Schedule =
	/** They stay: factor 1. */
	| { readonly type: "constant" }
	/** They fall in a straight line: 1 - (1 - final) epoch / epochs. `final`: 0 to 1, default 0.1. */
	| { readonly type: "linear"; readonly final?: number }
	/** They fall along half a wave: final + (1 - final) (1 + cos(pi epoch / epochs)) / 2. `final`: 0 to 1, default 0.1. */
	| { readonly type: "cosine"; readonly final?: number }
	/** They are multiplied by `factor` after every `every` epochs: 1 to 10^6. `factor`: 0 to 1, default 0.1. */
	| { readonly type: "step"; readonly every: number; readonly factor?: number }
	/** They are multiplied by `factor` after so many epochs: a rising list of up to 1,000, each 1 to 10^6. */
	| { readonly type: "milestones"; readonly epochs: readonly number[]; readonly factor?: number };

/** A schedule with every parameter. */
export type FullSchedule = {
	readonly [T in Schedule["type"]]: Required<Extract<Schedule, { type: T }>>;
}[Schedule["type"]];

/** How rates fall where nothing else is said: in a straight line to a tenth. */
export const USUAL_SCHEDULE = { type: "linear", final: 0.1 } as const satisfies FullSchedule;

/** What `final` and `factor` are by default. */
const TENTH = 0.1;
const MOST_EPOCHS = 1e6;
const MOST_MILESTONES = 1000;
/** The smallest learning rate that a network takes, but for 0. */
const LEAST_RATE = 2 ** -24;

/** The parameters of each type. */
const SCHEDULES: Readonly<Record<Schedule["type"], readonly string[]>> = {
	constant: [],
	linear: ["final"],
	cosine: ["final"],
	step: ["every", "factor"],
	milestones: ["epochs", "factor"],
};

/** The names of the types. */
export const scheduleTypes = Object.keys(SCHEDULES) as readonly Schedule["type"][];

/**
 * Checks a schedule and fills in what it leaves out; without any it is `USUAL_SCHEDULE`.
 *
 * @throws OptionError that names the option, what was given and what is allowed
 */
export function fullSchedule(given: unknown, option = "schedule"): FullSchedule {
	if (given === undefined) return USUAL_SCHEDULE;
	const { type: asked } = check.object(option, given);
	const type = check.oneOf(`${option}.type`, asked, scheduleTypes);
	const schedule = check.object(option, given, ["type", ...SCHEDULES[type]]);
	const part = (name: "final" | "factor") => check.number(`${option}.${name}`, schedule[name], 0, 1, TENTH);
	switch (type) {
		case "constant":
			return { type };
		case "linear":
		case "cosine":
			return { type, final: part("final") };
		case "step":
			return { type, every: check.integer(`${option}.every`, schedule.every, 1, MOST_EPOCHS), factor: part("factor") };
		case "milestones":
			return { type, epochs: checkMilestones(`${option}.epochs`, schedule.epochs), factor: part("factor") };
	}
}

/**
 * What rates are multiplied by at a point of a training, 0 to 1.
 *
 * @param epoch epochs behind it, in parts of one too: 0 to `epochs`; beyond the end rates stay as they are there
 * @param epochs how many the training has, at least 1; `constant`, `step` and `milestones` do not ask
 * @throws OptionError for a schedule or a number out of its range
 */
export function scheduleFactor(schedule: Schedule, epoch: number, epochs: number): number {
	const full = fullSchedule(schedule);
	check.number("epoch", epoch, 0, Number.MAX_SAFE_INTEGER);
	check.number("epochs", epochs, 1, Number.MAX_SAFE_INTEGER);
	const done = Math.min(1, epoch / epochs);
	switch (full.type) {
		case "constant":
			return 1;
		case "linear":
			return 1 - (1 - full.final) * done;
		case "cosine":
			return full.final + (1 - full.final) * halfWave(done);
		case "step":
			return power(full.factor, Math.floor(epoch / full.every));
		case "milestones":
			return power(full.factor, full.epochs.filter((milestone) => milestone <= epoch).length);
	}
}

/**
 * Learning rates at a point of a training, for `Network.setRates`: `scheduleFactor` times `rates`, but never below the smallest
 * that a network takes, 2^-24. A rate of 0 stays 0.
 */
export function scheduledRates(
	rates: Required<Rates>,
	schedule: Schedule,
	epoch: number,
	epochs: number,
): Required<Rates> {
	const factor = scheduleFactor(schedule, epoch, epochs);
	const scaled = (rate: number) => (rate === 0 ? 0 : Math.max(LEAST_RATE, rate * factor));
	return { hidden: scaled(rates.hidden), readout: scaled(rates.readout) };
}

/** Do rates change at the borders of epochs only? */
export function changesByEpoch({ type }: Schedule): boolean {
	return type === "step" || type === "milestones";
}

function checkMilestones(option: string, given: unknown): readonly number[] {
	if (!Array.isArray(given)) throw new OptionError(option, given, "an array of epochs");
	check.integer(`${option}.length`, given.length, 1, MOST_MILESTONES);
	return given.map((epoch: unknown, at) => {
		// A number that is not greater is out of range; the one before was checked.
		const before: unknown = at === 0 ? 0 : given[at - 1];
		return check.integer(`${option}[${at}]`, epoch, Number(before) + 1, MOST_EPOCHS);
	});
}

/** A factor of 0 to 1, multiplied so often; one after the other, as the rounding of a power is not the same everywhere. */
function power(factor: number, times: number): number {
	if (factor === 1) return 1;
	let product = 1;
	for (let time = 0; time < times && product > 0; time += 1) product *= factor;
	return product;
}

/**
 * (1 + cos(pi x)) / 2 for x from 0 to 1: 1 - sin^2(pi x / 2), and beyond the middle sin^2(pi (1 - x) / 2). Off by 2^-51 at most,
 * and exactly 1 and 0 at the ends.
 */
function halfWave(x: number): number {
	const sine = x <= 0.5 ? quarterSine(x) : quarterSine(1 - x);
	return x <= 0.5 ? 1 - sine * sine : sine * sine;
}

/**
 * sin(pi x / 2) for x from 0 to 1/2, by its series up to y^15 / 15!. At y <= pi / 4 what is left out is less than
 * (pi / 4)^17 / 17! < 2^-54.
 */
function quarterSine(x: number): number {
	const y = (Math.PI / 2) * x;
	const square = y * y;
	let sum = 1;
	// Horner's scheme from inside: 1 - y^2 / (2 3) (1 - y^2 / (4 5) (...)).
	for (let n = 14; n >= 2; n -= 2) sum = 1 - (square / (n * (n + 1))) * sum;
	return y * sum;
}
