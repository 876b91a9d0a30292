// SHD and SSC: spikes of 700 channels in HDF5, a file for each part.

import type { EventRoom, Events } from "../../events/chunk.js";
import { Gathering } from "../../events/decode.js";
import type { H5wasm } from "../../events/hdf5/library.js";
import { openSet, type RecordingSet } from "../../events/hdf5/set.js";
import { loadEventsModule } from "../../wasm/module.js";
import type { CheckedOptions, LabelledSet, Recording } from "../labelled.js";
import { type DatasetName, notFound } from "./catalogue.js";

const CHANNELS = 700;

/** Opens it; the files stay open until the set is closed. */
export async function openSpikes(
	name: "shd" | "ssc",
	folder: string,
	{ onFault, given }: CheckedOptions,
	h5wasm?: H5wasm,
): Promise<LabelledSet> {
	const [fs, path, module] = await Promise.all([import("node:fs"), import("node:path"), loadEventsModule()]);
	const open: RecordingSet[] = [];
	const close = () => {
		for (const set of open) set.file.close();
	};
	const part = async (which: string) => {
		const file = path.join(folder, `${name}_${which}.h5`);
		if (!fs.existsSync(file)) throw notFound(name, folder, `there is no ${name}_${which}.h5 here`);
		const set = await openSet(module, file, onFault, h5wasm);
		if (set === undefined) throw notFound(name, file, "it holds no spikes");
		open.push(set);
		return recordingsOf(name, set);
	};
	try {
		const [train, test] = [await part("train"), await part("test")];
		const valid = name === "ssc" ? await part("valid") : undefined;
		const most = [...train, ...test, ...(valid ?? [])].reduce(
			(label, recording) => Math.max(label, recording.label),
			0,
		);
		const [first] = open;
		const words = first?.file.array("extra/keys")?.texts() ?? [];
		const classes = words.length > most ? words : Array.from({ length: most + 1 }, (_, label) => String(label));
		const { width = CHANNELS, height = 1, polarities = 1 } = given;
		return { name: folder, classes, train, test, ...(valid && { valid }), width, height, polarities, close };
	} catch (cause) {
		close();
		throw cause;
	}
}

function recordingsOf(name: DatasetName, set: RecordingSet): Recording[] {
	const labels = set.labels();
	const place = set.file.name ?? name;
	if (labels.length !== set.count) throw notFound(name, place, "it holds no labels");
	const speakers = set.file.array("extra/speaker")?.values();
	return labels.map((label, index) => {
		if (!Number.isInteger(label) || label < 0 || label > 1000)
			throw notFound(name, place, `label ${label} of ${index}`);
		return new Spikes(set, index, label, speakers?.[index]);
	});
}

class Spikes implements Recording {
	readonly name: string;
	readonly label: number;
	readonly subject?: string;
	readonly #set: RecordingSet;
	readonly #index: number;

	constructor(set: RecordingSet, index: number, label: number, speaker: number | undefined) {
		this.#set = set;
		this.#index = index;
		this.name = `${set.file.placeOf("spikes")}[${index}]`;
		this.label = label;
		if (speaker !== undefined) this.subject = `speaker ${speaker}`;
	}

	get events(): Events {
		return this.read();
	}

	read(room?: EventRoom): Events {
		const gathered = new Gathering(1 << 14, room);
		for (const chunk of this.#set.chunks(this.#index)) gathered.add(chunk);
		return gathered.events();
	}
}
