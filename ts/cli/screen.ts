// Where a command writes: results to stdout, what it is doing to stderr; plain text where no terminal listens.

import { type Marks, plainMarks } from "../learning/report.js";
import type { Args } from "./args.js";

/** The most often that the progress line is written anew. */
const REFRESH_MS = 100;

/** The output of a command. */
export class Screen {
	readonly #json: boolean;
	readonly #quiet: boolean;
	readonly #isLive: boolean;
	#line = "";
	#written = 0;
	#tenth = 0;
	/** How to mark what `say` prints. */
	readonly marks: Marks;

	constructor(args: Args) {
		this.#json = args.has("json");
		this.#quiet = args.has("quiet");
		this.#isLive = process.stderr.isTTY === true && process.env.TERM !== "dumb";
		const target = this.#json ? process.stderr : process.stdout;
		this.marks = target.isTTY && process.env.TERM !== "dumb" && !process.env.NO_COLOR ? colours : plainMarks;
	}

	/** Lines of the report: on stdout, or on stderr where stdout is for JSON. */
	say(...lines: readonly string[]): void {
		if (this.#json && this.#quiet) return;
		this.#clear();
		const target = this.#json ? process.stderr : process.stdout;
		target.write(lines.map((line) => `${line}\n`).join(""));
	}

	/** The line for programs. */
	json(result: object): void {
		this.#clear();
		if (this.#json) process.stdout.write(`${JSON.stringify(result)}\n`);
	}

	/** A line about what is going on. */
	note(line: string): void {
		if (this.#quiet) return;
		this.#clear();
		process.stderr.write(`${line}\n`);
	}

	/**
	 * How far it has come: on a terminal a line that is written over and over, else a line at each tenth of the way.
	 *
	 * @param part from 0 to 1
	 */
	progress(part: number, text: () => string): void {
		if (this.#quiet) return;
		if (!this.#isLive) {
			const tenth = Math.floor(10 * part + 1e-9);
			if (tenth > this.#tenth) process.stderr.write(`${text()}\n`);
			this.#tenth = tenth;
			return;
		}
		const now = performance.now();
		if (now - this.#written < REFRESH_MS) return;
		this.#written = now;
		this.#line = text().slice(0, (process.stderr.columns || 80) - 1);
		process.stderr.write(`\r\x1b[2K${this.#line}`);
	}

	/** Takes the progress line away. */
	#clear(): void {
		if (this.#line !== "") process.stderr.write("\r\x1b[2K");
		this.#line = "";
	}
}

const colours: Marks = {
	strong: (text) => `\x1b[1m${text}\x1b[22m`,
	faint: (text) => `\x1b[2m${text}\x1b[22m`,
	good: (text) => `\x1b[32m${text}\x1b[39m`,
	bad: (text) => `\x1b[33m${text}\x1b[39m`,
};
