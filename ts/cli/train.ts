// `stllr train`: learns labelled recordings online, one at a time, and says how well.

import { basename } from "node:path";
import type { LabelledSet } from "../datasets/mod.js";
import { DatasetError, Network, type NetworkSpec } from "../index.js";
import { Confusion } from "../learning/confusion.js";
import type { Progress } from "../learning/progress.js";
import { confusionTable, duration, epochTable, grouped, jsonPercent, percent, short } from "../learning/report.js";
import type { FullSchedule } from "../learning/schedule.js";
import { type EpochResult, type TrainOptions, type TrainResult, train } from "../learning/trainer.js";
import { crossValidate } from "../learning/validate.js";
import { type Args, type Command, UsageError } from "./args.js";
import { COLLECT_EVERY, collect, HOLD_BYTES } from "./heap.js";
import { Interrupt } from "./interrupt.js";
import { modelStore } from "./model.js";
import { writeRecipe } from "./recipe.js";
import { scheduleAbout, scheduleFlags, scheduleNames, scheduleOf } from "./schedule.js";
import { Screen } from "./screen.js";
import { datasetFlag, openRecordings, readDataset } from "./sets.js";
import { shapeOf, specFlags, specNames, specOf, usualFor } from "./spec.js";
import { jsonRate, jsonSeconds, maxMemoryMB, memoryMB, taskOf } from "./summary.js";

/** The command. */
export const command: Command = {
	name: "train",
	usage: "PATH [options]",
	about: [
		"Learns labelled recordings online, one at a time, and tests after each epoch.",
		"PATH is a zip or a folder: train.csv and test.csv beside .bs2 or .bin files, or",
		"Train/CLASS/*.bin and Test/CLASS/*.bin as N-MNIST unpacks to; with --dataset it",
		"is the folder of that dataset's original (an unknown name lists the known ones).",
		"Ctrl-C stops it with the result so far (exit code 130). The same seed gives the",
		"same weights on every machine. Defaults are in brackets; N-MNIST is known by its",
		"sensor of 34 x 34 and has some of its own.",
		...scheduleAbout,
	],
	flags: [
		datasetFlag,
		{ name: "epochs", value: "N", help: "how often to learn each recording (10)" },
		{ name: "seed", value: "N", help: "of weights, dither and order (1)" },
		{ name: "folds", value: "K", help: "cross-validate: K runs over all recordings" },
		...specFlags,
		...scheduleFlags,
		{ name: "shift", value: "N", help: "move each recording by up to N pixels (0; N-MNIST: 2)" },
		{ name: "on-fault", value: "WHAT", help: "at bad events: refuse or skip (refuse)" },
		{ name: "out", value: "FILE", help: "write the network, after each epoch and at the end" },
		{ name: "recipe", value: "FILE", help: "write what `stllr eval` needs to repeat the run" },
	],
	named: [...specNames, ...scheduleNames],
	run,
};

async function run(args: Args): Promise<number> {
	const [path, more] = args.positionals;
	if (path === undefined) throw new UsageError("train needs the PATH of labelled recordings");
	if (more !== undefined) throw new UsageError(`train takes one PATH; what is ${JSON.stringify(more)}?`);
	const recipe = args.text("recipe");
	const folds = args.number("folds");
	const out = args.text("out");
	if (recipe !== undefined && folds !== undefined) throw new UsageError("--recipe goes with one run, not with --folds");
	if (out !== undefined && folds !== undefined) throw new UsageError("--out goes with one run, not with --folds");

	const screen = new Screen(args);
	const onFault = args.word("on-fault", ["refuse", "skip"]) ?? "refuse";
	const schedule = scheduleOf(args);
	const named = readDataset(args);
	const set = await openRecordings(path, named, { onFault, holdBytes: HOLD_BYTES });
	const seed = args.integer("seed", 0, 0xffffffff, 1);
	const spec = specOf(args, set, seed);
	if (folds === undefined && set.test.length === 0) {
		throw new DatasetError(`${path}: there is nothing to test on; --folds K tests on parts of all recordings`);
	}
	const shift = args.number("shift") ?? usualFor(set).shift;
	const interrupt = new Interrupt((line) => screen.note(line));
	const memoryByEpochMB: number[] = [];
	const options = {
		epochs: args.number("epochs") ?? 10,
		seed,
		schedule,
		shift,
		onFault,
		signal: interrupt.signal,
		onProgress: (progress: Progress) => {
			if (progress.done % COLLECT_EVERY === 0) collect();
			screen.progress(progress.done / progress.total, () => progressLine(progress, options.epochs, folds));
		},
		onEpoch: () => memoryByEpochMB.push(memoryMB()),
	} satisfies TrainOptions;
	const bytes = (await Network.memory(spec)).total;
	screen.note(describe(set, spec, bytes));
	try {
		const results =
			folds === undefined
				? [await single(spec, set, options, out, screen)]
				: await crossValidate(spec, set, folds, options, (result, fold) => {
						screen.note(`fold ${fold} of ${folds}: ${percent(result.confusion.accuracy)}`);
					});
		const { aborted: interrupted } = interrupt.signal;
		const summary = summarise(results, folds, set, { bytes, seed, schedule, memoryByEpochMB, interrupted });
		report(screen, summary, results, set, options.epochs * recordingsOf(set, folds));
		const [result] = results;
		if (recipe !== undefined && result !== undefined) {
			const { epochs } = options;
			const { learned, weightsHash } = result;
			writeRecipe(recipe, {
				data: path,
				...(named && { dataset: named }),
				spec,
				epochs,
				seed,
				schedule,
				shift,
				onFault,
				learned,
				weightsHash,
			});
			screen.note(`wrote ${recipe}`);
		}
		screen.json(summary);
		return interrupt.exitCode;
	} finally {
		interrupt.close();
		set.close?.();
	}
}

async function single(
	spec: NetworkSpec,
	set: LabelledSet,
	options: TrainOptions,
	out: string | undefined,
	screen: Screen,
): Promise<TrainResult> {
	const network = await Network.create(spec);
	const store = out === undefined ? undefined : modelStore(out, (line) => screen.note(line));
	const save = async () => store?.write(await network.save());
	// A disk that is full is told at once, and learning goes on; the last save is the one that counts.
	const saving: Promise<void>[] = [];
	const failed = (error: unknown) => screen.note(`not saved: ${error instanceof Error ? error.message : error}`);
	const onEpoch = (epoch: EpochResult) => {
		options.onEpoch?.(epoch);
		saving.push(save().catch(failed));
	};
	try {
		const result = await train(network, set, { ...options, onEpoch });
		await Promise.all(saving);
		await save();
		if (out !== undefined) screen.note(`wrote ${out}`);
		return result;
	} finally {
		network.close();
	}
}

/** How many recordings an epoch has, over all folds: each is learned from in all folds but its own. */
function recordingsOf({ train, test }: LabelledSet, folds: number | undefined): number {
	return folds === undefined ? train.length : (train.length + test.length) * (folds - 1);
}

function describe(set: LabelledSet, spec: NetworkSpec, bytes: number): string {
	const sizes = `${grouped(set.train.length)} recordings to learn, ${grouped(set.test.length)} to test`;
	return `${basename(set.name)}: ${sizes}, ${set.classes.length} classes; network ${shapeOf(spec)}, ${grouped(bytes)} bytes`;
}

function progressLine(progress: Progress, epochs: number, folds: number | undefined): string {
	const fold = folds === undefined ? "" : `fold ${progress.fold}/${folds} `;
	const doing = progress.isTesting ? "testing" : `${grouped(progress.perSecond)} recordings/s`;
	const done = `${grouped(progress.done)}/${grouped(progress.total)}`;
	return `${fold}epoch ${progress.epoch}/${epochs}  ${done}  ${doing}  accuracy ${percent(progress.accuracy)}  left ${duration(progress.secondsLeft)}`;
}

/** What a report says of a run besides its results. */
interface Conditions {
	readonly bytes: number;
	readonly seed: number;
	readonly schedule: FullSchedule;
	readonly memoryByEpochMB: readonly number[];
	readonly interrupted: boolean;
}

/** The JSON line. */
type Summary = ReturnType<typeof summarise>;

function summarise(
	results: readonly TrainResult[],
	folds: number | undefined,
	set: LabelledSet,
	{ bytes, seed, schedule, memoryByEpochMB, interrupted }: Conditions,
) {
	const total = (value: (result: TrainResult) => number) => results.reduce((sum, result) => sum + value(result), 0);
	const accuracies = results.map(({ confusion }) => confusion.accuracy);
	const hashes = results.map(({ weightsHash }) => weightsHash);
	const learned = total((result) => result.learned);
	const learningSeconds = total((result) => result.learningSeconds);
	return {
		task: taskOf(set.name),
		accuracy: jsonPercent(total(({ confusion }) => confusion.accuracy) / results.length),
		accuracyByEpoch: meanEpochs(results).map(({ accuracy }) => jsonPercent(accuracy)),
		...(folds !== undefined && {
			folds: accuracies.map(jsonPercent),
			foldHashes: hashes,
		}),
		recordings: learned,
		recordingsPerSecond: jsonRate(learned, learningSeconds),
		eventsPerSecond: jsonRate(
			total(({ events }) => events),
			learningSeconds,
		),
		dropped: total(({ dropped }) => dropped),
		seconds: jsonSeconds(total(({ seconds }) => seconds)),
		bytes,
		operations: total(({ operations }) => operations),
		memoryByEpochMB,
		maxMemoryMB: maxMemoryMB(),
		seed,
		schedule,
		weightsHash: hashes.length === 1 ? hashes[0] : hashOf(hashes),
		...(interrupted && { interrupted }),
	};
}

/** One hash for several runs: FNV-1a over theirs. */
function hashOf(hashes: readonly string[]): string {
	let sum = 0xcbf29ce484222325n;
	for (const character of hashes.join()) {
		sum = BigInt.asUintN(64, (sum ^ BigInt(character.charCodeAt(0))) * 0x100000001b3n);
	}
	return sum.toString(16).padStart(16, "0");
}

/** The mean over the runs, of the epochs that all of them finished. */
function meanEpochs(results: readonly TrainResult[]): EpochResult[] {
	const whole = Math.min(...results.map(({ epochs }) => epochs.length));
	const mean = (at: number, name: "learning" | "accuracy") =>
		results.reduce((sum, { epochs }) => sum + (epochs[at]?.[name] ?? 0), 0) / results.length;
	return Array.from({ length: results.length === 0 ? 0 : whole }, (_, at) => ({
		epoch: at + 1,
		learning: mean(at, "learning"),
		accuracy: mean(at, "accuracy"),
	}));
}

function report(
	screen: Screen,
	summary: Summary,
	results: readonly TrainResult[],
	set: LabelledSet,
	total: number,
): void {
	const { marks } = screen;
	const confusion = new Confusion(set.classes.length);
	for (const result of results) confusion.addAll(result.confusion);
	const { recordings: learned } = summary;
	const stopped = learned < total ? [`stopped after ${grouped(learned)} of ${grouped(total)} recordings`, ""] : [];
	const folds =
		summary.folds === undefined
			? []
			: [`folds: ${summary.folds.map((share) => percent(share ?? Number.NaN)).join(", ")}`];
	screen.say(
		...stopped,
		...epochTable(meanEpochs(results), marks),
		"",
		...confusionTable(confusion, set.classes, marks),
		"",
		...folds,
		`${marks.strong(percent(summary.accuracy ?? Number.NaN))} of ${grouped(confusion.total)} recordings it had not learned from`,
		`${grouped(learned)} recordings in ${duration(summary.seconds)}: ${grouped(summary.recordingsPerSecond)} recordings/s, ${short(summary.eventsPerSecond)} events/s`,
		`${short(summary.operations)} operations, network ${grouped(summary.bytes)} bytes, process ${summary.maxMemoryMB} MB at most`,
		`seed ${summary.seed}, weights ${summary.weightsHash}`,
	);
}
