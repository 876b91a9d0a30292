// The flags that say how learning rates change over a run.

import { type FullSchedule, fullSchedule, USUAL_SCHEDULE } from "../learning/schedule.js";
import { type Args, type Flag, UsageError } from "./args.js";

/** The flags of `scheduleOf`. */
export const scheduleFlags: readonly Flag[] = [
	{ name: "schedule", value: "HOW", help: "how both rates change (linear:0.1)" },
	{ name: "final-rate", value: "X", help: "the same as --schedule linear:X" },
];

/** What `--schedule` takes, for the help. */
export const scheduleAbout: readonly string[] = [
	"--schedule says how learning rates change: constant, linear[:FINAL],",
	"cosine[:FINAL], step:EVERY[:FACTOR] or milestones:EPOCH,...[:FACTOR]. FINAL is",
	"what is left of them in the end; by FACTOR they are multiplied after every EVERY",
	"epochs, or after each EPOCH. Both are 0.1 where left out.",
];

/** The library's options, as errors name them, and the flags that set them. */
export const scheduleNames: readonly (readonly [pattern: RegExp, flag: string])[] = [
	[/^schedule(\.|$)/, "--schedule"],
	[/^finalRate\.final$/, "--final-rate"],
];

const FORMS = "constant, linear[:FINAL], cosine[:FINAL], step:EVERY[:FACTOR] or milestones:EPOCH,...[:FACTOR]";

/** How learning rates change, from flags. Throws an OptionError for a number out of its range. */
export function scheduleOf(args: Args): FullSchedule {
	const text = args.text("schedule");
	const final = args.number("final-rate");
	if (text !== undefined && final !== undefined) {
		throw new UsageError("--final-rate X is --schedule linear:X: give one of them");
	}
	if (final !== undefined) return fullSchedule({ type: "linear", final }, "finalRate");
	return text === undefined ? USUAL_SCHEDULE : fullSchedule(parse(text));
}

/** A schedule as the command line writes it; its numbers are checked by whom it is for. */
function parse(text: string): object {
	const [type, first, second, ...more] = text.split(":");
	const refused = new UsageError(`--schedule: ${JSON.stringify(text)} is not allowed; allowed: ${FORMS}`);
	const number = (part: string): number => {
		const value = Number(part);
		if (part.trim() === "" || Number.isNaN(value)) throw refused;
		return value;
	};
	const given = (name: string, part: string | undefined) => (part === undefined ? {} : { [name]: number(part) });
	if (more.length > 0) throw refused;
	if (type === "constant" && first === undefined) return { type };
	if ((type === "linear" || type === "cosine") && second === undefined) return { type, ...given("final", first) };
	if (first === undefined) throw refused;
	if (type === "step") return { type, every: number(first), ...given("factor", second) };
	if (type === "milestones") return { type, epochs: first.split(",").map(number), ...given("factor", second) };
	throw refused;
}
