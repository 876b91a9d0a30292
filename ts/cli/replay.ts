// `stllr replay`: a recorded session once more, for people, for another program, or for a network.

import type { Events } from "../events/chunk.js";
import { Network } from "../index.js";
import { grouped } from "../learning/report.js";
import { openReplay, type Replay } from "../sensors/node.js";
import { type Args, type Command, UsageError } from "./args.js";
import { Interrupt } from "./interrupt.js";
import { inNetwork, networkOf } from "./network.js";
import { Screen } from "./screen.js";
import { noteAll } from "./told.js";

/** The command. */
export const command: Command = {
	name: "replay",
	usage: "FILE [options]",
	about: [
		"Replays what `stllr record` or a program has recorded: says what happened, and",
		"gives the events to another program (--csv) or to a network (--network), which",
		"learns from the labels that were recorded: the same session gives the same",
		"bytes of weights as it gave live.",
	],
	flags: [
		{ name: "speed", value: "X", help: "times as fast as it was, or max (1; with --network max)" },
		{ name: "csv", help: "events as lines on stdout: t,x,y,p" },
		{ name: "network", value: "NETWORK", help: "a spec's file, or a network's name" },
		{ name: "every-us", value: "US", help: "an answer each so many us (32 time steps)" },
		{ name: "on-fault", value: "WHAT", help: "at damage: refuse, or skip the rest and count it (refuse)" },
	],
	named: [
		[/^speed$/, "--speed"],
		[/^everyUs$/, "--every-us"],
	],
	run,
};

async function run(args: Args): Promise<number> {
	const [file, more] = args.positionals;
	if (file === undefined) throw new UsageError("replay needs a FILE");
	if (more !== undefined) throw new UsageError(`replay takes one file; what is ${JSON.stringify(more)}?`);
	const given = args.text("network");
	if (given !== undefined && args.has("csv")) throw new UsageError("--csv and --network do not go together");
	if (args.has("csv") && args.has("json")) throw new UsageError("--csv and --json do not go together");
	const everyUs = args.number("every-us");
	const spec = given === undefined ? undefined : networkOf(given);
	const speed = args.text("speed") === "max" ? "max" : (args.number("speed") ?? (spec === undefined ? 1 : "max"));
	const network =
		spec === undefined || given === undefined ? undefined : await inNetwork(given, () => Network.create(spec));
	const replay = await openReplay(file, { speed, onFault: args.word("on-fault", ["refuse", "skip"]) ?? "refuse" });
	const screen = new Screen(args);
	const interrupt = new Interrupt((line) => screen.note(line));
	interrupt.signal.addEventListener("abort", () => void replay.close());
	const noting = noteAll(replay.status(), (line) => screen.note(line));
	const show = () => screen.progress(replay.bytesRead / replay.length, () => `${grouped(replay.counts.given)} events`);
	try {
		if (network !== undefined) await follow(network, replay, everyUs, screen, show);
		else await read(replay, args.has("csv"), show);
	} finally {
		interrupt.close();
		await replay.close();
		await noting;
	}
	const cut = replay.isCut && interrupt.exitCode === 0;
	if (cut) screen.note(`${file}: the recording is cut; ${grouped(replay.lostBytes)} bytes behind the last sound frame`);
	const { counts, recorded, about } = replay;
	if (!args.has("csv")) {
		const from = `${about.source}${about.label === undefined ? "" : `, label ${about.label}`}`;
		screen.say(`${file}: ${grouped(counts.given)} events of ${from}`);
		if (network !== undefined) screen.say(`weights ${network.weightsHash()}`);
	}
	screen.json({
		file,
		...about,
		events: counts.given,
		isCut: replay.isCut,
		lostBytes: replay.lostBytes,
		recorded: recorded ?? null,
		...(network !== undefined && { weightsHash: network.weightsHash() }),
	});
	network?.close();
	return interrupt.exitCode;
}

async function follow(
	network: Network,
	replay: Replay,
	everyUs: number | undefined,
	screen: Screen,
	show: () => void,
): Promise<void> {
	const options = { labels: replay.labels, onFault: "skip" as const, ...(everyUs !== undefined && { everyUs }) };
	for await (const { us, name, learned } of network.follow(replay, options)) {
		const taught = learned === undefined ? "" : `, learned ${network.spec.readout.classes[learned] ?? learned}`;
		screen.say(`${(us / 1e6).toFixed(2)} s: ${name}${taught}`);
		show();
	}
}

async function read(replay: Replay, isCsv: boolean, show: () => void): Promise<void> {
	if (isCsv) process.stdout.write("t,x,y,p\n");
	for await (const events of replay) {
		// Whoever reads the lines slowly is waited for.
		if (isCsv && !process.stdout.write(linesOf(events))) {
			await new Promise((resolve) => process.stdout.once("drain", resolve));
		}
		show();
	}
}

function linesOf({ t, x, y, p }: Events): string {
	const lines: string[] = [];
	for (let index = 0; index < t.length; index += 1) lines.push(`${t[index]},${x[index]},${y[index]},${p[index]}\n`);
	return lines.join("");
}
