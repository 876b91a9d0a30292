// Samples of an IMU, or of any sensor of some channels, as a serial line or an I2C bus gives them, through an encoder of
// `stllr/encode`: lines of numbers, or records of 16-bit numbers.

import type { Encoder } from "../../encode/encoder.js";
import { LEAST, MOST, type Samples } from "../../encode/samples.js";
import { FormatError, OptionError } from "../../errors.js";
import type { Events } from "../../events/chunk.js";
import type { OnFault } from "../../events/decode.js";
import { checkOnFault } from "../../events/stream.js";
import * as check from "../../network/check.js";
import type { LiveDecoder } from "./decoder.js";

/** How samples lie in the bytes. */
export interface SampleLayout {
	/** `text`: a line a sample, numbers between commas, semicolons or blanks. `int16`: records of whole numbers, two bytes each. */
	readonly encoding: "text" | "int16";
	/** Which numbers of a line or a record are the encoder's channels, from 0 on. Default: the first ones. */
	readonly columns?: readonly number[];
	/** What one of a number is in the encoder's unit; for all channels or a list: 9.80665 / 16384 for m/s^2 of +-2 g. Default 1. */
	readonly scale?: number | readonly number[];
	/** `int16`: how many numbers a record has, up to 64. Default: to the last of `columns`. */
	readonly numbers?: number;
	/** `int16`: which byte comes first. Default `"little"`; the registers of many chips are `"big"`. */
	readonly byteOrder?: "big" | "little";
	/** `int16`: up to 8 bytes with which each record begins: then a reader that has lost its place finds it again. */
	readonly mark?: readonly number[];
	/** At what is no sample: leave it out and count it (`"skip"`, the default), or end the source with a FormatError. */
	readonly onFault?: OnFault;
}

/** The longest line that is read. */
const MOST_LINE = 4096;
const MOST_NUMBERS = 64;
const OPTIONS = ["encoding", "columns", "scale", "numbers", "byteOrder", "mark", "onFault"];
const NONE = new Uint8Array(0);

/**
 * A decoder of samples for an encoder of them (`imuEncoder`, `deltaEncoder`, ...). Times are those of the encoder: a sample each
 * 1 / `sampleRateHz`. So that time goes on, a line that is no sample counts as the one before it (and as a fault). The encoder
 * stays its owner's to close.
 *
 * @throws OptionError for a layout that is not allowed
 */
export function sampleDecoder(encoder: Encoder<Samples>, layout: SampleLayout): LiveDecoder {
	check.object("layout", layout, OPTIONS);
	const encoding = check.oneOf("encoding", layout.encoding, ["text", "int16"]);
	const channels = encoder.input.width;
	const columns = layout.columns ?? Array.from({ length: channels }, (_, channel) => channel);
	if (columns.length !== channels)
		throw new OptionError("columns.length", columns.length, `${channels}, one a channel`);
	const most = encoding === "int16" ? MOST_NUMBERS - 1 : MOST_LINE;
	for (const [at, column] of columns.entries()) check.integer(`columns[${at}]`, column, 0, most);
	const shared: Layout = {
		columns,
		scale: scaleOf(layout.scale ?? 1, channels),
		onFault: checkOnFault(layout.onFault ?? "skip"),
	};
	if (encoding === "text") {
		for (const name of ["numbers", "byteOrder", "mark"] as const) {
			if (layout[name] !== undefined) throw new OptionError(name, layout[name], "none for text");
		}
		return new Lines(encoder, shared);
	}
	const least = Math.max(...columns) + 1;
	const numbers = check.integer("numbers", layout.numbers, least, MOST_NUMBERS, least);
	const isLittle = check.oneOf("byteOrder", layout.byteOrder, ["big", "little"], "little") === "little";
	const mark = layout.mark ?? [];
	if (mark.length > 8) throw new OptionError("mark.length", mark.length, "0 to 8 bytes");
	for (const [at, byte] of mark.entries()) check.integer(`mark[${at}]`, byte, 0, 255);
	return new Records(encoder, shared, numbers, isLittle, Uint8Array.from(mark));
}

function scaleOf(scale: number | readonly number[], channels: number): readonly number[] {
	const list = typeof scale === "number" ? new Array<number>(channels).fill(scale) : scale;
	if (list.length !== channels) throw new OptionError("scale.length", list.length, `${channels}, one a channel`);
	return list.map((one, channel) => check.number(`scale[${channel}]`, one, -MOST, MOST));
}

interface Layout {
	readonly columns: readonly number[];
	readonly scale: readonly number[];
	readonly onFault: OnFault;
}

/** What both have in common: samples are gathered, and given to the encoder at once. */
abstract class Gathering implements LiveDecoder {
	readonly hasTimes = true;
	readonly #encoder: Encoder<Samples>;
	readonly #layout: Layout;
	#values: number[] = [];
	#last: readonly number[] | undefined;
	#faults = 0;

	constructor(encoder: Encoder<Samples>, layout: Layout) {
		this.#encoder = encoder;
		this.#layout = layout;
	}

	get faults(): number {
		return this.#faults;
	}

	push(bytes: Uint8Array, isWhole: boolean): Events[] {
		this.read(bytes, isWhole);
		return this.#encode();
	}

	end(): Events[] {
		this.cut();
		const events = this.#encode();
		this.#last = undefined;
		return [...events, ...this.#encoder.flush()];
	}

	abstract close(): void;

	/** Takes the next bytes. */
	protected abstract read(bytes: Uint8Array, isWhole: boolean): void;

	/** Nothing comes behind the last bytes. */
	protected abstract cut(): void;

	/** Takes a sample out of the numbers that stand side by side; says whether they are one. */
	protected sample(numbers: readonly number[]): boolean {
		const { columns, scale } = this.#layout;
		const sample = columns.map((column, channel) => (numbers[column] ?? Number.NaN) * (scale[channel] ?? 1));
		if (!sample.every((value) => value >= LEAST && value <= MOST)) return false;
		this.#values.push(...sample);
		this.#last = sample;
		return true;
	}

	/** The last sample once more. */
	protected again(): void {
		if (this.#last !== undefined) this.#values.push(...this.#last);
	}

	protected fault(offset: number, found: string, allowed: string): void {
		if (this.#layout.onFault === "refuse") throw new FormatError(offset, found, allowed, "samples");
		this.#faults += 1;
	}

	#encode(): Events[] {
		const values = this.#values;
		this.#values = [];
		return values.length === 0 ? [] : this.#encoder.push(values);
	}
}

/** A line a sample. */
class Lines extends Gathering {
	#line = "";
	#offset = 0;
	#isTooLong = false;
	/** Of characters of more than a byte there are none in a number. */
	readonly #text = new TextDecoder("latin1");

	close(): void {
		this.#line = "";
	}

	protected read(bytes: Uint8Array, isWhole: boolean): void {
		for (let from = 0; from < bytes.length; ) {
			const end = bytes.indexOf(10, from);
			const part = bytes.subarray(from, end < 0 ? bytes.length : end);
			if (!this.#isTooLong) this.#line += this.#text.decode(part.subarray(0, MOST_LINE + 1));
			this.#isTooLong ||= this.#line.length > MOST_LINE;
			from += part.length + 1;
			if (end >= 0) this.#end();
		}
		if (isWhole) this.#end();
	}

	protected cut(): void {
		this.#end();
		this.#offset = 0;
	}

	#end(): void {
		const line = this.#line.trim();
		const isTooLong = this.#isTooLong;
		this.#line = "";
		this.#isTooLong = false;
		if (line === "") return;
		const numbers = isTooLong ? [] : line.split(/[\s,;]+/).map(Number);
		if (!this.sample(numbers)) {
			this.fault(
				this.#offset,
				`the line ${JSON.stringify(line.slice(0, 40))}`,
				"a number for each channel, in its range",
			);
			this.again();
		}
		this.#offset += 1;
	}
}

/** A record a sample. */
class Records extends Gathering {
	readonly #numbers: number;
	readonly #isLittle: boolean;
	readonly #mark: Uint8Array;
	/** The begin of a record that is not whole yet. */
	#held: Uint8Array = NONE;
	#offset = 0;
	#isLost = false;

	constructor(encoder: Encoder<Samples>, layout: Layout, numbers: number, isLittle: boolean, mark: Uint8Array) {
		super(encoder, layout);
		this.#numbers = numbers;
		this.#isLittle = isLittle;
		this.#mark = mark;
	}

	close(): void {
		this.#held = NONE;
	}

	protected read(bytes: Uint8Array, isWhole: boolean): void {
		const all = new Uint8Array(this.#held.length + bytes.length);
		all.set(this.#held);
		all.set(bytes, this.#held.length);
		const view = new DataView(all.buffer);
		const mark = this.#mark.length;
		const length = mark + 2 * this.#numbers;
		let at = 0;
		while (at + length <= all.length) {
			if (!this.#mark.every((byte, index) => all[at + index] === byte)) {
				if (!this.#isLost) this.fault(this.#offset + at, "a record without its mark", `${[...this.#mark].join(", ")}`);
				this.#isLost = true;
				at += 1;
				continue;
			}
			this.#isLost = false;
			const from = at + mark;
			const numbers = Array.from({ length: this.#numbers }, (_, k) => view.getInt16(from + 2 * k, this.#isLittle));
			if (!this.sample(numbers)) {
				this.fault(this.#offset + at, "a number out of range", `${LEAST} to ${MOST}, scaled`);
				this.again();
			}
			at += length;
		}
		this.#offset += at;
		this.#held = all.slice(at);
		if (isWhole) this.#cutRecord();
	}

	protected cut(): void {
		this.#cutRecord();
		this.#offset = 0;
		this.#isLost = false;
	}

	#cutRecord(): void {
		const { length } = this.#held;
		this.#held = NONE;
		if (length === 0) return;
		this.fault(this.#offset, `a record of ${length} bytes`, `${this.#mark.length + 2 * this.#numbers}`);
		this.#offset += length;
	}
}
