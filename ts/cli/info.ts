// `stllr info`: what is in an event file.

import { createHash, type Hash } from "node:crypto";
import type { Events } from "../events/chunk.js";
import { type EventSummary, Summing } from "../events/summary.js";
import { type EventStream, type OnFault, streamEvents } from "../index.js";
import { grouped, percent, short } from "../learning/report.js";
import { type Args, type Command, UsageError } from "./args.js";
import { formatFlag, onFaultFlag, readFormat } from "./files.js";
import { Interrupt } from "./interrupt.js";
import { Screen } from "./screen.js";

/** The command. */
export const command: Command = {
	name: "info",
	usage: "FILE... [options]",
	about: [
		"Says what is in event files: format, sensor, span, rate over time, polarities,",
		"faults. The content tells the format, not the name. `-` reads standard input.",
	],
	flags: [
		formatFlag,
		onFaultFlag,
		{ name: "digest", help: "SHA-256 of all events: u64 us, u16 x, u16 y, u8 polarity, little-endian" },
	],
	run,
};

async function run(args: Args): Promise<number> {
	const files = args.positionals;
	if (files.length === 0) throw new UsageError("info needs a FILE");
	const screen = new Screen(args);
	const interrupt = new Interrupt((line) => screen.note(line));
	const options = { format: readFormat(args), onFault: args.word("on-fault", ["refuse", "skip"]) ?? "refuse" };
	try {
		for (const file of files) {
			const found = await look(file, options, args.has("digest"), screen, interrupt.signal);
			if (found === undefined) break;
			screen.say(...report(file, found, screen));
			screen.json({ file, ...found });
		}
		return interrupt.exitCode;
	} finally {
		interrupt.close();
	}
}

/** What was found of a file. */
interface Found extends EventSummary {
	readonly format: string;
	readonly sensor: { readonly width: number; readonly height: number } | null;
	readonly dropped: number;
	readonly bytes: number;
	readonly digest?: string;
}

async function look(
	file: string,
	{ format, onFault }: { format: ReturnType<typeof readFormat>; onFault: OnFault },
	withDigest: boolean,
	screen: Screen,
	signal: AbortSignal,
): Promise<Found | undefined> {
	const stream = await streamEvents(file === "-" ? process.stdin : file, {
		...(format !== undefined && { format }),
		onFault,
		reuse: true,
	});
	const summing = new Summing();
	const hash = withDigest ? createHash("sha256") : undefined;
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

function showProgress({ length, bytesRead, name }: EventStream, screen: Screen): void {
	if (length === undefined || length < PROGRESS_BYTES) return;
	screen.progress(bytesRead / length, () => `${name ?? "input"}  ${short(bytesRead)} of ${short(length)} bytes`);
}

/** Files that are read at once need no progress. */
const PROGRESS_BYTES = 32 * 2 ** 20;

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

/** A bar for each stretch of time, in eighths of the tallest. */
function chart(counts: readonly number[]): string {
	const most = Math.max(...counts);
	return counts.map((count) => (count === 0 ? " " : "▁▂▃▄▅▆▇█"[Math.ceil((8 * count) / most) - 1])).join("");
}

function seconds(us: number): string {
	return us < 10_000 ? `${us} us` : us < 1e6 ? `${Math.round(us / 1000)} ms` : `${(us / 1e6).toFixed(1)} s`;
}
