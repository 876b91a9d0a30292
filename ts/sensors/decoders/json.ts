// JSON, described by a schema: messages of MQTT and WebSockets, or lines of a serial line or a socket.

import { FormatError, OptionError } from "../../errors.js";
import { type Events, events, MAX_TIME_US } from "../../events/chunk.js";
import type { OnFault } from "../../events/decode.js";
import type { LiveDecoder } from "./decoder.js";

/** How many us a unit of time has. */
const UNITS = { s: 1e6, ms: 1e3, us: 1, ns: 1e-3 } as const;

/** Where the values of an event are in a JSON message. A path goes into objects by dots: `pixel.x`. */
export interface JsonSchema {
	/** The path of the list of events. Without it, the message is an event, or a list of events. */
	readonly list?: string;
	/** The path of the time. Without it events get the time at which they came. */
	readonly t?: string;
	/** Its unit: `s`, `ms`, `us` (the default) or `ns`. It is rounded to whole us. */
	readonly unit?: keyof typeof UNITS;
	/** The path of the column, or a column for all. Default `x`. */
	readonly x?: string | number;
	/** Of the row. Default 0. */
	readonly y?: string | number;
	/** Of the polarity: a number, -1 (which becomes 0), true or false. Default 1. */
	readonly p?: string | number;
	/** The path, from the message on, of a number that each message has one more of: then lost ones are counted. */
	readonly sequence?: string;
}

/** The longest line, or message, that is read. */
const MOST_BYTES = 2 ** 20;

/** A decoder of JSON: a message each, or a line each where the bytes are one stream. */
export function json(schema: JsonSchema, onFault: OnFault, name: string): LiveDecoder {
	return new Json(schema, onFault, name);
}

type Path = readonly string[] | number;

class Json implements LiveDecoder {
	readonly hasTimes: boolean;
	readonly #onFault: OnFault;
	readonly #name: string;
	readonly #list: Path | undefined;
	readonly #sequence: Path | undefined;
	readonly #factor: number;
	readonly #paths: Readonly<Record<"t" | "x" | "y" | "p", Path>>;
	/** The pieces of a line that has not ended yet, joined once it has. */
	#pieces: Uint8Array[] = [];
	#pieceBytes = 0;
	#isTooLong = false;
	#offset = 0;
	#expected: number | undefined;
	#faults = 0;
	#lost = 0;

	constructor({ list, t, unit = "us", x = "x", y = 0, p = 1, sequence }: JsonSchema, onFault: OnFault, name: string) {
		if (!Object.hasOwn(UNITS, unit)) throw new OptionError("schema.unit", unit, Object.keys(UNITS).join(", "));
		this.#onFault = onFault;
		this.#name = name;
		this.hasTimes = t !== undefined;
		this.#factor = UNITS[unit];
		this.#list = pathOf(list);
		this.#sequence = pathOf(sequence);
		this.#paths = { t: pathOf(t) ?? 0, x: pathOf(x) ?? 0, y: pathOf(y) ?? 0, p: pathOf(p) ?? 0 };
	}

	get faults(): number {
		return this.#faults;
	}

	get lost(): number {
		return this.#lost;
	}

	*push(bytes: Uint8Array, isWhole: boolean): Generator<Events> {
		if (isWhole) {
			const made = this.#message(bytes);
			if (made !== undefined) yield made;
			return;
		}
		for (let from = 0; from < bytes.length; ) {
			const end = bytes.indexOf(10, from);
			const part = bytes.subarray(from, end < 0 ? bytes.length : end);
			from += part.length + 1;
			this.#hold(part);
			if (end < 0) return;
			const made = this.#endLine();
			if (made !== undefined) yield made;
		}
	}

	*end(): Generator<Events> {
		const made = this.#endLine();
		if (made !== undefined) yield made;
	}

	close(): void {
		this.#pieces = [];
	}

	#hold(part: Uint8Array): void {
		if (this.#isTooLong || part.length === 0) return;
		this.#pieceBytes += part.length;
		if (this.#pieceBytes > MOST_BYTES) {
			this.#isTooLong = true;
			this.#pieces = [];
			this.#fault("a line that is too long", `up to ${MOST_BYTES} bytes`);
			return;
		}
		// The part's memory is the transport's.
		this.#pieces.push(part.slice());
	}

	#endLine(): Events | undefined {
		const line = new Uint8Array(this.#isTooLong ? 0 : this.#pieceBytes);
		let at = 0;
		for (const piece of this.#pieces) {
			line.set(piece, at);
			at += piece.length;
		}
		this.#pieces = [];
		this.#pieceBytes = 0;
		this.#isTooLong = false;
		return isBlank(line) ? undefined : this.#message(line);
	}

	#message(bytes: Uint8Array): Events | undefined {
		if (bytes.length > MOST_BYTES) return this.#fault("a message that is too long", `up to ${MOST_BYTES} bytes`);
		let message: unknown;
		try {
			message = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
		} catch {
			return this.#fault("no JSON", "JSON in UTF-8");
		}
		this.#count(message);
		const found = this.#list === undefined ? message : at(message, this.#list);
		if (found === undefined) return this.#fault("a message without its list of events", "one as the schema has it");
		const records: readonly unknown[] = Array.isArray(found) ? found : [found];
		const rows = { t: [] as number[], x: [] as number[], y: [] as number[], p: [] as number[] };
		for (const record of records) this.#record(record, rows);
		this.#offset += bytes.length;
		return rows.t.length === 0 ? undefined : events(rows);
	}

	#record(record: unknown, rows: Record<"t" | "x" | "y" | "p", number[]>): void {
		const { t: time, x: column, y: row, p: polarity } = this.#paths;
		const t = Math.round(numberOf(at(record, time)) * this.#factor);
		const [x, y] = [numberOf(at(record, column)), numberOf(at(record, row))];
		const given = numberOf(at(record, polarity));
		const p = given === -1 ? 0 : given;
		const isWhole = (value: number, most: number) => Number.isInteger(value) && value >= 0 && value <= most;
		if (!isWhole(t, MAX_TIME_US) || !isWhole(x, 65_535) || !isWhole(y, 65_535) || !isWhole(p, 255)) {
			this.#fault(`an event with t ${t} us, x ${x}, y ${y}, p ${p}`, "whole numbers, as an event has them");
			return;
		}
		rows.t.push(t);
		rows.x.push(x);
		rows.y.push(y);
		rows.p.push(p);
	}

	/** Compares the sender's number with the one before. One that goes back is of a sender that began anew. */
	#count(message: unknown): void {
		if (this.#sequence === undefined) return;
		const number = numberOf(at(message, this.#sequence));
		if (!Number.isSafeInteger(number)) return;
		if (this.#expected !== undefined && number > this.#expected) this.#lost += number - this.#expected;
		this.#expected = number + 1;
	}

	#fault(found: string, allowed: string): undefined {
		if (this.#onFault === "refuse") throw new FormatError(this.#offset, found, allowed, this.#name);
		this.#faults += 1;
	}
}

function pathOf(path: string | number | undefined): Path | undefined {
	if (typeof path === "string") return path.split(".");
	return path;
}

/** What is at a path; a number stands for itself. */
function at(value: unknown, path: Path): unknown {
	if (typeof path === "number") return path;
	let found = value;
	for (const key of path) {
		if (typeof found !== "object" || found === null || !Object.hasOwn(found, key)) return undefined;
		found = Reflect.get(found, key);
	}
	return found;
}

function numberOf(value: unknown): number {
	if (typeof value === "boolean") return value ? 1 : 0;
	return typeof value === "number" ? value : Number.NaN;
}

function isBlank(line: Uint8Array): boolean {
	return line.every((byte) => byte === 32 || byte === 13 || byte === 9);
}
