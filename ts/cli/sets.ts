// Labelled recordings of events: a set as it lies, or a dataset by its name.

import {
	DATASETS,
	type DatasetName,
	dataset,
	datasetNames,
	type LabelledOptions,
	type LabelledSet,
	openLabelled,
} from "../datasets/mod.js";
import type { Args, Flag } from "./args.js";

/** The names of datasets whose recordings are events with a label. */
export type EventsDataset = {
	[N in DatasetName]: (typeof DATASETS)[N]["kind"] extends "events" ? N : never;
}[DatasetName];

/** All of them. */
export const eventsDatasets = datasetNames.filter((name): name is EventsDataset => DATASETS[name].kind === "events");

/** Names the dataset that lies in PATH. */
export const datasetFlag: Flag = {
	name: "dataset",
	value: "NAME",
	help: "which dataset PATH is, by name: shd, dvs-gesture, ...",
};

/** The name that was given. */
export function readDataset(args: Args): EventsDataset | undefined {
	return args.word("dataset", eventsDatasets);
}

/** Opens the recordings. */
export function openRecordings(
	path: string,
	name: EventsDataset | undefined,
	options: LabelledOptions,
): Promise<LabelledSet> {
	return name === undefined ? openLabelled(path, options) : dataset(name, path, options);
}
