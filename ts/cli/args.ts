// Commands and their flags as data: the parser and the help are made from the same list.

import { parseArgs } from "node:util";

/** A flag of a command. */
export interface Flag {
	readonly name: string;
	/** What stands for its value in the help; a flag without it is true or absent. */
	readonly value?: string;
	readonly short?: string;
	readonly help: string;
}

/** A command of the program. */
export interface Command {
	readonly name: string;
	/** What comes after its name. */
	readonly usage: string;
	/** What it does; lines of at most 80 characters. */
	readonly about: readonly string[];
	readonly flags: readonly Flag[];
	/** The options of the library, by pattern, that errors are to name as the flags that set them. */
	readonly named?: readonly (readonly [pattern: RegExp, flag: string])[];
	/** Returns the exit code. */
	readonly run: (args: Args) => Promise<number>;
}

/** A mistake in how the program was called: one line, and exit code 2. */
export class UsageError extends Error {}

/** The flags that all commands share. */
export const commonFlags: readonly Flag[] = [
	{ name: "json", help: "one JSON line on stdout; what is for people goes to stderr" },
	{ name: "quiet", short: "q", help: "no progress; with --json no report either" },
	{ name: "debug", help: "errors with their stack" },
	{ name: "help", short: "h", help: "this text" },
];

/** What a command was called with. */
export class Args {
	readonly positionals: readonly string[];
	readonly #values: Readonly<Record<string, unknown>>;

	constructor(values: Readonly<Record<string, unknown>>, positionals: readonly string[]) {
		this.#values = values;
		this.positionals = positionals;
	}

	has(name: string): boolean {
		return this.#values[name] !== undefined;
	}

	text(name: string): string | undefined {
		const value = this.#values[name];
		return typeof value === "string" ? value : undefined;
	}

	/** A number; its range is checked by whom it is for. */
	number(name: string): number | undefined {
		const text = this.text(name);
		if (text === undefined) return undefined;
		const value = Number(text);
		if (text.trim() === "" || Number.isNaN(value)) {
			throw new UsageError(`--${name}: ${JSON.stringify(text)} is not allowed; allowed: a number`);
		}
		return value;
	}

	/** An integer from `least` to `most`; `fallback` where none is given. */
	integer(name: string, least: number, most: number, fallback: number): number {
		const value = this.number(name) ?? fallback;
		if (Number.isInteger(value) && value >= least && value <= most) return value;
		throw new UsageError(`--${name}: ${value} is not allowed; allowed: an integer from ${least} to ${most}`);
	}

	/** One of these words. */
	word<T extends string>(name: string, words: readonly T[]): T | undefined {
		const text = this.text(name);
		const found = words.find((word) => word === text);
		if (text === undefined || found !== undefined) return found;
		throw new UsageError(`--${name}: ${JSON.stringify(text)} is not allowed; allowed: ${words.join(" or ")}`);
	}
}

/** Reads what comes after a command's name. */
export function readArgs(command: Command, args: readonly string[]): Args {
	const flags = [...command.flags, ...commonFlags];
	const options = Object.fromEntries(
		flags.map(({ name, value, short }) => [
			name,
			{ type: value === undefined ? ("boolean" as const) : ("string" as const), ...(short && { short }) },
		]),
	);
	try {
		const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
		return new Args(values, positionals);
	} catch (cause) {
		// Node's message goes on to tell of "--", which hardly ever helps.
		const [message] = (cause instanceof Error ? cause.message : String(cause)).split(/\. |\n/);
		throw new UsageError(`${message}; \`stllr ${command.name} --help\` lists the options`);
	}
}

/** The help of a command. */
export function helpOf(command: Command): string {
	const flags = [...command.flags, ...commonFlags].map((flag) => {
		const short = flag.short === undefined ? "" : `-${flag.short}, `;
		const value = flag.value === undefined ? "" : ` ${flag.value}`;
		return { left: `${short}--${flag.name}${value}`, right: flag.help };
	});
	const width = Math.max(...flags.map(({ left }) => left.length)) + 2;
	return [
		`Usage: stllr ${command.name} ${command.usage}`.trimEnd(),
		"",
		...command.about,
		"",
		"Options:",
		...flags.map(({ left, right }) => `  ${left.padEnd(width)}${right}`),
		"",
	].join("\n");
}
