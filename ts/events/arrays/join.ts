// Events whose fields lie in an array each, put together by index.

import { FormatError } from "../../errors.js";
import { type Events, MAX_TIME_US } from "../chunk.js";
import { firstOf, type OnFault } from "../decode.js";
import { type ArrayBytes, Column, type ColumnModule, FIELDS, type FieldName } from "./column.js";

/** The arrays of events. Without rows or polarities these are 0. */
export interface FieldArrays {
	readonly t: ArrayBytes;
	readonly x: ArrayBytes;
	readonly y?: ArrayBytes | undefined;
	readonly p?: ArrayBytes | undefined;
}

/** How many events are put together at a time. */
const CHUNK = 4096;

/** Puts events together: about 40 kB of WASM memory a field, whatever the arrays' length. */
export class Joining {
	readonly #columns: Readonly<Partial<Record<FieldName, Column>>>;
	readonly #onFault: OnFault;
	readonly #offsetUs: number;
	#own = 0;

	/** @param offsetUs is added to all times */
	constructor(module: ColumnModule, arrays: FieldArrays, onFault: OnFault, offsetUs = 0) {
		const columns: Partial<Record<FieldName, Column>> = {};
		for (const field of FIELDS) {
			const array = arrays[field];
			if (array !== undefined) columns[field] = new Column(module, field, array, onFault);
		}
		this.#columns = columns;
		this.#onFault = onFault;
		this.#offsetUs = offsetUs;
	}

	/** Events that were dropped so far, and faults of arrays. */
	get dropped(): number {
		return this.#all().reduce((sum, column) => sum + column.dropped, this.#own);
	}

	/**
	 * The events, in parts, each of which is overwritten by the next.
	 *
	 * @throws FormatError at a fault, with the byte in the array that it names, after the events before it
	 */
	*chunks(): Generator<Events> {
		const room = {
			t: new Float64Array(CHUNK),
			x: new Uint16Array(CHUNK),
			y: new Uint16Array(CHUNK),
			p: new Uint8Array(CHUNK),
		};
		for (;;) {
			let count = CHUNK;
			for (const column of this.#all()) count = Math.min(count, column.ready());
			if (count === 0) break;
			const made = this.#join(room, count);
			if (made > 0) yield firstOf(room, made);
		}
		this.#end();
	}

	/** Gives the memory back. */
	free(): void {
		for (const column of this.#all()) column.free();
	}

	#all(): Column[] {
		return FIELDS.flatMap((field) => this.#columns[field] ?? []);
	}

	/** Puts the next events together, and says how many are sound. */
	#join(room: Events, count: number): number {
		const isSound = new Uint8Array(count).fill(1);
		for (const field of FIELDS) {
			const column = this.#columns[field];
			if (column === undefined) continue;
			const offset = field === "t" ? this.#offsetUs : 0;
			const [values, to] = [column.take(count), room[field]];
			for (let at = 0; at < count; at += 1) {
				const value = (values[at] as number) + offset;
				to[at] = value;
				if (value >= 0 && value <= MAX_TIME_US) continue;
				if (this.#onFault === "refuse") throw timeFault(value, column);
				isSound[at] = 0;
			}
		}
		let made = 0;
		for (let at = 0; at < count; at += 1) {
			if (isSound[at] === 0) continue;
			if (made < at) for (const field of FIELDS) room[field][made] = room[field][at] as number;
			made += 1;
		}
		this.#own += count - made;
		return made;
	}

	/** All arrays must have ended. */
	#end(): void {
		const [first, ...others] = this.#all();
		if (first === undefined) return;
		const left = [first, ...others].find((column) => column.ready() > 0);
		if (left === undefined) return;
		const ended = [first, ...others].find((column) => column.ready() === 0) ?? first;
		if (this.#onFault === "skip") {
			this.#own += 1;
			return;
		}
		const found = `an end after ${ended.count} values, where ${left.name} has more`;
		throw new FormatError(0, found, "arrays of one length", ended.name);
	}
}

function timeFault(us: number, { name, count }: Column): FormatError {
	return new FormatError(0, `a time of ${us} us, among the ${count} first`, `0 to ${MAX_TIME_US} us`, name);
}
