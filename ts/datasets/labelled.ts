// Labelled recordings, from a zip or a folder; each is decoded when it is asked for.

import { DatasetError, OptionError } from "../errors.js";
import { pathOf } from "../events/bytes.js";
import { EventRoom, type Events } from "../events/chunk.js";
import { type DecoderModule, decodeEvents, type OnFault } from "../events/decode.js";
import { checkOnFault } from "../events/stream.js";
import { loadEventsModule } from "../wasm/module.js";
import { type Listed, type Listing, listRecordings, type SensorSize } from "./layout.js";
import { type FileTree, openFolder, openRanges } from "./tree.js";

/** One recording and what it shows. */
export interface Recording {
	/** Its path in the dataset. */
	readonly name: string;
	/** The index of its class in `classes`. */
	readonly label: number;
	/** Its events, decoded at each access into arrays of their own. */
	readonly events: Events;
	/** The same into room that is used again: for loops over many recordings. */
	read?(room: EventRoom): Events;
	/** Who or what was recorded, where the dataset says it and it is no class: a speaker, a session, a trial. */
	readonly subject?: string;
	/** When it ends, in us, where that is later than its last event. */
	readonly endUs?: number;
}

/** Recordings with their labels, in the dataset's own split. */
export interface LabelledSet {
	readonly name: string;
	/** The classes' names; a label is an index into it. */
	readonly classes: readonly string[];
	readonly train: readonly Recording[];
	/** Empty where the dataset has no split of its own: `folds` makes one. */
	readonly test: readonly Recording[];
	/** For choosing options, where the dataset has such a part. */
	readonly valid?: readonly Recording[];
	/** The sensor: columns, rows and polarities. */
	readonly width: number;
	readonly height: number;
	readonly polarities: number;
	/** Closes what stays open while recordings are read; sets without it have nothing open. */
	close?(): void;
}

/** How to open a labelled set. */
export interface LabelledOptions {
	/** The sensor's size, where it is another than the one the set is known for or shows; see `openLabelled`. */
	readonly sensor?: Partial<SensorSize>;
	/** At a cut last record of a recording: `"refuse"` (the default) throws, `"skip"` drops it. */
	readonly onFault?: OnFault;
	/** The most bytes that one file may hold or unpack to; 1 to 2^31, default 2^28 (256 MiB). */
	readonly maxBytes?: number;
	/** How many bytes of recordings are kept in memory, 5 an event; the others are read again each time. Default 2^25 (32 MiB). */
	readonly holdBytes?: number;
}

/**
 * Opens labelled recordings.
 *
 * Taken are, in a zip or in a folder (or in the only folder of it):
 * - `train.csv` and `test.csv` with a header `sample,<name of the label>` beside the `<sample>.bs2` or `.bin` files;
 * - `Train/<class>/*.bin` and `Test/<class>/*.bin`, as N-MNIST unpacks to.
 *
 * The sensor is 34 x 34 x 2 where the layout is N-MNIST's (the index calls its label `digit`, or the class folders are
 * 0 to 9 and hold `.bin` files). Else it is the smallest with two polarities that holds all events of all recordings,
 * for which each is decoded once. `options.sensor` overrides either, wholly or in part.
 *
 * Only the list of the recordings and `holdBytes` of them stay in memory.
 *
 * @param source a path or a `file:` URL (both need a runtime with Node's file system), or a zip's bytes
 * @throws DatasetError where something is missing, and says what was looked for
 * @throws FormatError, with the byte offset, for a zip that is damaged, lies or names paths outside itself; later,
 *   when its events are asked for, for a recording that is damaged
 * @throws OptionError for an option out of its range
 */
export async function openLabelled(
	source: string | URL | Uint8Array,
	options: LabelledOptions = {},
): Promise<LabelledSet> {
	const checked = checkLabelled(options);
	const tree = await openTree(source, checked.maxBytes);
	return openListed(tree, listRecordings(tree), checked);
}

/** The options, checked, with their defaults. */
export interface CheckedOptions {
	readonly onFault: OnFault;
	readonly maxBytes: number;
	readonly holdBytes: number;
	readonly given: Partial<SensorSize>;
}

/** Checks the options. */
export function checkLabelled(options: LabelledOptions): CheckedOptions {
	return {
		onFault: checkOnFault(options.onFault),
		maxBytes: whole("maxBytes", options.maxBytes ?? 2 ** 28, 1, 2 ** 31),
		holdBytes: whole("holdBytes", options.holdBytes ?? 2 ** 25, 0, Number.MAX_SAFE_INTEGER),
		given: checkSensor(options.sensor ?? {}),
	};
}

/** The recordings of a list, each decoded when it is asked for. */
export async function openListed(
	tree: FileTree,
	listing: Listing,
	{ onFault, holdBytes, given }: CheckedOptions,
): Promise<LabelledSet> {
	const store = new Store(tree, await loadEventsModule(), onFault, holdBytes);
	const recordings = (listed: readonly Listed[]) => listed.map((file) => new StoredRecording(store, file));
	const [train, test] = [recordings(listing.train), recordings(listing.test)];
	const isGiven = given.width !== undefined && given.height !== undefined && given.polarities !== undefined;
	const sensor = listing.sensor ?? (isGiven ? {} : smallestSensor([...train, ...test]));
	return { name: tree.place, classes: listing.classes, train, test, ...({ ...sensor, ...given } as SensorSize) };
}

/** Opens a zip or a folder. */
export async function openTree(source: string | URL | Uint8Array, maxBytes: number): Promise<FileTree> {
	if (source instanceof Uint8Array) {
		const { openZip, portableCodec } = await import("./zip.js");
		const readRange = (offset: number, length: number) => source.subarray(offset, offset + length);
		return openZip("zip", source.length, readRange, maxBytes, await portableCodec());
	}
	const path = await pathOf(source);
	const fs = await import("node:fs");
	const stat = fs.statSync(path, { throwIfNoEntry: false });
	if (stat === undefined)
		throw new DatasetError(
			`${path}: there is no such file or folder; looked for a zip or a folder of labelled recordings`,
		);
	if (stat.isDirectory()) return openFolder(path, maxBytes);
	const [{ openZip, nodeCodec }, { size, readRange }] = await Promise.all([import("./zip.js"), openRanges(path)]);
	return openZip(path, size, readRange, maxBytes, await nodeCodec());
}

/** How many bytes the kept recordings are allocated in at a time. */
const SLAB_BYTES = 1 << 20;

/** Where recordings come from; it keeps as many bytes of them as it may. */
class Store {
	readonly #tree: FileTree;
	readonly #module: DecoderModule;
	readonly #onFault: OnFault;
	/** How many bytes it may still keep. */
	#left: number;
	/** What is left of the last slab. Slabs, as thousands of small blocks would riddle the heap. */
	#slab = new Uint8Array(0);

	constructor(tree: FileTree, module: DecoderModule, onFault: OnFault, holdBytes: number) {
		this.#tree = tree;
		this.#module = module;
		this.#onFault = onFault;
		this.#left = holdBytes;
	}

	/** Reads a recording, and keeps it if there is room: first come, first kept, as epochs visit all in turn. */
	read(path: string): { bytes: Uint8Array; kept: boolean } {
		const bytes = this.#tree.read(path);
		if (bytes.length > this.#left) return { bytes, kept: false };
		this.#left -= bytes.length;
		if (bytes.length > this.#slab.length) this.#slab = new Uint8Array(Math.max(SLAB_BYTES, bytes.length));
		const copy = this.#slab.subarray(0, bytes.length);
		copy.set(bytes);
		this.#slab = this.#slab.subarray(bytes.length);
		return { bytes: copy, kept: true };
	}

	decode(bytes: Uint8Array, { format, path }: Listed, room: EventRoom | undefined): Events {
		const source = `${this.#tree.place}: ${path}`;
		return decodeEvents(this.#module, bytes, format, { onFault: this.#onFault, source, room });
	}
}

class StoredRecording implements Recording {
	readonly #store: Store;
	readonly #file: Listed;
	#kept: Uint8Array | undefined;

	constructor(store: Store, file: Listed) {
		this.#store = store;
		this.#file = file;
	}

	get name(): string {
		return this.#file.path;
	}

	get label(): number {
		return this.#file.label;
	}

	get events(): Events {
		return this.read();
	}

	read(room?: EventRoom): Events {
		let bytes = this.#kept;
		if (bytes === undefined) {
			const fresh = this.#store.read(this.#file.path);
			bytes = fresh.bytes;
			if (fresh.kept) this.#kept = bytes;
		}
		return this.#store.decode(bytes, this.#file, room);
	}
}

function smallestSensor(recordings: readonly StoredRecording[]): SensorSize {
	const room = new EventRoom();
	let [width, height, polarities] = [1, 1, 2];
	for (const recording of recordings) {
		const { x, y, p } = recording.read(room);
		for (const column of x) if (column >= width) width = column + 1;
		for (const row of y) if (row >= height) height = row + 1;
		for (const channel of p) if (channel >= polarities) polarities = channel + 1;
	}
	return { width, height, polarities };
}

/** What is given of a sensor's size, and nothing else. */
function checkSensor(given: Partial<SensorSize>): Partial<SensorSize> {
	const checked: { -readonly [name in keyof SensorSize]?: number } = {};
	for (const [name, most] of [
		["width", 65_536],
		["height", 65_536],
		["polarities", 256],
	] as const) {
		const value = given[name];
		if (value !== undefined) checked[name] = whole(`sensor.${name}`, value, 1, most);
	}
	return checked;
}

function whole(option: string, value: number, least: number, most: number): number {
	if (Number.isInteger(value) && value >= least && value <= most) return value;
	throw new OptionError(option, value, `an integer from ${least} to ${most}`);
}
