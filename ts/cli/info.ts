// `stllr info`: what is in an event file.

import { createHash, type Hash } from "node:crypto";
import { statSync } from "node:fs";
import type { Events } from "../events/chunk.js";
import { formatApart, isSound } from "../events/formats.js";
import { openSet, type RecordingSet } from "../events/hdf5/set.js";
import { type EventSummary, Summing } from "../events/summary.js";
import { type EventStream, type OnFault, streamEvents } from "../index.js";
import { grouped, percent, short } from "../learning/report.js";
import { loadEventsModule } from "../wasm/module.js";
import { type Args, type Command, UsageError } from "./args.js";
import { type Choice, choiceFlags, formatFlag, onFaultFlag, readChoice, readFormat } from "./files.js";
import { chart, peek, type Source, seconds } from "./info-parts.js";
import { lookAtSound, soundReport } from "./info-sound.js";
import { Interrupt } from "./interrupt.js";
import { Screen } from "./screen.js";

/** The command. */
export const command: Command = {
	name: "info",
	usage: "FILE... [options]",
	about: [
		"Says what is in event files: format, sensor, span, rate over time, polarities,",
		"faults; of sound (WAV) rate, channels, length, peak. The content tells the",
		"format, not the name. `-` reads standard input.",
	],
	flags: [
		formatFlag,
		onFaultFlag,
		...choiceFlags,
		{ name: "digest", help: "SHA-256 of all events: u64 us, u16 x, u16 y, u8 polarity, little-endian; of sound: i16" },
	],
	run,
};

async function run(args: Args): Promise<number> {
	const files = args.positionals;
	if (files.length === 0) throw new UsageError("info needs a FILE");
	const screen = new Screen(args);
	const interrupt = new Interrupt((line) => screen.note(line));
	const options: Looking = {
		format: readFormat(args),
		onFault: args.word("on-fault", ["refuse", "skip"]) ?? "refuse",
		choice: readChoice(args),
		hash: () => (args.has("digest") ? createHash("sha256") : undefined),
		screen,
		signal: interrupt.signal,
	};
	try {
		for (const file of files) {
			const { source, head } = await peek(file);
			if (options.format === undefined && isSound(head)) {
				const found = await lookAtSound(source, options);
				if (found === undefined) break;
				screen.say(...soundReport(file, found, screen));
				screen.json({ file, ...found });
				continue;
			}
			const found = await look(source, head, options);
			if (found === undefined) break;
			screen.say(...report(file, found, screen));
			screen.json({ file, ...found });
		}
		return interrupt.exitCode;
	} finally {
		interrupt.close();
	}
}

/** How files are looked at. */
interface Looking {
	readonly format: ReturnType<typeof readFormat>;
	readonly onFault: OnFault;
	readonly choice: Choice;
	readonly hash: () => Hash | undefined;
	readonly screen: Screen;
	readonly signal: AbortSignal;
}

/** What was found of a file. */
interface Found extends EventSummary {
	readonly format: string;
	readonly sensor: { readonly width: number; readonly height: number } | null;
	readonly dropped: number;
	readonly bytes: number;
	/** Of a file that is a set of recordings. */
	readonly recordings?: number;
	/** How many recordings bear each label. */
	readonly labels?: Readonly<Record<string, number>>;
	readonly digest?: string;
}

async function look(source: Source, head: Uint8Array, options: Looking): Promise<Found | undefined> {
	const { format = formatApart(head), onFault, choice, screen, signal } = options;
	if (format === "hdf5" && typeof source === "string" && Object.keys(choice).length === 0) {
		const set = await openSet(await loadEventsModule(), source, onFault);
		if (set !== undefined) return lookAtSet(source, set, options);
	}
	const given = options.format === undefined ? {} : { format: options.format };
	const stream = await streamEvents(source, { ...choice, ...given, onFault, reuse: true });
	const summing = new Summing();
	const hash = options.hash();
	for await (const chunk of stream) {
		if (signal.aborted) return undefined;
		summing.add(chunk);
		if (hash !== undefined) addTo(hash, chunk);
		showProgress(stream, screen);
	}
	return {
		format: stream.format,
		sensor: stream.sensor ?? null,
		dropped: stream.dropped,
		bytes: stream.bytesRead,
		...summing.summary(),
		...(hash !== undefined && { digest: hash.digest("hex") }),
	};
}

/** All recordings of a set, in their order. */
function lookAtSet(path: string, set: RecordingSet, { hash: hashOf, screen, signal }: Looking): Found | undefined {
	const summing = new Summing();
	const hash = hashOf();
	try {
		for (let recording = 0; recording < set.count; recording += 1) {
			if (signal.aborted) return undefined;
			summing.next();
			for (const chunk of set.chunks(recording)) {
				summing.add(chunk);
				if (hash !== undefined) addTo(hash, chunk);
			}
			if (set.count < PROGRESS_RECORDINGS) continue;
			screen.progress(
				recording / set.count,
				() => `${path}  ${grouped(recording)} of ${grouped(set.count)} recordings`,
			);
		}
		const labels: Record<string, number> = {};
		for (const label of set.labels()) labels[label] = (labels[label] ?? 0) + 1;
		return {
			format: "hdf5",
			sensor: null,
			dropped: set.dropped,
			bytes: statSync(path).size,
			recordings: set.count,
			labels,
			...summing.summary(),
			...(hash !== undefined && { digest: hash.digest("hex") }),
		};
	} finally {
		set.file.close();
	}
}

function showProgress({ length, bytesRead, name }: EventStream, screen: Screen): void {
	if (length === undefined || length < PROGRESS_BYTES) return;
	screen.progress(bytesRead / length, () => `${name ?? "input"}  ${short(bytesRead)} of ${short(length)} bytes`);
}

/** Files that are read at once need no progress. */
const PROGRESS_BYTES = 32 * 2 ** 20;
const PROGRESS_RECORDINGS = 500;

function addTo(hash: Hash, { t, x, y, p }: Events): void {
	const bytes = new DataView(new ArrayBuffer(13 * t.length));
	for (const [at, us] of t.entries()) {
		bytes.setUint32(13 * at, us % 2 ** 32, true);
		bytes.setUint32(13 * at + 4, Math.floor(us / 2 ** 32), true);
		bytes.setUint16(13 * at + 8, x[at] as number, true);
		bytes.setUint16(13 * at + 10, y[at] as number, true);
		bytes.setUint8(13 * at + 12, p[at] as number);
	}
	hash.update(bytes);
}

function report(file: string, found: Found, { marks }: Screen): string[] {
	const { events, sensor, width, height, polarities, backwards, dropped, earliestUs, latestUs, digest } = found;
	const row = (name: string, text: string) => `  ${marks.faint(name.padEnd(11))}${text}`;
	const lines = [marks.strong(file), row("format", `${found.format}, ${grouped(found.bytes)} bytes`)];
	const stated = sensor === null ? "not stated" : `${sensor.width} x ${sensor.height}`;
	lines.push(row("sensor", `${stated}${events === 0 ? "" : `; events within ${width} x ${height}`}`));
	if (found.recordings !== undefined) {
		const classes = Object.keys(found.labels ?? {}).length;
		lines.push(
			row("recordings", `${grouped(found.recordings)}${classes > 0 ? `, ${classes} labels` : ""}; all of them:`),
		);
	}
	lines.push(row("events", grouped(events)));
	if (events > 0) {
		const spanUs = latestUs - earliestUs;
		lines.push(row("span", `${seconds(spanUs)}, from ${grouped(earliestUs)} to ${grouped(latestUs)} us`));
		if (spanUs > 0) lines.push(row("rate", `${short((1e6 * events) / spanUs)} events/s ${peak(found)}`));
		lines.push(row("", chart(found.rate.counts)));
		const shares = polarities.map((count, p) => ({ p, share: (100 * count) / events }));
		const few = shares.length <= 8 ? shares.map(({ p, share }) => `${p}: ${percent(share)}`).join(", ") : undefined;
		lines.push(row("polarity", few ?? `${polarities.filter((count) => count > 0).length} channels`));
	}
	const faults = [
		...(dropped > 0 ? [`${grouped(dropped)} records dropped`] : []),
		...(backwards > 0 ? [`${grouped(backwards)} times go back`] : []),
	];
	lines.push(row("faults", faults.length === 0 ? "none" : marks.bad(faults.join(", "))));
	if (digest !== undefined) lines.push(row("digest", digest));
	return [...lines, ""];
}

function peak({ rate: { binUs, counts } }: Found): string {
	return `(at most ${short((1e6 * Math.max(...counts)) / binUs)} over ${seconds(binUs)})`;
}
