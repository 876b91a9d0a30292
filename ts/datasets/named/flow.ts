// Events with the true optical flow, as MVSEC lays them out: two HDF5 files a recording.

import { DatasetError } from "../../errors.js";
import { readHdf5 } from "../../events/apart.js";
import type { Events } from "../../events/chunk.js";
import { Gathering, type OnFault } from "../../events/decode.js";
import { type H5wasm, type Hdf5Array, type Hdf5File, openHdf5 } from "../../events/hdf5/library.js";
import { type EventsModule, loadEventsModule } from "../../wasm/module.js";
import type { CheckedOptions } from "../labelled.js";
import { sortNames } from "../tree.js";
import { type DatasetName, notFound } from "./catalogue.js";

/** From one moment to another. */
export interface FlowInterval {
	readonly fromUs: number;
	readonly toUs: number;
}

/** Where every pixel's content goes from one moment to another. */
export interface FlowFrame extends FlowInterval {
	/** In pixels, by row and column, rightwards: [height][width]. */
	readonly dx: Float32Array;
	/** The same, downwards. */
	readonly dy: Float32Array;
	/** 1 where the flow is known, 0 where not, which then is 0; where it is left out all are known. */
	readonly valid?: Uint8Array;
}

/** A recording that is open. */
export interface OpenFlow {
	readonly width: number;
	readonly height: number;
	/** How many frames of flow there are, in the order of time. */
	readonly frames: number;
	/** Is the flow there, or only when it is asked for (as in DSEC's test part)? */
	readonly hasTruth: boolean;
	/** When a frame is, from 0. */
	interval(index: number): FlowInterval;
	/** A frame; throws a DatasetError where the flow is not there. */
	frame(index: number): FlowFrame;
	/** The events with `fromUs <= time < untilUs`; all of them without. */
	events(fromUs?: number, untilUs?: number): Events;
	/** Closes its files. */
	close(): void;
}

/** A recording; it is opened when it is asked for, and stays open until it is closed. */
export interface FlowRecording {
	readonly name: string;
	open(): Promise<OpenFlow>;
}

/** Recordings with the true flow. */
export interface FlowSet {
	readonly name: string;
	readonly train: readonly FlowRecording[];
	readonly test: readonly FlowRecording[];
}

const [DATA, TRUTH] = ["_data.hdf5", "_gt.hdf5"];

/** Opens MVSEC, or what is laid out as it is. Which scenes are to train the names tell. */
export async function openFlow(
	name: DatasetName,
	folder: string,
	{ onFault }: CheckedOptions,
	isTraining: (scene: string) => boolean,
	h5wasm?: H5wasm,
): Promise<FlowSet> {
	const [fs, path, module] = await Promise.all([import("node:fs"), import("node:path"), loadEventsModule()]);
	const names = new Set(fs.readdirSync(folder));
	const scenes = sortNames([...names].filter((file) => file.endsWith(DATA)).map((file) => file.slice(0, -DATA.length)));
	const whole = scenes.filter((scene) => names.has(scene + TRUTH));
	if (whole.length === 0)
		throw notFound(name, folder, `there are no two files <scene>${DATA} and <scene>${TRUTH} here`);
	const recording = (scene: string): FlowRecording => ({
		name: scene,
		open: () => Flow.open(module, path.join(folder, scene), onFault, h5wasm),
	});
	const part = (wanted: boolean) => whole.filter((scene) => isTraining(scene) === wanted).map(recording);
	return { name: folder, train: part(true), test: part(false) };
}

class Flow implements OpenFlow {
	readonly width: number;
	readonly height: number;
	readonly frames: number;
	readonly hasTruth = true;
	readonly #module: EventsModule;
	readonly #data: Hdf5File;
	readonly #truth: Hdf5File;
	readonly #onFault: OnFault;
	readonly #maps: Hdf5Array;
	/** When the maps begin, in us. */
	readonly #times: readonly number[];

	private constructor(module: EventsModule, data: Hdf5File, truth: Hdf5File, onFault: OnFault) {
		this.#module = module;
		this.#data = data;
		this.#truth = truth;
		this.#onFault = onFault;
		const [maps, times] = [truth.array("davis/left/flow_dist"), truth.array("davis/left/flow_dist_ts")];
		const [count, parts, height = 0, width = 0] = maps?.shape ?? [];
		if (maps === undefined || times === undefined || parts !== 2 || times.shape[0] !== count) {
			const wanted = "davis/left/flow_dist of shape (N, 2, height, width) with N times in flow_dist_ts";
			throw new DatasetError(`${truth.name}: there is no flow in it; looked for ${wanted}`);
		}
		this.#maps = maps;
		this.#times = Array.from(times.values(), (second) => Math.round(1e6 * second));
		// The last map is of no interval: no later moment follows.
		this.frames = Math.max(0, this.#times.length - 1);
		this.width = width;
		this.height = height;
	}

	static async open(module: EventsModule, scene: string, onFault: OnFault, h5wasm?: H5wasm): Promise<Flow> {
		const data = await openHdf5(scene + DATA, h5wasm);
		let truth: Hdf5File | undefined;
		try {
			truth = await openHdf5(scene + TRUTH, h5wasm);
			return new Flow(module, data, truth, onFault);
		} catch (cause) {
			data.close();
			truth?.close();
			throw cause;
		}
	}

	interval(index: number): FlowInterval {
		const [fromUs, toUs] = [this.#times[index], this.#times[index + 1]];
		if (fromUs !== undefined && toUs !== undefined) return { fromUs, toUs };
		throw new DatasetError(`${this.#maps.name}: there is no frame ${index}; allowed: 0 to ${this.frames - 1}`);
	}

	frame(index: number): FlowFrame {
		const interval = this.interval(index);
		const values = this.#maps.values(index, index + 1);
		const pixels = this.width * this.height;
		const [dx, dy] = [values.subarray(0, pixels), values.subarray(pixels, 2 * pixels)];
		return { ...interval, dx: Float32Array.from(dx), dy: Float32Array.from(dy) };
	}

	events(fromUs?: number, untilUs?: number): Events {
		return eventsOf(this.#module, this.#data, this.#onFault, fromUs, untilUs);
	}

	close(): void {
		this.#data.close();
		this.#truth.close();
	}
}

/** The events of a window of an open file. */
export function eventsOf(
	module: EventsModule,
	file: Hdf5File,
	onFault: OnFault,
	fromUs: number | undefined,
	untilUs: number | undefined,
): Events {
	const { reading, known } = readHdf5(module, file, { fromUs, untilUs }, onFault);
	try {
		const gathered = new Gathering(known.count ?? 0);
		for (const chunk of reading.chunks()) gathered.add(chunk);
		return gathered.events();
	} finally {
		reading.free();
	}
}
