// The bytes of a pickle: numbers and texts one after the other, each checked to lie in it.

import { FormatError } from "../../errors.js";

/** Bytes of an integer: 16, as the longest in PyTorch's files has 10. */
const MOST_INTEGER = 16;

/** Where the reading of a pickle is. */
export class Cursor {
	readonly #bytes: Uint8Array;
	readonly #view: DataView;
	readonly #begin: number;
	readonly #place: string | undefined;
	readonly #text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
	#at = 0;
	#opcodeAt = 0;

	/** @param begin added to byte offsets in errors */
	constructor(bytes: Uint8Array, begin: number, place: string | undefined) {
		this.#bytes = bytes;
		this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
		this.#begin = begin;
		this.#place = place;
	}

	/** How many bytes are read. */
	get read(): number {
		return this.#at;
	}

	/** Where the opcode at work begins, as errors give it. */
	get byteOffset(): number {
		return this.#begin + this.#opcodeAt;
	}

	/** The next opcode, which errors are of from now on. */
	opcode(): number {
		this.#opcodeAt = this.#at;
		return this.#view.getUint8(this.#take(1, "an opcode"));
	}

	unsigned(bytes: 1 | 2 | 4 | 8): number {
		const at = this.#take(bytes, "a number");
		if (bytes === 1) return this.#view.getUint8(at);
		if (bytes === 2) return this.#view.getUint16(at, true);
		if (bytes === 4) return this.#view.getUint32(at, true);
		return Number(this.#view.getBigUint64(at, true));
	}

	int32(): number {
		return this.#view.getInt32(this.#take(4, "an integer"), true);
	}

	/** A float64, big-endian. */
	float(): number {
		return this.#view.getFloat64(this.#take(8, "a number"));
	}

	/** A signed integer, little-endian; a bigint where a number would not be exact. */
	long(bytes: number): number | bigint {
		if (bytes > MOST_INTEGER) throw this.fault(`an integer of ${bytes} bytes`, `${MOST_INTEGER} at most`);
		const at = this.#take(bytes, "an integer");
		let value = 0n;
		for (let index = bytes - 1; index >= 0; index -= 1) value = (value << 8n) | BigInt(this.#view.getUint8(at + index));
		value = BigInt.asIntN(8 * bytes, value);
		return Number.isSafeInteger(Number(value)) ? Number(value) : value;
	}

	/** A copy of bytes. */
	binary(length: number): Uint8Array {
		const from = this.#take(length, "bytes");
		return this.#bytes.slice(from, from + length);
	}

	string(length: number): string {
		const from = this.#take(length, "a text");
		return this.#decode(from, from + length);
	}

	/** A text up to the end of its line. */
	line(): string {
		const end = this.#bytes.indexOf(0x0a, this.#at);
		if (end < 0) throw this.fault("a line without an end", "a whole pickle");
		const text = this.#decode(this.#at, end);
		this.#at = end + 1;
		return text;
	}

	/** The error of the opcode at work. */
	fault(found: string, allowed: string): FormatError {
		return new FormatError(this.byteOffset, found, allowed, this.#place);
	}

	/** Where so many bytes begin, which are passed over. */
	#take(count: number, what: string): number {
		const from = this.#at;
		const left = this.#bytes.length - from;
		if (count > left) throw this.fault(`${what} of ${count} bytes, and ${left} are left`, "a whole pickle");
		this.#at += count;
		return from;
	}

	#decode(from: number, to: number): string {
		try {
			return this.#text.decode(this.#bytes.subarray(from, to));
		} catch {
			throw this.fault("a text that is not UTF-8", "UTF-8");
		}
	}
}
