// Where the events lie in an HDF5 file: a group of arrays t, x, y, p, an array of rows, or a set of recordings.

import { FormatError, OptionError } from "../../errors.js";
import type { ArrayBytes, ColumnModule, FieldName } from "../arrays/column.js";
import { FIELDS } from "../arrays/column.js";
import type { FieldArrays } from "../arrays/join.js";
import type { SensorPixels } from "../decode.js";
import type { Hdf5Array, Hdf5File } from "./library.js";
import { type Rows, rowsWithin } from "./window.js";

/** Which events of a file. */
export interface Hdf5Choice {
	readonly recording?: number | undefined;
	readonly at?: string | undefined;
	readonly fromUs?: number | undefined;
	readonly untilUs?: number | undefined;
}

/** Events of a file: a field an array, or rows of all. */
export interface Hdf5Content {
	readonly arrays: { readonly fields: FieldArrays; readonly offsetUs: number } | { readonly whole: ArrayBytes };
	readonly sensor: SensorPixels | undefined;
	/** How many recordings the file is a set of, where it is one. */
	readonly recordings: number | undefined;
	/** About how many events. */
	readonly count: number;
}

/** Where events are looked for, in this order: DSEC and event_flow, MVSEC, and at the root. */
const PLACES = ["events", "davis/left/events", "davis/right/events", ""];
const LOOKED_FOR =
	"spikes/times and spikes/units (SHD, SSC), events/{x,y,t,p} (DSEC), events/{xs,ys,ts,ps} (event_flow), davis/left/events (MVSEC)";
/** About how many bytes of an array are read at once. */
const PIECE = 1 << 16;

/** Are the recordings of a set in this file? Their number, if so. */
export function recordingsIn(file: Hdf5File): number | undefined {
	return file.array("spikes/times")?.shape[0];
}

/**
 * Finds the events.
 *
 * @throws FormatError where there are none, or they are of a kind that is not read
 * @throws OptionError for a choice that the file does not offer
 */
export function findEvents(
	file: Hdf5File,
	{ fieldOf }: Pick<ColumnModule, "fieldOf">,
	choice: Hdf5Choice,
): Hdf5Content {
	const times = file.array("spikes/times");
	if (times !== undefined && choice.at === undefined) return findRecording(file, times, choice);
	if (choice.recording !== undefined) {
		throw new OptionError("recording", choice.recording, "none: the file holds one recording");
	}
	for (const place of choice.at === undefined ? PLACES : [choice.at]) {
		const array = file.array(place);
		if (array !== undefined) return rowsOf(file, array, choice);
		const fields = fieldsIn(file, place, fieldOf);
		if (fields !== undefined) return columnsOf(file, place, fields, choice);
	}
	if (choice.at !== undefined) {
		throw new OptionError("at", choice.at, "an array of rows x, y, t, p, or a group of arrays t, x, y, p");
	}
	const compound = file.array("CD/events");
	if (compound !== undefined) {
		throw new FormatError(
			0,
			"Metavision's HDF5, whose codec (ECF) is the vendor's own",
			"its RAW or DAT file; metavision_file_to_dat writes one",
			compound.name,
		);
	}
	const names = (file.keys("") ?? []).slice(0, 8).join(", ");
	throw new FormatError(0, `an HDF5 file of ${names === "" ? "nothing" : names}`, LOOKED_FOR, file.name);
}

function findRecording(file: Hdf5File, times: Hdf5Array, { recording, fromUs, untilUs }: Hdf5Choice): Hdf5Content {
	const recordings = times.shape[0] ?? 0;
	const units = file.array("spikes/units");
	if (units?.shape[0] !== recordings || !times.isRagged || !units.isRagged) {
		throw new FormatError(0, "no two lists of as many arrays", "spikes/times and spikes/units", times.name);
	}
	for (const [name, value] of Object.entries({ fromUs, untilUs })) {
		if (value !== undefined) throw new OptionError(name, value, "none for a set of recordings");
	}
	if (recording === undefined || !Number.isInteger(recording) || recording < 0 || recording >= recordings) {
		const allowed = recordings === 0 ? "none: the file holds no recording" : `0 to ${recordings - 1}`;
		throw new OptionError("recording", recording, `${allowed}; the file is a set of ${recordings} recordings`);
	}
	const item = (array: Hdf5Array): ArrayBytes => {
		const bytes = array.item(recording);
		const numbers = numbersOf(array);
		const head = npyHead(numbers, [bytes.length / Number(numbers.slice(2))]);
		return { name: `${array.name}[${recording}]`, pieces: [head, bytes] };
	};
	const fields = { t: item(times), x: item(units) };
	return { arrays: { fields, offsetUs: 0 }, sensor: undefined, recordings, count: 0 };
}

/** The arrays in a group that are fields of events; undefined where t or x is missing. */
function fieldsIn(
	file: Hdf5File,
	group: string,
	fieldOf: ColumnModule["fieldOf"],
): Map<FieldName, Hdf5Array> | undefined {
	const fields = new Map<FieldName, Hdf5Array>();
	for (const key of file.keys(group) ?? []) {
		const field = FIELDS[fieldOf(key)];
		const array = field === undefined ? undefined : file.array(within(group, key));
		if (field !== undefined && array?.shape.length === 1) fields.set(field, array);
	}
	return fields.has("t") && fields.has("x") ? fields : undefined;
}

function columnsOf(
	file: Hdf5File,
	group: string,
	fields: ReadonlyMap<FieldName, Hdf5Array>,
	choice: Hdf5Choice,
): Hdf5Content {
	const [t, x] = [fields.get("t"), fields.get("x")];
	if (t === undefined || x === undefined) throw new Error("a group of events has times and columns");
	// DSEC has both beside the group.
	const beside = group.slice(0, group.lastIndexOf("/") + 1);
	const offsetUs = oneOf(file, [within(group, "t_offset"), `${beside}t_offset`]) ?? 0;
	const index = () => file.array(within(group, "ms_to_idx")) ?? file.array(`${beside}ms_to_idx`);
	const rows = rowsWithin(t, 0, offsetUs, index, choice);
	const bytes = (array: Hdf5Array | undefined) => (array === undefined ? undefined : arrayBytes(array, rows));
	const [height, width] = [...file.attribute("", "sensor_resolution")];
	return {
		arrays: {
			fields: { t: arrayBytes(t, rows), x: arrayBytes(x, rows), y: bytes(fields.get("y")), p: bytes(fields.get("p")) },
			offsetUs,
		},
		sensor: width === undefined || height === undefined ? undefined : { width, height },
		recordings: undefined,
		count: rows.until - rows.from,
	};
}

function rowsOf(file: Hdf5File, array: Hdf5Array, choice: Hdf5Choice): Hdf5Content {
	const [, columns] = array.shape;
	if (array.isCompound || array.shape.length !== 2 || columns !== 4) {
		throw new FormatError(
			0,
			array.isCompound ? "records of several fields" : `an array of shape (${array.shape.join(", ")})`,
			"rows of x, y, t, p: (N, 4)",
			array.name,
		);
	}
	const rows = rowsWithin(array, 2, 0, () => undefined, choice);
	// MVSEC's pictures are of the same sensor.
	const picture = file.array(`${array.path.slice(0, array.path.lastIndexOf("/") + 1)}image_raw`)?.shape;
	const [, height, width] = picture?.length === 3 ? picture : [];
	return {
		arrays: { whole: arrayBytes(array, rows, [4]) },
		sensor: width === undefined || height === undefined ? undefined : { width, height },
		recordings: undefined,
		count: rows.until - rows.from,
	};
}

/** Rows of an array in the form of an `.npy` file. */
function arrayBytes(array: Hdf5Array, { from, until }: Rows, columns: readonly number[] = []): ArrayBytes {
	const head = npyHead(numbersOf(array), [Math.max(0, Math.min(until, array.shape[0] ?? 0) - from), ...columns]);
	return { name: array.name, pieces: { [Symbol.iterator]: () => piecesOf(array, from, until, head) } };
}

function* piecesOf(array: Hdf5Array, from: number, until: number, head: Uint8Array): Generator<Uint8Array> {
	yield head;
	const end = Math.min(until, array.shape[0] ?? 0);
	const step = array.rowsAtOnce(PIECE);
	// From where chunks begin, so that each is unpacked once.
	for (let at = from; at < end; at = (Math.floor(at / step) + 1) * step) {
		yield array.rows(at, Math.min(end, (Math.floor(at / step) + 1) * step));
	}
}

function numbersOf(array: Hdf5Array): string {
	if (array.numbers !== undefined) return array.numbers;
	throw new FormatError(0, "an array of something else", "numbers", array.name);
}

/** The head of an `.npy` file of version 1. */
function npyHead(numbers: string, shape: readonly number[]): Uint8Array {
	const text = `{'descr': '${numbers}', 'fortran_order': False, 'shape': (${shape.join(", ")},), }\n`;
	const head = new Uint8Array(10 + text.length);
	head.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, text.length & 0xff, text.length >> 8]);
	head.set(new TextEncoder().encode(text), 10);
	return head;
}

/** A number that stands alone, at the first of the places where there is one. */
function oneOf(file: Hdf5File, places: readonly string[]): number | undefined {
	for (const place of places) {
		const array = file.array(place);
		if (array !== undefined) return array.scalar();
	}
	return undefined;
}

function within(group: string, name: string): string {
	return group === "" ? name : `${group}/${name}`;
}
