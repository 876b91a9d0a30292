// One field of events from an array of its own, by the decoder in WASM.

import { FormatError } from "../../errors.js";
import type { OnFault } from "../decode.js";

/** The decoder of a field that the WASM module gives; see its Rust source for what the calls do. */
export interface WasmColumn {
	feed(from: number, until: number): number;
	finish(): void;
	consumed(): number;
	dropped(): number;
	hasFault(): boolean;
	faultOffset(): number;
	faultFound(): string;
	faultAllowed(): string;
	inputCapacity(): number;
	inputPtr(): number;
	valuesPtr(): number;
	free(): void;
}

/** What decoding fields needs of the WASM module. */
export interface ColumnModule {
	readonly memory: WebAssembly.Memory;
	readonly Column: new (field: number, skip: boolean) => WasmColumn;
	readonly fieldOf: (name: string) => number;
}

/** The fields of an event, by their numbers in WASM. */
export const FIELDS = ["t", "x", "y", "p"] as const;

/** A field's name. */
export type FieldName = (typeof FIELDS)[number];

/** An array of numbers in the form of an `.npy` file, piece by piece. A piece is done with when the next is asked for. */
export interface ArrayBytes {
	/** What the array is called, for errors. */
	readonly name: string;
	readonly pieces: Iterable<Uint8Array>;
}

/** The pieces of an array up to a fault of what it comes from: that is thrown, or told of and the array ends there. */
export function* soundPieces({ pieces }: ArrayBytes, onFault: OnFault, tell: () => void): Generator<Uint8Array> {
	try {
		yield* pieces;
	} catch (cause) {
		if (onFault === "refuse" || !(cause instanceof FormatError)) throw cause;
		tell();
	}
}

const NONE = new Uint8Array(0);

/** The values of a field, in order. */
export class Column {
	readonly #memory: WebAssembly.Memory;
	readonly #column: WasmColumn;
	readonly #array: ArrayBytes;
	readonly #pieces: Generator<Uint8Array>;
	/** What is left of the last piece, and of what was put into WASM of it. */
	#piece: Uint8Array = NONE;
	#from = 0;
	#until = 0;
	/** How many values are ready, and how many of them are taken. */
	#ready = 0;
	#taken = 0;
	#isEnded = false;
	#count = 0;
	/** Faults of what the array comes from. */
	#lost = 0;

	constructor({ memory, Column }: ColumnModule, field: FieldName, array: ArrayBytes, onFault: OnFault) {
		this.#memory = memory;
		this.#column = new Column(FIELDS.indexOf(field), onFault === "skip");
		this.#array = array;
		this.#pieces = soundPieces(array, onFault, () => {
			this.#lost += 1;
		});
	}

	/** What the array is called. */
	get name(): string {
		return this.#array.name;
	}

	/** How many values have been taken. */
	get count(): number {
		return this.#count;
	}

	/** Faults of the array as a whole that were skipped. */
	get dropped(): number {
		return this.#lost + this.#column.dropped();
	}

	/**
	 * How many values are ready, at least one unless the array has ended.
	 *
	 * @throws FormatError at a fault, with the byte in the array, after the values before it
	 */
	ready(): number {
		while (this.#ready === this.#taken && !this.#isEnded) this.#fill();
		return this.#ready - this.#taken;
	}

	/** The next values, of those that are ready, until the next call of anything. */
	take(count: number): Float64Array {
		const { buffer } = this.#memory;
		const values = new Float64Array(buffer, this.#column.valuesPtr() + 8 * this.#taken, count);
		this.#taken += count;
		this.#count += count;
		return values;
	}

	/** Gives the memory back, and leaves off with the array. */
	free(): void {
		this.#column.free();
		this.#pieces.return(undefined);
	}

	#fill(): void {
		const column = this.#column;
		[this.#ready, this.#taken] = [0, 0];
		if (this.#from < this.#until) {
			this.#ready = column.feed(this.#from, this.#until);
			this.#check();
			this.#from += column.consumed();
		} else if (this.#piece.length > 0) {
			const part = this.#piece.subarray(0, column.inputCapacity());
			new Uint8Array(this.#memory.buffer, column.inputPtr(), part.length).set(part);
			this.#piece = this.#piece.subarray(part.length);
			[this.#from, this.#until] = [0, part.length];
		} else {
			const { done, value } = this.#pieces.next();
			if (done !== true) {
				this.#piece = value;
				return;
			}
			this.#isEnded = true;
			column.finish();
			this.#check();
		}
	}

	#check(): void {
		const column = this.#column;
		if (!column.hasFault()) return;
		throw new FormatError(column.faultOffset(), column.faultFound(), column.faultAllowed(), this.#array.name);
	}
}
