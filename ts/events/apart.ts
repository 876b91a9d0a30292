// Event files whose arrays lie apart (NPZ, HDF5), as streams.

import { OptionError } from "../errors.js";
import type { EventsModule } from "../wasm/module.js";
import { type ArrayBytes, soundPieces } from "./arrays/column.js";
import { Joining } from "./arrays/join.js";
import { openNpz } from "./arrays/npz.js";
import type { Events } from "./chunk.js";
import { Decoding, type OnFault, type SensorPixels } from "./decode.js";
import { findEvents, type Hdf5Choice } from "./hdf5/layout.js";
import { type H5wasm, type Hdf5File, openHdf5 } from "./hdf5/library.js";
import { openRanges } from "./ranges.js";

/** How to read such a file. */
export interface ApartOptions extends Hdf5Choice {
	readonly onFault: OnFault;
	readonly h5wasm?: H5wasm | undefined;
}

/** Events of such a file. */
export interface ApartEvents {
	readonly sensor: SensorPixels | undefined;
	readonly recordings: number | undefined;
	/** About how many events there are, where that is known. */
	readonly count: number | undefined;
	/** Faulty events that were dropped so far. */
	readonly dropped: number;
	/** The events, in parts, each of which is overwritten by the next. */
	chunks(): Generator<Events>;
	/** Closes the file and gives the memory back. */
	close(): void;
}

/** Opens such a file. It must be one: of a stream, the arrays come one after the other. */
export async function openApart(
	module: EventsModule,
	source: unknown,
	format: "npz" | "hdf5",
	options: ApartOptions,
): Promise<ApartEvents> {
	if (!(typeof source === "string" || source instanceof URL || source instanceof Uint8Array)) {
		throw new OptionError("source", "a stream", `a path, a file: URL or a Uint8Array: ${format} is not read in one go`);
	}
	return format === "npz" ? openNpzEvents(module, source, options) : openHdf5Events(module, source, options);
}

async function openNpzEvents(
	module: EventsModule,
	source: string | URL | Uint8Array,
	{ onFault, ...choice }: ApartOptions,
): Promise<ApartEvents> {
	for (const name of ["recording", "at", "fromUs", "untilUs"] as const) {
		if (choice[name] !== undefined) throw new OptionError(name, choice[name], "none for npz");
	}
	const ranges = await openRanges(source);
	const close = () => ranges.close();
	try {
		const content = openNpz(ranges, module);
		const reading =
			"whole" in content ? new Whole(module, content.whole, onFault) : new Joining(module, content.fields, onFault);
		return new Apart(reading, close, { sensor: undefined, recordings: undefined, count: undefined });
	} catch (cause) {
		close();
		throw cause;
	}
}

async function openHdf5Events(
	module: EventsModule,
	source: string | URL | Uint8Array,
	{ onFault, h5wasm, ...choice }: ApartOptions,
): Promise<ApartEvents> {
	const file = await openHdf5(source, h5wasm);
	const close = () => file.close();
	try {
		const { reading, known } = readHdf5(module, file, choice, onFault);
		return new Apart(reading, close, known);
	} catch (cause) {
		close();
		throw cause;
	}
}

/** The events of an open file, and what is known of them. */
export function readHdf5(
	module: EventsModule,
	file: Hdf5File,
	choice: Hdf5Choice,
	onFault: OnFault,
): { reading: Reading; known: Pick<ApartEvents, "sensor" | "recordings" | "count"> } {
	const { arrays, ...known } = findEvents(file, module, choice);
	const reading =
		"whole" in arrays
			? new Whole(module, arrays.whole, onFault)
			: new Joining(module, arrays.fields, onFault, arrays.offsetUs);
	return { reading, known };
}

/** What gives events and holds memory in WASM. */
export interface Reading {
	readonly dropped: number;
	chunks(): Generator<Events>;
	free(): void;
}

/** Events that lie in one array. */
class Whole implements Reading {
	readonly #decoding: Decoding;
	readonly #array: ArrayBytes;
	readonly #onFault: OnFault;
	/** Faults of what the array comes from. */
	#lost = 0;

	constructor(module: EventsModule, array: ArrayBytes, onFault: OnFault) {
		this.#decoding = new Decoding(module);
		this.#decoding.start("npy", onFault, array.name);
		this.#array = array;
		this.#onFault = onFault;
	}

	get dropped(): number {
		return this.#lost + this.#decoding.dropped;
	}

	*chunks(): Generator<Events> {
		const pieces = soundPieces(this.#array, this.#onFault, () => {
			this.#lost += 1;
		});
		for (const piece of pieces) yield* this.#decoding.push(piece);
		yield* this.#decoding.finish();
	}

	free(): void {
		this.#decoding.free();
	}
}

class Apart implements ApartEvents {
	readonly sensor: SensorPixels | undefined;
	readonly recordings: number | undefined;
	readonly count: number | undefined;
	readonly #reading: Reading;
	readonly #close: () => void;
	#isOpen = true;
	#dropped = 0;

	constructor(
		reading: Reading,
		close: () => void,
		{ sensor, recordings, count }: Pick<ApartEvents, "sensor" | "recordings" | "count">,
	) {
		this.#reading = reading;
		this.#close = close;
		this.sensor = sensor;
		this.recordings = recordings;
		this.count = count;
	}

	get dropped(): number {
		if (this.#isOpen) this.#dropped = this.#reading.dropped;
		return this.#dropped;
	}

	*chunks(): Generator<Events> {
		try {
			yield* this.#reading.chunks();
		} finally {
			this.close();
		}
	}

	close(): void {
		if (!this.#isOpen) return;
		this.#dropped = this.#reading.dropped;
		this.#isOpen = false;
		this.#reading.free();
		this.#close();
	}
}
