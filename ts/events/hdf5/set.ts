// An HDF5 file that is a set of recordings (SHD, SSC), open for as long as they are read.

import { FormatError } from "../../errors.js";
import type { EventsModule } from "../../wasm/module.js";
import { Joining } from "../arrays/join.js";
import type { Events } from "../chunk.js";
import type { OnFault } from "../decode.js";
import { findEvents, recordingsIn } from "./layout.js";
import { type H5wasm, type Hdf5File, openHdf5 } from "./library.js";

/** The recordings of a file. */
export class RecordingSet {
	readonly file: Hdf5File;
	/** How many there are. */
	readonly count: number;
	readonly #module: EventsModule;
	readonly #onFault: OnFault;
	#dropped = 0;

	constructor(module: EventsModule, file: Hdf5File, count: number, onFault: OnFault) {
		this.#module = module;
		this.file = file;
		this.count = count;
		this.#onFault = onFault;
	}

	/** Faulty spikes that were dropped of all recordings so far. */
	get dropped(): number {
		return this.#dropped;
	}

	/** The spikes of a recording, in parts, each of which is overwritten by the next. */
	*chunks(recording: number): Generator<Events> {
		const { arrays } = findEvents(this.file, this.#module, { recording });
		if (!("fields" in arrays)) throw new Error("recordings of a set have fields");
		const joining = new Joining(this.#module, arrays.fields, this.#onFault, arrays.offsetUs);
		try {
			yield* joining.chunks();
		} finally {
			this.#dropped += joining.dropped;
			joining.free();
		}
	}

	/** The labels of the recordings; none where the file has none. */
	labels(): number[] {
		const array = this.file.array("labels");
		if (array === undefined) return [];
		const labels = Array.from(array.values());
		if (labels.length === this.count) return labels;
		throw new FormatError(0, `${labels.length} labels`, `${this.count}, as many as recordings`, array.name);
	}
}

/** Opens a file as a set of recordings; undefined where it is none, and then it is closed again. */
export async function openSet(
	module: EventsModule,
	source: string | URL | Uint8Array,
	onFault: OnFault,
	h5wasm?: H5wasm,
): Promise<RecordingSet | undefined> {
	const file = await openHdf5(source, h5wasm);
	try {
		const count = recordingsIn(file);
		if (count !== undefined) return new RecordingSet(module, file, count, onFault);
	} catch (cause) {
		file.close();
		throw cause;
	}
	file.close();
	return undefined;
}
