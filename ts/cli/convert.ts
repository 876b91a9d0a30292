// `stllr convert`: an event file in another format.

import { open, rename, rm } from "node:fs/promises";
import type { Filter } from "../encode/filters.js";
import { pipe, type Removed } from "../encode/pipe.js";
import type { Events } from "../events/chunk.js";
import { type EventSummary, Summing } from "../events/summary.js";
import { type EventFormat, type OnFault, streamEvents, writeEvents, writeFormats } from "../index.js";
import { grouped } from "../learning/report.js";
import { type Args, type Command, UsageError } from "./args.js";
import { type Choice, choiceFlags, formatFlag, onFaultFlag, readChoice, readFormat } from "./files.js";
import { describeRemoved, filterFlags, filterNames, readFilters } from "./filtering.js";
import { Interrupt } from "./interrupt.js";
import { Screen } from "./screen.js";

/** The command. */
export const command: Command = {
	name: "convert",
	usage: "FROM TO [options]",
	about: [
		"Writes an event file in another format. What the other format cannot keep is an",
		"error, and TO stays as it was: nothing is lost in silence. FROM is read twice,",
		"for .npz six times, and once more where filters are asked for. They are applied",
		"in the order in which they stand here, and what each leaves out is counted.",
		`TO's ending tells the format: ${writeFormats.map((name) => `.${name}`).join(", ")}.`,
	],
	flags: [
		formatFlag,
		{ name: "to", value: "NAME", help: `the format of TO, where its ending does not tell: ${writeFormats.join(", ")}` },
		{ name: "from-zero", help: "times count from the earliest event's" },
		...filterFlags,
		...choiceFlags,
		onFaultFlag,
	],
	named: filterNames,
	run,
};

async function run(args: Args): Promise<number> {
	const [from, to, more] = args.positionals;
	if (from === undefined || to === undefined) throw new UsageError("convert needs FROM and TO");
	if (more !== undefined) throw new UsageError(`convert takes one file; what is ${JSON.stringify(more)}?`);
	const format = readFormat(args);
	const written = args.word("to", writeFormats) ?? writeFormats.find((name) => to.toLowerCase().endsWith(`.${name}`));
	if (written === undefined) throw new UsageError(`${to}: its ending tells no format; --to ${writeFormats.join("|")}`);
	const reading: Reading = {
		path: from,
		format,
		onFault: args.word("on-fault", ["refuse", "skip"]) ?? "refuse",
		choice: readChoice(args),
	};
	// What is wrong with the flags is told before a long file is read.
	readFilters(args, { width: 1, height: 1 });
	const screen = new Screen(args);
	const interrupt = new Interrupt((line) => screen.note(line));
	try {
		const pass = new Pass(reading, screen, interrupt.signal);
		const found = await pass.first();
		const { dropped } = found;
		const { filters, sensor } = readFilters(args, found.sensor);
		const { summary, removed } = filters.length > 0 ? await pass.filtered(filters) : { ...found, removed: [] };
		const shiftUs = args.has("from-zero") ? summary.earliestUs : 0;
		const bytes = await writeFile(
			to,
			writeEvents(pass.second(filters, shiftUs), written, { sensor }),
			interrupt.signal,
		);
		if (bytes === undefined) {
			screen.note(`stopped; ${to} is as it was`);
			return interrupt.exitCode;
		}
		const lost = dropped > 0 ? `; ${grouped(dropped)} faulty records dropped` : "";
		screen.say(`${to}: ${written}, ${grouped(summary.events)} events, ${grouped(bytes)} bytes${lost}`);
		for (const part of removed) screen.say(`  ${describeRemoved(part)}`);
		screen.json({ from, to, format: written, events: summary.events, bytes, dropped, removed, sensor, shiftUs });
		return 0;
	} finally {
		interrupt.close();
	}
}

/** What is read and how. */
interface Reading {
	readonly path: string;
	readonly format: EventFormat | undefined;
	readonly onFault: OnFault;
	readonly choice: Choice;
}

/** Readings of a file: one to see what is in it, one to see what filters leave of that, and one to write it. */
class Pass {
	readonly #reading: Reading;
	readonly #screen: Screen;
	readonly #signal: AbortSignal;

	constructor(reading: Reading, screen: Screen, signal: AbortSignal) {
		this.#reading = reading;
		this.#screen = screen;
		this.#signal = signal;
	}

	async first(): Promise<{ summary: EventSummary; sensor: { width: number; height: number }; dropped: number }> {
		const stream = await this.#open();
		const summing = new Summing();
		for await (const chunk of stream) {
			if (this.#signal.aborted) break;
			summing.add(chunk);
			this.#progress("looking", stream.bytesRead, stream.length);
		}
		const summary = summing.summary();
		// A header may state less than its events need.
		const width = Math.max(1, stream.sensor?.width ?? 0, summary.width);
		const height = Math.max(1, stream.sensor?.height ?? 0, summary.height);
		return { summary, sensor: { width, height }, dropped: stream.dropped };
	}

	/** What filters leave of it. */
	async filtered(filters: readonly Filter[]): Promise<{ summary: EventSummary; removed: readonly Removed[] }> {
		const filtering = pipe(this.#read("filtering"), filters);
		const summing = new Summing();
		for await (const chunk of filtering) summing.add(chunk);
		return { summary: summing.summary(), removed: filtering.removed };
	}

	/** The chunks that are written, which can be gone over again. */
	second(filters: readonly Filter[], shiftUs: number): AsyncIterable<Events> {
		return { [Symbol.asyncIterator]: () => this.#shifted(filters, shiftUs) };
	}

	async *#shifted(filters: readonly Filter[], shiftUs: number): AsyncGenerator<Events> {
		const read = this.#read("writing");
		for await (const chunk of filters.length > 0 ? pipe(read, filters) : read) {
			if (shiftUs > 0) for (const at of chunk.t.keys()) (chunk.t[at] as number) -= shiftUs;
			yield chunk;
		}
	}

	async *#read(what: string): AsyncGenerator<Events> {
		const stream = await this.#open();
		for await (const chunk of stream) {
			if (this.#signal.aborted) return;
			yield chunk;
			this.#progress(what, stream.bytesRead, stream.length);
		}
	}

	#open() {
		const { path, format, onFault, choice } = this.#reading;
		return streamEvents(path, { ...choice, ...(format !== undefined && { format }), onFault, reuse: true });
	}

	#progress(what: string, done: number, all: number | undefined): void {
		if (all === undefined || all < PROGRESS_BYTES) return;
		this.#screen.progress(done / all, () => `${what}  ${Math.floor((100 * done) / all)} %`);
	}
}

/** Files that are read at once need no progress. */
const PROGRESS_BYTES = 32 * 2 ** 20;

/** Writes a file beside its place and moves it there when it is whole. Nothing where it was stopped. */
async function writeFile(
	path: string,
	parts: AsyncIterable<Uint8Array>,
	signal: AbortSignal,
): Promise<number | undefined> {
	const beside = `${path}.${process.pid}.part`;
	const file = await open(beside, "wx");
	let bytes = 0;
	try {
		for await (const part of parts) {
			await file.writeFile(part);
			bytes += part.length;
		}
		await file.sync();
		await file.close();
		if (signal.aborted) return undefined;
		await rename(beside, path);
		return bytes;
	} finally {
		await file.close().catch(() => undefined);
		await rm(beside, { force: true });
	}
}
