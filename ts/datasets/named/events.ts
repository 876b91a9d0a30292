// Named datasets whose files the decoders read as they are, and such as have a line of text for each spike.

import { type Events, events } from "../../events/chunk.js";
import type { EventFormat } from "../../events/formats.js";
import { type CheckedOptions, type LabelledSet, openListed, type Recording } from "../labelled.js";
import { type Listed, type Listing, listRecordings, type SensorSize } from "../layout.js";
import { type FileTree, rootOf, sortNames } from "../tree.js";
import { type DatasetName, notFound } from "./catalogue.js";
import { tableOf, textOf } from "./table.js";

/** N-MNIST, whole or a part of it. */
export function openNmnist(name: DatasetName, tree: FileTree, options: CheckedOptions): Promise<LabelledSet> {
	const names = tree.list(rootOf(tree)).map((file) => file.toLowerCase());
	const wanted = name === "nmnist" ? ["train/", "test/"] : ["train.csv", "test.csv"];
	const missing = wanted.find((file) => !names.includes(file));
	if (missing !== undefined) throw notFound(name, tree.place, `there is no ${missing} here`);
	const listing = listRecordings(tree);
	return openListed(tree, { ...listing, sensor: { width: 34, height: 34, polarities: 2 } }, options);
}

/** A folder for each class, without a split. */
export function openClasses(
	name: DatasetName,
	tree: FileTree,
	options: CheckedOptions,
	{ format, ending, sensor, classes: known }: ClassFolders,
): Promise<LabelledSet> {
	const root = rootOf(tree);
	const folders = sortNames(tree.list(root).filter((folder) => folder.endsWith("/"))).map((folder) =>
		folder.slice(0, -1),
	);
	const isRecording = (file: string) => file.toLowerCase().endsWith(ending);
	const filesOf = (folder: string) => tree.list(`${root}${folder}/`).filter(isRecording);
	const classes = known ?? folders.filter((folder) => filesOf(folder).length > 0);
	const missing = classes.find((folder) => !folders.includes(folder));
	if (missing !== undefined) throw notFound(name, tree.place, `there is no folder ${missing}`);
	const train = classes.flatMap((folder, label): Listed[] =>
		filesOf(folder).map((file) => ({ path: `${root}${folder}/${file}`, format, label })),
	);
	if (train.length === 0) throw notFound(name, tree.place, "there are no recordings here");
	return openListed(tree, { classes, train, test: [], sensor }, options);
}

/** What tells the recordings of a folder for each class. */
export interface ClassFolders {
	readonly format: EventFormat;
	readonly ending: string;
	readonly sensor: SensorSize;
	/** The classes, where they are known; else all folders with recordings. */
	readonly classes?: readonly string[];
}

/** What the gestures of DVS128 Gesture are called, from its class 1 on. */
export const GESTURES = [
	...["hand clapping", "right hand wave", "left hand wave", "right arm clockwise", "right arm counter clockwise"],
	...["left arm clockwise", "left arm counter clockwise", "arm roll", "air drums", "air guitar", "other gestures"],
];

/** The same for the clips, of which it is not known which of two circles goes clockwise. */
const CLIP_GESTURES = [
	...["hand clapping", "right hand wave", "left hand wave", "right arm circle", "right arm circle back"],
	...["left arm circle", "left arm circle back", "arm roll", "air drums", "air guitar"],
];

/** Ten clips. */
export function openClips(tree: FileTree, options: CheckedOptions): Promise<LabelledSet> {
	const root = rootOf(tree);
	const names = new Set(tree.list(root));
	const train = CLIP_GESTURES.map((_, label): Listed => {
		const file = `${label + 1}.bs2`;
		if (!names.has(file)) throw notFound("dvs-clips", tree.place, `there is no ${file} here`);
		return { path: root + file, format: "bs2", label };
	});
	const sensor = { width: 128, height: 128, polarities: 2 };
	const listing: Listing = { classes: CLIP_GESTURES, train, test: [], sensor };
	return openListed(tree, listing, options);
}

/** A recording that is read by a function. */
export class ReadRecording implements Recording {
	readonly name: string;
	readonly label: number;
	readonly subject?: string;
	readonly #read: () => Events;

	constructor(name: string, label: number, read: () => Events, subject?: string) {
		this.name = name;
		this.label = label;
		if (subject !== undefined) this.subject = subject;
		this.#read = read;
	}

	get events(): Events {
		return this.#read();
	}
}

/** Gestures before a radar: the spikes are lines of a channel from 1 on and seconds, sorted by channel. */
export function openNeuroradar(tree: FileTree): LabelledSet {
	const root = rootOf(tree);
	if (!tree.list(root).includes("index.csv")) throw notFound("neuroradar", tree.place, "there is no index.csv here");
	const columns = ["file", "class", "name", "session", "split"] as const;
	const rows = tableOf(textOf(tree, `${root}index.csv`), columns, `${tree.place}: index.csv`);
	const classes: string[] = [];
	for (const row of rows) classes[Number(row.class) - 1] = row.name;
	const part = (wanted: string) =>
		rows
			.filter(({ split }) => split === wanted)
			.map(({ file, class: label, session }) => {
				const read = () => radarSpikes(textOf(tree, root + file), `${tree.place}: ${file}`);
				return new ReadRecording(file, Number(label) - 1, read, `session ${session}`);
			});
	return { name: tree.place, classes, train: part("train"), test: part("test"), width: 6, height: 1, polarities: 1 };
}

function radarSpikes(text: string, place: string): Events {
	const [, ...lines] = text.trim().split(/\r?\n/);
	const spikes = lines.map((line, index): [us: number, channel: number] => {
		const [channel, second, ...more] = line.trim().split(/\s+/).map(Number);
		const isSpike = channel !== undefined && second !== undefined && more.length === 0;
		if (!isSpike || !(channel >= 1 && channel <= 6) || !(second >= 0 && second < 1e9)) {
			throw notFound(
				"neuroradar",
				place,
				`line ${index + 2} is ${JSON.stringify(line)}, not a channel from 1 to 6 and seconds`,
			);
		}
		return [Math.round(1e6 * second), channel - 1];
	});
	spikes.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
	return events({ t: spikes.map(([us]) => us), x: spikes.map(([, channel]) => channel) });
}

/** Cues: a line `neuron, ms` for each spike; neuron -2 tells the label in place of the time, -1 ends the sample. */
export function openCue(tree: FileTree): LabelledSet {
	const root = rootOf(tree);
	const part = (which: string) => {
		const file = `dataset_cueAcc_${which}.dat`;
		if (!tree.list(root).includes(file)) throw notFound("cue", tree.place, `there is no ${file} here`);
		return cues(textOf(tree, root + file), `${tree.place}: ${file}`, which);
	};
	const [train, test] = [part("train"), part("test")];
	return { name: tree.place, classes: ["0", "1"], train, test, width: 40, height: 1, polarities: 1 };
}

function cues(text: string, place: string, part: string): Recording[] {
	const [count = "", ...lines] = text.trim().split(/\r?\n/);
	const made: Recording[] = [];
	let [label, spikes]: [number, [ms: number, neuron: number][]] = [-1, []];
	for (const [index, line] of lines.entries()) {
		const [neuron, value, ...more] = line.split(",").map(Number);
		const bad = (what: string) => notFound("cue", place, `line ${index + 2} is ${JSON.stringify(line)}: ${what}`);
		if (
			neuron === undefined ||
			value === undefined ||
			more.length > 0 ||
			!(neuron >= -2 && neuron < 40) ||
			!(value >= 0)
		) {
			throw bad("no neuron from -2 to 39 and a time");
		}
		if (neuron >= 0) spikes.push([value, neuron]);
		else if (neuron === -2) label = value;
		else {
			if (label !== 0 && label !== 1) throw bad("a sample ends that has no label 0 or 1");
			const sorted = spikes.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
			const read = () => events({ t: sorted.map(([ms]) => 1000 * ms), x: sorted.map(([, at]) => at) });
			const recording = new ReadRecording(`${part} ${made.length + 1}`, label, read);
			made.push(Object.assign(recording, { endUs: 1000 * value }));
			[label, spikes] = [-1, []];
		}
	}
	if (made.length === Number(count)) return made;
	throw notFound("cue", place, `there are ${made.length} samples, where its first line says ${JSON.stringify(count)}`);
}
