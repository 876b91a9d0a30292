// `stllr demo`: gestures before a simulated event camera, learned from nothing while you look on.

import type { LabelledSet } from "../datasets/mod.js";
import { gestureNames, gestureSet, makeGesture } from "../demo/gestures.js";
import { Network, type NetworkSpec } from "../index.js";
import { type Progress, RECENT_ANSWERS } from "../learning/progress.js";
import { confusionTable, duration, grouped, jsonPercent, percent, short } from "../learning/report.js";
import { USUAL_SCHEDULE } from "../learning/schedule.js";
import { type TrainResult, train } from "../learning/trainer.js";
import { type Args, type Command, UsageError } from "./args.js";
import { CountsCheck } from "./counts.js";
import { Interrupt } from "./interrupt.js";
import { bar, strip } from "./picture.js";
import { Screen } from "./screen.js";
import { bitsOf, shapeOf, weightsFlag } from "./spec.js";
import { jsonRate, jsonSeconds, maxMemoryMB } from "./summary.js";

/** The command. */
export const command: Command = {
	name: "demo",
	usage: "[options]",
	about: [
		"Learns six gestures, each shown once, from a simulated event camera, online, and",
		"then tells gestures it has not seen. It needs no data, and takes some seconds.",
	],
	flags: [
		{ name: "seed", value: "N", help: "of the camera, the gestures and the network (1)" },
		{ name: "train", value: "N", help: "gestures to learn (4000)" },
		{ name: "test", value: "N", help: "gestures to test on (1200)" },
		weightsFlag,
	],
	run,
};

/** How often the demo says how it goes. */
const ROWS = 20;
const BAR_WIDTH = 44;

async function run(args: Args): Promise<number> {
	const [more] = args.positionals;
	if (more !== undefined) throw new UsageError(`demo takes options only; what is ${JSON.stringify(more)}?`);
	const seed = args.integer("seed", 0, 0xffffffff, 1);
	const gestures = gestureSet({
		seed,
		train: args.integer("train", 1, 1e6, 4000),
		test: args.integer("test", 1, 1e6, 1200),
	});
	const screen = new Screen(args);
	const spec = { ...specOf(gestures, seed), ...bitsOf(args) };
	const network = await Network.create(spec);
	const interrupt = new Interrupt((line) => screen.note(line));
	const counts = new CountsCheck(gestures);
	introduce(screen, seed, spec, network);
	let row = 0;
	try {
		const result = await train(network, counts.watched(), {
			epochs: 1,
			seed,
			schedule: USUAL_SCHEDULE,
			signal: interrupt.signal,
			onProgress: (progress) => {
				screen.progress(0, () => chartRow(progress));
				const reached = Math.floor((ROWS * progress.done) / progress.total);
				if (reached > row && !progress.isTesting) screen.say(chartRow(progress));
				row = Math.max(row, reached);
			},
		});
		const summary = {
			task: "gestures",
			accuracy: jsonPercent(result.confusion.accuracy),
			accuracyByEpoch: result.epochs.map(({ accuracy }) => jsonPercent(accuracy)),
			countsOnlyAccuracy: jsonPercent(counts.confusion.accuracy),
			recordings: result.learned,
			recordingsPerSecond: jsonRate(result.learned, result.learningSeconds),
			eventsPerSecond: jsonRate(result.events, result.learningSeconds),
			seconds: jsonSeconds(result.seconds),
			bytes: network.memory().total,
			operations: result.operations,
			maxMemoryMB: maxMemoryMB(),
			seed,
			schedule: USUAL_SCHEDULE,
			weightsHash: result.weightsHash,
			...(interrupt.signal.aborted && { interrupted: true }),
		};
		report(screen, result, counts, summary);
		screen.json(summary);
		return interrupt.exitCode;
	} finally {
		interrupt.close();
		network.close();
	}
}

function specOf({ width, height, polarities, classes }: LabelledSet, seed: number): NetworkSpec {
	return {
		input: { width, height, polarities },
		stepUs: 10_000,
		layers: [
			{ type: "recurrent", units: 128 },
			{ type: "readout", classes },
		],
		seed,
	};
}

function introduce(screen: Screen, seed: number, spec: NetworkSpec, network: Network): void {
	const label = gestureNames.indexOf("circle clockwise");
	const { events } = makeGesture({ seed, index: 0, label });
	const seconds = ((events.t.at(-1) ?? 0) / 1e6).toFixed(2);
	const { width, height = 1 } = spec.input;
	screen.say(
		`What the camera sees of one "${gestureNames[label]}": ${events.t.length} events in ${seconds} s`,
		...strip(events, width, height, 3, screen.marks),
		"",
		`A network of ${shapeOf(spec)} (${grouped(network.memory().total)} bytes) sees ${gestureNames.length} gestures, each recording once:`,
		`${gestureNames.join(", ")}.`,
		"It answers, is told the right answer, and learns, step by step, with integers only.",
		"",
		screen.marks.faint(` gestures   right of the last ${RECENT_ANSWERS}`),
	);
}

function chartRow({ done, accuracy }: Progress): string {
	return `${grouped(done).padStart(9)}${percent(accuracy).padStart(11)}  ${bar(accuracy, BAR_WIDTH)}`;
}

function report(
	screen: Screen,
	result: TrainResult,
	counts: CountsCheck,
	summary: { eventsPerSecond: number; bytes: number; seed: number; maxMemoryMB: number },
): void {
	const { marks } = screen;
	const { confusion, learned, total } = result;
	const stopped = learned < total ? [`stopped after ${grouped(learned)} of ${grouped(total)} gestures`, ""] : [];
	const chance = percent(100 / gestureNames.length);
	screen.say(
		"",
		...stopped,
		...confusionTable(confusion, gestureNames, marks),
		"",
		`${marks.strong(percent(confusion.accuracy))} of ${grouped(confusion.total)} gestures it had not seen`,
		`${percent(counts.confusion.accuracy)} by counting events alone (nearest class mean; chance ${chance}): only time tells`,
		`${grouped(learned)} gestures in ${duration(result.seconds)}, tests included; ${short(summary.eventsPerSecond)} events/s while learning`,
		`${short(result.operations)} operations, network ${grouped(summary.bytes)} bytes, process ${summary.maxMemoryMB} MB at most`,
		`seed ${summary.seed}, weights ${result.weightsHash}`,
	);
}
