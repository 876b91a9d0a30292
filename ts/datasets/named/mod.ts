// Datasets by name, from the folder or the zip in which the user has the original.

import { DatasetError } from "../../errors.js";
import { pathOf } from "../../events/bytes.js";
import type { H5wasm } from "../../events/hdf5/library.js";
import { checkLabelled, type LabelledOptions, type LabelledSet, openTree } from "../labelled.js";
import { checkName, type DATASETS, type DatasetName, notFound } from "./catalogue.js";
import { openDsec } from "./dsec.js";
import { openClasses, openClips, openCue, openNeuroradar, openNmnist } from "./events.js";
import { type FlowSet, openFlow } from "./flow.js";
import { openGesture } from "./gesture.js";
import { openBraille, openUea, type SeriesSet } from "./series.js";
import { openFsdd, type SoundSet } from "./sound.js";
import { openSpikes } from "./spikes.js";

/** What each kind of dataset is opened as. */
interface Sets {
	readonly events: LabelledSet;
	readonly sound: SoundSet;
	readonly series: SeriesSet;
	readonly flow: FlowSet;
}

/** What the dataset of a name is opened as. */
export type DatasetOf<N extends DatasetName> = Sets[(typeof DATASETS)[N]["kind"]];

/** How to open a dataset. */
export interface DatasetOptions extends LabelledOptions {
	/** The package h5wasm, which HDF5 needs, where it cannot be loaded by its name. */
	readonly h5wasm?: H5wasm;
}

const CIFAR10 = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

/**
 * Opens a dataset by its name: see `DATASETS` for what each is, which files are looked for and where they come from.
 *
 * Recordings are read when they are asked for. The split is the dataset's own; where it has none, all recordings are to train and
 * `folds` makes one.
 *
 * @param source the folder in which the original lies unpacked, or (but for HDF5) a zip of it, by path or as bytes
 * @throws OptionError for a name that is not known
 * @throws DatasetError where a file is missing, and says what was looked for and where the original comes from
 * @throws EnvironmentError for HDF5 without the package h5wasm
 */
export async function dataset<N extends DatasetName>(
	name: N,
	source: string | URL | Uint8Array,
	options: DatasetOptions = {},
): Promise<DatasetOf<N>> {
	// What `open` gives is of the kind that the catalogue says, which the tests hold it to.
	return (await open(checkName(name), source, options)) as DatasetOf<N>;
}

async function open(
	name: DatasetName,
	source: string | URL | Uint8Array,
	options: DatasetOptions,
): Promise<Sets[keyof Sets]> {
	const checked = checkLabelled(options);
	const { h5wasm } = options;
	if (name === "shd" || name === "ssc") return openSpikes(name, await folderOf(name, source), checked, h5wasm);
	if (name === "mvsec") {
		return openFlow(name, await folderOf(name, source), checked, (scene) => scene === "outdoor_day2", h5wasm);
	}
	if (name === "dsec-flow") return openDsec(await folderOf(name, source), checked, h5wasm);
	if (name === "flow-sim") {
		return openFlow(name, await folderOf(name, source), checked, (scene) => scene.startsWith("train"), h5wasm);
	}
	const tree = await openTree(source, checked.maxBytes).catch((cause: unknown) => {
		if (!(cause instanceof DatasetError)) throw cause;
		throw notFound(name, String(source), "there is no such file or folder");
	});
	switch (name) {
		case "nmnist":
		case "nmnist-small":
			return openNmnist(name, tree, checked);
		case "ncaltech101": {
			const sensor = { width: 240, height: 180, polarities: 2 };
			return openClasses(name, tree, checked, { format: "bin", ending: ".bin", sensor });
		}
		case "cifar10-dvs": {
			const sensor = { width: 128, height: 128, polarities: 2 };
			return openClasses(name, tree, checked, { format: "aedat2", ending: ".aedat", sensor, classes: CIFAR10 });
		}
		case "dvs-gesture":
			return openGesture(tree, checked);
		case "dvs-clips":
			return openClips(tree, checked);
		case "neuroradar":
			return openNeuroradar(tree);
		case "cue":
			return openCue(tree);
		case "fsdd":
			return openFsdd(tree, checked);
		case "braille":
			return openBraille(tree);
		case "basic-motions":
			return openUea(name, "BasicMotions", tree);
		case "japanese-vowels":
			return openUea(name, "JapaneseVowels", tree);
	}
}

/** A folder on disk, as HDF5 is read in parts. */
async function folderOf(name: DatasetName, source: string | URL | Uint8Array): Promise<string> {
	if (source instanceof Uint8Array) throw notFound(name, "bytes", "it must be a folder");
	const folder = await pathOf(source);
	const fs = await import("node:fs");
	if (fs.statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return folder;
	throw notFound(name, folder, "there is no such folder");
}
