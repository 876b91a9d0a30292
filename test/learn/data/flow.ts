// Recordings of an event camera with the true optical flow, as MVSEC lays them out in HDF5.

import { accessSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Dataset, File as Hdf5File, ready } from "h5wasm/node";
import { type Events, events } from "stllr";

/** A recording. */
export interface FlowRecording {
	readonly name: string;
	readonly width: number;
	readonly height: number;
	/** Times from the recording's own 0; `p` 1 where it got brighter, 0 where darker. */
	readonly events: Events;
	/** In the order of time, each beginning where the one before ends. */
	readonly flow: readonly FlowFrame[];
}

/** Where every pixel's content goes from one moment to another. */
export interface FlowFrame {
	readonly fromUs: number;
	readonly toUs: number;
	/** In pixels, by row and column, rightwards: [height][width]. */
	readonly dx: Float32Array;
	/** The same, downwards. */
	readonly dy: Float32Array;
}

/** The names of a set's recordings. */
export interface FlowSet {
	readonly train: readonly string[];
	readonly test: readonly string[];
}

/** Which recordings a folder has: `index.json` lists them; those whose files are not there are left out. */
export function listFlow(folder: string, isThere: (path: string) => boolean): FlowSet {
	const index: unknown = JSON.parse(readFileSync(join(folder, "index.json"), "utf8"));
	const sequences = typeof index === "object" && index !== null && "sequences" in index ? index.sequences : undefined;
	if (!Array.isArray(sequences)) throw new Error(`${folder}/index.json lists no sequences`);
	const names = sequences
		.map((sequence: { readonly name?: unknown }) => String(sequence.name))
		.filter((name) => isThere(join(folder, `${name}_data.hdf5`)) && isThere(join(folder, `${name}_gt.hdf5`)));
	const part = (start: string) => names.filter((name) => name.startsWith(start));
	return { train: part("train"), test: part("test") };
}

/** Reads a recording: `NAME_data.hdf5` and `NAME_gt.hdf5` of a folder. */
export async function readFlow(folder: string, name: string): Promise<FlowRecording> {
	const flow = await withHdf5(join(folder, `${name}_gt.hdf5`), (read) => ({
		maps: read("davis/left/flow_dist"),
		times: read("davis/left/flow_dist_ts").values,
	}));
	const [, parts = 0, height = 0, width = 0] = flow.maps.shape;
	if (parts !== 2) throw new Error(`${name}: flow of ${parts} parts; wanted: 2, rightwards and downwards`);
	const rows = await withHdf5(join(folder, `${name}_data.hdf5`), (read) => read("davis/left/events"));
	const microseconds = Array.from(flow.times, (second) => Math.round(1e6 * second));
	const map = (frame: number, part: number) => {
		const begin = (2 * frame + part) * width * height;
		return Float32Array.from(flow.maps.values.subarray(begin, begin + width * height));
	};
	// The last map is of no interval: no later moment follows.
	const frames = microseconds.slice(0, -1).map((fromUs, at) => {
		return { fromUs, toUs: microseconds[at + 1] ?? fromUs, dx: map(at, 0), dy: map(at, 1) };
	});
	return { name, width, height, events: eventsOf(rows, name), flow: frames };
}

/** Events from rows of x, y, seconds, and 1 or -1. */
function eventsOf({ shape, values }: Numbers, name: string): Events {
	const [count = 0, columns = 0] = shape;
	if (columns !== 4) throw new Error(`${name}: events of ${columns} columns; wanted: x, y, seconds, polarity`);
	const column = (at: number, value: (stored: number) => number) =>
		Float64Array.from({ length: count }, (_, row) => value(values[4 * row + at] ?? 0));
	return events({
		x: column(0, (x) => x),
		y: column(1, (y) => y),
		t: column(2, (second) => Math.round(1e6 * second)),
		p: column(3, (sign) => (sign > 0 ? 1 : 0)),
	});
}

/** An array of numbers from a file. */
interface Numbers {
	readonly shape: readonly number[];
	readonly values: Float64Array;
}

/** Opens an HDF5 file for as long as `use` takes. */
async function withHdf5<T>(path: string, use: (read: (name: string) => Numbers) => T): Promise<T> {
	await ready;
	// The library's own error does not name the file.
	accessSync(path);
	const file = new Hdf5File(path, "r");
	try {
		return use((name) => {
			const found = file.get(name);
			const values = found instanceof Dataset ? found.value : undefined;
			if (!(found instanceof Dataset) || !(values instanceof Float64Array || values instanceof Float32Array)) {
				throw new Error(`${path}: there is no array of floating-point numbers ${name}`);
			}
			return { shape: found.shape ?? [], values: Float64Array.from(values) };
		});
	} finally {
		file.close();
	}
}
