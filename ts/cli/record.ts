// `stllr record`: a live source into a file, with all that happened to it.

import { grouped, short } from "../learning/report.js";
import { openSource, type Recorder, recordSource } from "../sensors/node.js";
import { type Args, type Command, UsageError } from "./args.js";
import { readFormat } from "./files.js";
import { Interrupt } from "./interrupt.js";
import { Screen } from "./screen.js";
import { noteAll } from "./told.js";

/** The command. */
export const command: Command = {
	name: "record",
	usage: "SOURCE FILE [options]",
	about: [
		"Records a live source until Ctrl-C: events, when they came, what happened.",
		"`stllr replay` gives it all again. One that is cut off can be replayed up to a",
		"fifth of a second before. SOURCE, with its options behind a `?`:",
		"",
		"  udp://127.0.0.1:3333?format=spif       datagrams sent to this port",
		"  tcp://HOST:7777?format=dv              a server: DV, or raw (evt3 ...)",
		"  unix:/tmp/dv.sock?format=dv            the same by a Unix socket",
		"  serial:/dev/ttyUSB0?format=edvs4       a serial line; baud=N",
		"  mqtt://HOST/TOPIC?format=json&x=col    messages; see docs/sensors.md",
		"  ws://HOST/PATH?format=text             messages of a WebSocket",
		"  -                                      standard input, with --format",
		"",
		"All of them: queue=oldest|newest|steps|wait, queueEvents=N, clock=wall|events,",
		"time=sensor|arrival, late=drop|move, onFault=skip|refuse, and more there.",
	],
	flags: [
		{ name: "format", value: "NAME", help: "the format, where SOURCE does not say it: for `-`" },
		{ name: "label", value: "NAME", help: "the class that all of it shows" },
		{ name: "seconds", value: "N", help: "stop after so long" },
		{ name: "events", value: "N", help: "stop after so many events" },
	],
	run,
};

async function run(args: Args): Promise<number> {
	const [from, to, more] = args.positionals;
	if (from === undefined || to === undefined) throw new UsageError("record needs a SOURCE and a FILE");
	if (more !== undefined) throw new UsageError(`record takes one source; what is ${JSON.stringify(more)}?`);
	const [mostEvents, seconds] = [args.number("events"), args.number("seconds")];
	for (const [name, value] of Object.entries({ events: mostEvents, seconds })) {
		if (value !== undefined && !(value > 0))
			throw new UsageError(`--${name}: ${value} is not allowed; allowed: above 0`);
	}
	const screen = new Screen(args);
	const format = readFormat(args);
	const source = await openSource(from, format === undefined ? {} : { format });
	const label = args.text("label");
	let recorder: Recorder;
	try {
		recorder = recordSource(source, to, label === undefined ? {} : { label });
	} catch (cause) {
		await source.close();
		throw cause;
	}
	const noting = noteAll(recorder.status(), (line) => screen.note(line));
	const interrupt = new Interrupt((line) => screen.note(line));
	const stop = () => void recorder.close().catch(() => undefined);
	interrupt.signal.addEventListener("abort", stop);
	const alarm = seconds === undefined ? undefined : setTimeout(stop, 1000 * seconds);
	try {
		for await (const _ of recorder) {
			const { given } = recorder.counts;
			screen.progress(0, () => `${grouped(given)} events, ${short(recorder.bytes)} bytes`);
			if (mostEvents !== undefined && given >= mostEvents) break;
		}
	} finally {
		clearTimeout(alarm);
		interrupt.close();
		await recorder.close();
		await noting;
	}
	const { counts } = recorder;
	screen.say(`${to}: ${grouped(counts.given)} events, ${grouped(recorder.bytes)} bytes${lossOf(counts)}`);
	screen.json({ source: recorder.name, file: to, bytes: recorder.bytes, counts });
	// To stop it is how it is meant to end.
	return 0;
}

function lossOf(counts: Recorder["counts"]): string {
	const losses = [
		[counts.overflowed, "dropped as the queue was full"],
		[counts.late, "dropped as they came late"],
		[counts.waiting, "left in the queue"],
		[counts.faults, "faulty records"],
		[counts.lost, "messages lost"],
		[counts.unread, "messages not read"],
	] as const;
	return losses.map(([count, what]) => (count > 0 ? `; ${grouped(count)} ${what}` : "")).join("");
}
