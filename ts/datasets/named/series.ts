// Labelled rows of numbers: touch, motion, sound as coefficients. An encoder makes events of them.

import { DatasetError } from "../../errors.js";
import { type FileTree, rootOf } from "../tree.js";
import { type DatasetName, notFound } from "./catalogue.js";
import { readNpy } from "./npy.js";
import { textOf } from "./table.js";

/** One row of numbers for each channel, and what it shows. */
export interface SeriesRecording {
	readonly name: string;
	/** The index of its class in `classes`. */
	readonly label: number;
	/** Which repetition it is, where the dataset says it. */
	readonly subject?: string;
	/** By channel and time; all channels are of one length. */
	readonly channels: readonly Float64Array[];
}

/** Rows of numbers with their labels, in the dataset's own split. */
export interface SeriesSet {
	readonly name: string;
	readonly classes: readonly string[];
	readonly channels: number;
	readonly train: readonly SeriesRecording[];
	readonly test: readonly SeriesRecording[];
}

/** Space and A to Z. */
const LETTERS = [" ", ..."ABCDEFGHIJKLMNOPQRSTUVWXYZ"];

/** Braille letters: pressures from 0 to 255 of 12 taxels. */
export function openBraille(tree: FileTree): SeriesSet {
	const root = rootOf(tree);
	const names = tree.list(root);
	const [data, length, label, repetition, isTest] = ["data", "length", "label", "repetition", "is_test"].map((name) => {
		if (!names.includes(`${name}.npy`)) throw notFound("braille", tree.place, `there is no ${name}.npy here`);
		return readNpy(tree.read(`${root}${name}.npy`));
	});
	const [count = 0, frames = 0, taxels = 0] = data?.shape ?? [];
	const all = Array.from({ length: count }, (_, index) => {
		const until = length?.values[index] ?? 0;
		const letter = label?.values[index] ?? 0;
		if (until > frames || letter >= LETTERS.length) {
			throw new DatasetError(`${tree.place}: reading ${index} is letter ${letter} in ${until} frames of ${frames}`);
		}
		const value = (taxel: number, frame: number) => data?.values[(index * frames + frame) * taxels + taxel] ?? 0;
		const recording: SeriesRecording = {
			name: `reading ${index}`,
			label: letter,
			subject: `repetition ${repetition?.values[index]}`,
			channels: Array.from({ length: taxels }, (_, taxel) =>
				Float64Array.from({ length: until }, (_, frame) => value(taxel, frame)),
			),
		};
		return { recording, isTest: isTest?.values[index] === 1 };
	});
	const part = (wanted: boolean) => all.filter(({ isTest }) => isTest === wanted).map(({ recording }) => recording);
	return { name: tree.place, classes: LETTERS, channels: taxels, train: part(false), test: part(true) };
}

/** A dataset of the UEA archive as sktime writes it: `<name>_TRAIN.ts` and `<name>_TEST.ts`. */
export function openUea(dataset: DatasetName, name: string, tree: FileTree): SeriesSet {
	const root = rootOf(tree);
	const read = (part: string) => {
		const file = `${name}_${part}.ts`;
		if (!tree.list(root).includes(file)) throw notFound(dataset, tree.place, `there is no ${file} here`);
		return cases(textOf(tree, root + file), `${tree.place}: ${file}`, part.toLowerCase());
	};
	const [train, test] = [read("TRAIN"), read("TEST")];
	const { classes } = train;
	const channels = train.recordings[0]?.channels.length ?? 0;
	return { name: tree.place, classes, channels, train: train.recordings, test: test.recordings };
}

/** After `@data` a case a line: channels apart by `:`, values by `,`, the label last. */
function cases(text: string, place: string, part: string): { classes: string[]; recordings: SeriesRecording[] } {
	const lines = text.split(/\r?\n/);
	const begin = lines.findIndex((line) => line.trim().toLowerCase() === "@data");
	const head = lines.slice(0, Math.max(0, begin));
	const [, ...classes] =
		head
			.find((line) => line.toLowerCase().startsWith("@classlabel"))
			?.trim()
			.split(/\s+/)
			.slice(1) ?? [];
	if (begin < 0 || classes.length === 0) throw new DatasetError(`${place}: it has no @classLabel and @data`);
	const recordings = lines.slice(begin + 1).flatMap((line, index): SeriesRecording[] => {
		if (line.trim() === "") return [];
		const fields = line.trim().split(":");
		const label = classes.indexOf(fields.at(-1) ?? "");
		const channels = fields.slice(0, -1).map((field) => Float64Array.from(field.split(","), Number));
		const [first] = channels;
		const isSound =
			first !== undefined && channels.every((values) => values.length === first.length && !values.some(Number.isNaN));
		if (label < 0 || !isSound) {
			const wanted = "channels of as many numbers each, then one of the labels";
			throw new DatasetError(
				`${place} line ${begin + index + 2}: ${JSON.stringify(line.slice(0, 80))}; allowed: ${wanted}`,
			);
		}
		return [{ name: `${part} ${index + 1}`, label, channels }];
	});
	return { classes, recordings };
}
