// `stllr eval`: repeats a run of `train` from its recipe, proves that the weights are the same, and tests them.

import { existsSync } from "node:fs";
import { type LabelledSet, openLabelled, type Recording } from "../datasets/mod.js";
import { Network, OptionError, openEvents, StllrError } from "../index.js";
import type { Progress } from "../learning/progress.js";
import { confusionTable, duration, grouped, jsonPercent, percent } from "../learning/report.js";
import { test, train } from "../learning/trainer.js";
import { type Args, type Command, UsageError } from "./args.js";
import { isCheckpoint } from "./checkpoint.js";
import { Interrupt } from "./interrupt.js";
import { loadModel } from "./model.js";
import { type Recipe, readRecipe } from "./recipe.js";
import { Screen } from "./screen.js";
import { openRecordings } from "./sets.js";
import { jsonSeconds, taskOf } from "./summary.js";

/** The command. */
export const command: Command = {
	name: "eval",
	usage: "MODEL.stllr|RECIPE [FILE...] [options]",
	about: [
		"Tests a network that `stllr train --out MODEL.stllr` has written on each FILE:",
		"an event file (.bin, .bs2), whose class it tells, or a zip or folder of labelled",
		"recordings. Of a RECIPE, which `stllr train --recipe` has written, it first",
		"repeats the run and checks that the weights are the same, byte for byte; without",
		"a FILE it tests the recordings that were kept back for that.",
	],
	flags: [
		{ name: "data", value: "PATH", help: "where the recipe's recordings are, if they have moved" },
		{ name: "on-fault", value: "WHAT", help: "at bad events of a FILE: refuse or skip (refuse)" },
	],
	run,
};

type OnFault = "refuse" | "skip";

async function run(args: Args): Promise<number> {
	const [path, ...files] = args.positionals;
	if (path === undefined) throw new UsageError("eval needs a MODEL.stllr or a RECIPE that `stllr train` has written");
	const screen = new Screen(args);
	if (existsSync(path) && (await isCheckpoint(path))) return evaluate(path, files, args, screen);
	const recipe = readRecipe(path);
	const onFault = args.word("on-fault", ["refuse", "skip"]) ?? "refuse";
	const set = await openRecordings(args.text("data") ?? recipe.data, recipe.dataset, { onFault: recipe.onFault });
	const network = await Network.create(recipe.spec);
	try {
		const { seconds, operations, confusion } = await repeat(network, recipe, set, screen);
		const answers = [];
		for (const file of files) answers.push(await show(network, file, onFault, screen));
		if (files.length === 0) {
			const table = confusionTable(confusion, set.classes, screen.marks);
			const share = screen.marks.strong(percent(confusion.accuracy));
			screen.say(...table, "", `${share} of ${grouped(confusion.total)} recordings it had not learned from`);
		}
		screen.json({
			task: taskOf(set.name),
			accuracy: jsonPercent(confusion.accuracy),
			...(files.length > 0 && { files: answers }),
			seconds: jsonSeconds(seconds),
			bytes: network.memory().total,
			operations,
			seed: recipe.seed,
			schedule: recipe.schedule,
			weightsHash: recipe.weightsHash,
		});
		return 0;
	} finally {
		network.close();
		set.close?.();
	}
}

/** Tests the network of a checkpoint. */
async function evaluate(path: string, files: readonly string[], args: Args, screen: Screen): Promise<number> {
	const data = args.text("data");
	const all = data === undefined ? files : [data, ...files];
	if (all.length === 0) throw new UsageError("eval needs a FILE to test the network on");
	const onFault = args.word("on-fault", ["refuse", "skip"]) ?? "refuse";
	const network = await loadModel(path, (line) => screen.note(line));
	try {
		const answers = [];
		for (const file of all) answers.push(await show(network, file, onFault, screen));
		screen.json({ model: path, files: answers, bytes: network.memory().total, weightsHash: network.weightsHash() });
		return 0;
	} finally {
		network.close();
	}
}

/** Learns again what the recipe says. */
async function repeat(network: Network, recipe: Recipe, set: LabelledSet, screen: Screen) {
	const { learned, weightsHash } = recipe;
	const interrupt = new Interrupt((line) => screen.note(line));
	const onProgress = ({ done, perSecond }: Progress) =>
		screen.progress(done / learned, () => {
			return `learning again  ${grouped(done)}/${grouped(learned)}  left ${duration((learned - done) / perSecond)}`;
		});
	const { signal } = interrupt;
	const result = await train(network, set, { ...recipe, stopAfter: learned, signal, onProgress });
	interrupt.close();
	if (signal.aborted) throw new StllrError("state", `stopped after ${result.learned} of ${learned} recordings`);
	if (result.weightsHash !== weightsHash) {
		const other = `the run gave weights ${result.weightsHash}, the recipe says ${weightsHash}`;
		throw new StllrError(
			"dataset",
			`${other}: are ${set.name} the recordings it was made with, and the version the same?`,
		);
	}
	screen.note(`the same weights: ${weightsHash}`);
	return result;
}

/** Shows the network an event file or a labelled set. */
async function show(network: Network, file: string, onFault: OnFault, screen: Screen): Promise<object> {
	if (/\.(bin|bs2)$/i.test(file)) {
		const { name, label, scores, steps } = network.classify(await openEvents(file, { onFault }), { onFault });
		const { classes } = network.spec.readout;
		const ranked = [...scores.keys()].sort((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0));
		const told = ranked.slice(0, 5).map((other) => `${classes[other]} ${(scores[other] ?? 0).toFixed(2)}`);
		screen.say(`${file}: ${screen.marks.strong(name)}  (${told.join(", ")}; ${steps} steps)`);
		return { file, label, name, scores: [...scores], steps };
	}
	const set = await openLabelled(file, { onFault });
	const recordings = [...set.train, ...set.test].map((recording) => relabelled(recording, set, network));
	const confusion = await test(network, recordings, { onFault });
	screen.say(
		...confusionTable(confusion, network.spec.readout.classes, screen.marks),
		"",
		`${file}: ${screen.marks.strong(percent(confusion.accuracy))} of ${grouped(confusion.total)} recordings`,
	);
	return { file, accuracy: jsonPercent(confusion.accuracy), recordings: confusion.total };
}

/** The recording with the network's label for its class. */
function relabelled(recording: Recording, set: LabelledSet, network: Network): Recording {
	const { classes } = network.spec.readout;
	const name = set.classes[recording.label] ?? "";
	const label = classes.indexOf(name);
	if (label < 0) throw new OptionError(`${set.name}: class`, name, `what the network knows: ${classes.join(", ")}`);
	if (label === recording.label) return recording;
	return {
		name: recording.name,
		label,
		get events() {
			return recording.events;
		},
		read: (room) => recording.read?.(room) ?? recording.events,
	};
}
