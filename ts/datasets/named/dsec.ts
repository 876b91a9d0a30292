// DSEC-Flow: events of a driving car in HDF5, the true flow between two moments in PNG pictures.

import { DatasetError } from "../../errors.js";
import type { Events } from "../../events/chunk.js";
import type { OnFault } from "../../events/decode.js";
import { type H5wasm, type Hdf5File, openHdf5 } from "../../events/hdf5/library.js";
import { type EventsModule, loadEventsModule } from "../../wasm/module.js";
import type { CheckedOptions } from "../labelled.js";
import { sortNames } from "../tree.js";
import { notFound } from "./catalogue.js";
import {
	eventsOf,
	type FlowFrame,
	type FlowInterval,
	type FlowRecording,
	type FlowSet,
	type OpenFlow,
} from "./flow.js";
import type { Picture48 } from "./png.js";

const NAME = "dsec-flow";
const [WIDTH, HEIGHT] = [640, 480];
/** Folders that hold a folder for each sequence: as the archives unpack, or put together. */
const PARTS = ["train_events", "train_optical_flow", "train", "test_events", "test", ""];
/** Where a sequence has its events. */
const EVENTS = ["events/left/events.h5", "events_left/events.h5"];
const FLOW = "flow/forward";
const TIMES = "flow/forward_timestamps.txt";
/** When the flow of the test part is asked for; what it is only the authors know. */
const ASKED = "test_forward_optical_flow_timestamps";

/** Opens it. Sequences without flow are left out. */
export async function openDsec(folder: string, { onFault }: CheckedOptions, h5wasm?: H5wasm): Promise<FlowSet> {
	const [fs, path, module] = await Promise.all([import("node:fs"), import("node:path"), loadEventsModule()]);
	// What unpacks pictures is loaded by whom it is for.
	const { readPng48 } = await import("./png.js");
	const roots = PARTS.map((part) => path.join(folder, part)).filter((root) => fs.existsSync(root));
	const first = (...places: readonly string[]) => places.find((place) => fs.existsSync(place));
	const sequences = new Set(
		roots
			.flatMap((root) => fs.readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory()))
			.map(({ name }) => name),
	);
	const recordings = sortNames(sequences).flatMap((name) => {
		const within = (...files: readonly string[]) =>
			first(...roots.flatMap((root) => files.map((file) => path.join(root, name, file))));
		const [events, flow, times] = [within(...EVENTS), within(FLOW), within(TIMES)];
		const asked = first(path.join(folder, ASKED, `${name}.csv`));
		const table = times ?? asked;
		if (events === undefined || table === undefined || (times !== undefined && flow === undefined)) return [];
		const isTrain = times !== undefined;
		const open = async (): Promise<OpenFlow> => {
			const intervals = intervalsOf(fs.readFileSync(table, "utf8"), table);
			const pictures = isTrain && flow !== undefined ? sortNames(fs.readdirSync(flow).filter(isPicture)) : undefined;
			if (flow !== undefined && pictures !== undefined && pictures.length !== intervals.length) {
				throw new DatasetError(`${flow}: ${pictures.length} pictures; ${table} has ${intervals.length} intervals`);
			}
			const read = (index: number) => {
				const file = path.join(flow ?? "", pictures?.[index] ?? "");
				const picture = readPng48(module, new Uint8Array(fs.readFileSync(file)), file);
				const { width, height } = picture;
				if (width === WIDTH && height === HEIGHT) return picture;
				throw new DatasetError(`${file}: ${width} x ${height} pixels; allowed: ${WIDTH} x ${HEIGHT}`);
			};
			return new Dsec(module, await openHdf5(events, h5wasm), onFault, intervals, pictures && read);
		};
		return [{ isTrain, recording: { name, open } satisfies FlowRecording }];
	});
	if (recordings.length === 0) throw notFound(NAME, folder, "there is no sequence with events and flow here");
	const part = (wanted: boolean) =>
		recordings.filter(({ isTrain }) => isTrain === wanted).map(({ recording }) => recording);
	return { name: folder, train: part(true), test: part(false) };
}

function isPicture(name: string): boolean {
	return name.endsWith(".png");
}

/** Lines of two times in us, and maybe an index; the first may name them. */
function intervalsOf(text: string, place: string): FlowInterval[] {
	return text.split(/\r?\n/).flatMap((line, index): FlowInterval[] => {
		if (line.trim() === "" || line.startsWith("#") || (index === 0 && /[a-z]/i.test(line))) return [];
		const [fromUs, toUs] = line.split(",").map(Number);
		if (fromUs !== undefined && toUs !== undefined && fromUs >= 0 && fromUs < toUs) return [{ fromUs, toUs }];
		throw new DatasetError(
			`${place} line ${index + 1}: ${JSON.stringify(line.slice(0, 80))}; allowed: a time and a later one, in us`,
		);
	});
}

class Dsec implements OpenFlow {
	readonly width = WIDTH;
	readonly height = HEIGHT;
	readonly frames: number;
	readonly hasTruth: boolean;
	readonly #module: EventsModule;
	readonly #data: Hdf5File;
	readonly #onFault: OnFault;
	readonly #intervals: readonly FlowInterval[];
	readonly #picture: ((index: number) => Picture48) | undefined;

	constructor(
		module: EventsModule,
		data: Hdf5File,
		onFault: OnFault,
		intervals: readonly FlowInterval[],
		picture: ((index: number) => Picture48) | undefined,
	) {
		this.#module = module;
		this.#data = data;
		this.#onFault = onFault;
		this.#intervals = intervals;
		this.#picture = picture;
		this.frames = intervals.length;
		this.hasTruth = picture !== undefined;
	}

	interval(index: number): FlowInterval {
		const interval = this.#intervals[index];
		if (interval !== undefined) return interval;
		throw new DatasetError(`${this.#data.name}: there is no frame ${index}; allowed: 0 to ${this.frames - 1}`);
	}

	/** Red is the way rightwards and green downwards, in 1/128 pixel from 2^15; blue is 1 where they are known. */
	frame(index: number): FlowFrame {
		const interval = this.interval(index);
		if (this.#picture === undefined) {
			throw new DatasetError(`${this.#data.name}: the flow of the test part is not public`);
		}
		const { width, height, values } = this.#picture(index);
		const [dx, dy] = [new Float32Array(width * height), new Float32Array(width * height)];
		const valid = new Uint8Array(width * height);
		for (const at of dx.keys()) {
			valid[at] = Math.min(1, values[3 * at + 2] ?? 0);
			if (valid[at] === 0) continue;
			dx[at] = ((values[3 * at] ?? 0) - 2 ** 15) / 128;
			dy[at] = ((values[3 * at + 1] ?? 0) - 2 ** 15) / 128;
		}
		return { ...interval, dx, dy, valid };
	}

	events(fromUs?: number, untilUs?: number): Events {
		return eventsOf(this.#module, this.#data, this.#onFault, fromUs, untilUs);
	}

	close(): void {
		this.#data.close();
	}
}
