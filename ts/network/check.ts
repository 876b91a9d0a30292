// Checks of options: each names the option, what was given and what is allowed.

import { OptionError } from "../errors.js";

/** An object with no other keys than these; with any where none are given. */
export function object(option: string, given: unknown, keys?: readonly string[]): Record<string, unknown> {
	if (typeof given !== "object" || given === null || Array.isArray(given)) {
		throw new OptionError(option, given, `an object with ${keys?.join(", ") ?? "a type"}`);
	}
	for (const key of keys === undefined ? [] : Object.keys(given)) {
		if (!keys?.includes(key)) throw new OptionError(`${option}.${key}`, "this option", keys?.join(", ") ?? "");
	}
	return given as Record<string, unknown>;
}

/** An integer from `low` to `high`; `fallback` where none is given. */
export function integer(option: string, given: unknown, low: number, high: number, fallback?: number): number {
	if (given === undefined && fallback !== undefined) return fallback;
	if (typeof given === "number" && Number.isInteger(given) && given >= low && given <= high) return given;
	throw new OptionError(option, given, `an integer from ${low} to ${high}`);
}

/** A number from `low` to `high`; `fallback` where none is given. */
export function number(option: string, given: unknown, low: number, high: number, fallback?: number): number {
	if (given === undefined && fallback !== undefined) return fallback;
	// NaN is in no range.
	if (typeof given === "number" && given >= low && given <= high) return given;
	throw new OptionError(option, given, `a number from ${low} to ${high}`);
}

/** One of these words; `fallback` where none is given. */
export function oneOf<T extends string>(option: string, given: unknown, words: readonly T[], fallback?: T): T {
	if (given === undefined && fallback !== undefined) return fallback;
	const found = words.find((word) => word === given);
	if (found === undefined) throw new OptionError(option, given, words.map((word) => `"${word}"`).join(" or "));
	return found;
}

/** True or false; `fallback` where neither is given. */
export function flag(option: string, given: unknown, fallback: boolean): boolean {
	if (given === undefined) return fallback;
	if (typeof given === "boolean") return given;
	throw new OptionError(option, given, "true or false");
}

/** A class's name, other than these. */
export function className(option: string, given: unknown, others: readonly string[]): string {
	if (typeof given === "string" && given !== "" && !others.includes(given)) return given;
	throw new OptionError(option, given, "a name that no other class has");
}

/** A class by its index or name; gives its index. */
export function label(option: string, given: unknown, classes: readonly string[]): number {
	const index = typeof given === "string" ? classes.indexOf(given) : given;
	if (typeof index === "number" && Number.isInteger(index) && index >= 0 && index < classes.length) return index;
	const names = classes.length <= 12 ? ` or ${classes.map((name) => `"${name}"`).join(", ")}` : " or a class's name";
	throw new OptionError(option, given, `an integer from 0 to ${classes.length - 1}${names}`);
}
