// What the head of a checkpoint says: enough to make the network and to show what it is, without its arrays.

import { FormatError } from "../errors.js";
import { ARRAY_TYPES, type ArrayType, ELEMENT_BYTES } from "./format.js";

/** Plain data that a user keeps with a network: strings, numbers, booleans, null, and arrays and objects of such. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** What an array of the body is. */
export interface ArrayHead {
	/** 0: the stream's; from 1: the hidden layers that have state, then the readout. */
	readonly layer: number;
	/** What it is: `"weights"`, say. */
	readonly part: string;
	readonly type: ArrayType;
	/** Elements. */
	readonly length: number;
	/** Elements of the state are this many bits to the left; only where weights were exported, else 0. */
	readonly shift: number;
	/** The type that the state has for it. */
	readonly held: ArrayType;
}

/** What a network was trained on: counts, not data. */
export interface Learned {
	/** Recordings that were learned, by class. */
	readonly recordings: readonly number[];
	/** Stretches of live streams that were learned, by class. */
	readonly stretches: readonly number[];
	/** Recordings of which values were learned. */
	readonly values: number;
}

/** Where a network stands in a live stream. */
export interface StreamHead {
	/** When step 0 begins, in us; undefined before the first event. */
	readonly startUs: number | undefined;
	readonly everyUs: number;
	readonly windowUs: number;
	/** The step with which the stretch ends. */
	readonly stretchEnd: number;
	/** What the stretch learns: a class, or -1. */
	readonly learned: number;
	readonly skips: boolean;
	/** Events of the source that were taken. */
	readonly events: number;
	/** Scores of the last stretches, one after the other. */
	readonly scores: Float64Array;
}

/** The head of a checkpoint. */
export interface Head {
	/** The network, every option given: plain JSON, not checked yet. */
	readonly spec: unknown;
	/** The same as the core reads it, to see whether another version reads the spec alike. */
	readonly words: Int32Array;
	readonly rates: { readonly hidden: number; readonly readout: number };
	/** All numbers of state, in the order of the docs. */
	readonly numbers: BigInt64Array;
	readonly arrays: readonly ArrayHead[];
	readonly learned: Learned;
	readonly stream: StreamHead | undefined;
	/** What the user keeps with it: settings of encoders and filters, say. */
	readonly notes: Json;
	/** Of a delta: the hash of the weights that it is added to, and of those that it gives. */
	readonly delta: { readonly from: string; readonly to: string } | undefined;
}

/** The head as it is packed. */
export function plainHead(head: Head): unknown {
	const { arrays, stream, delta, ...rest } = head;
	return {
		...rest,
		arrays: arrays.map(({ layer, part, type, length, shift, held }) => [layer, part, type, length, shift, held]),
		...(stream === undefined ? {} : { stream: { ...stream, startUs: stream.startUs ?? null } }),
		...(delta === undefined ? {} : { delta }),
	};
}

/**
 * Checks what was unpacked; what it does not know of a later minor version is overlooked.
 *
 * @throws FormatError that names the field
 */
export function checkHead(given: unknown, source?: string): Head {
	const read = new Reader(source);
	const head = read.object("head", given);
	const rates = read.object("rates", head.rates);
	const learned = read.object("learned", head.learned);
	const stream = head.stream === undefined ? undefined : streamOf(read, head.stream);
	const delta = head.delta === undefined ? undefined : read.object("delta", head.delta);
	return {
		spec: head.spec,
		words: read.is("words", head.words, Int32Array, "Int32Array"),
		rates: { hidden: read.number("rates.hidden", rates.hidden), readout: read.number("rates.readout", rates.readout) },
		numbers: read.is("numbers", head.numbers, BigInt64Array, "BigInt64Array"),
		arrays: read.list("arrays", head.arrays).map((array, index) => arrayOf(read, `arrays[${index}]`, array)),
		learned: {
			recordings: read.counts("learned.recordings", learned.recordings),
			stretches: read.counts("learned.stretches", learned.stretches),
			values: read.count("learned.values", learned.values),
		},
		stream,
		notes: read.json("notes", head.notes ?? null),
		delta:
			delta === undefined
				? undefined
				: { from: read.text("delta.from", delta.from), to: read.text("delta.to", delta.to) },
	};
}

function arrayOf(read: Reader, at: string, given: unknown): ArrayHead {
	const [layer, part, type, length, shift, held] = read.list(at, given);
	const bits = read.count(`${at} shift`, shift);
	if (bits > 8 * ELEMENT_BYTES.i32) return read.fail(`${at} shift`, bits, "at most 32");
	return {
		layer: read.count(`${at} layer`, layer),
		part: read.text(`${at} part`, part),
		type: typeOf(read, `${at} type`, type),
		length: read.count(`${at} length`, length),
		shift: bits,
		held: typeOf(read, `${at} held`, held),
	};
}

function typeOf(read: Reader, at: string, given: unknown): ArrayType {
	return ARRAY_TYPES.find((name) => name === given) ?? read.fail(at, given, ARRAY_TYPES.join(", "));
}

function streamOf(read: Reader, given: unknown): StreamHead {
	const stream = read.object("stream", given);
	return {
		startUs: stream.startUs === null ? undefined : read.count("stream.startUs", stream.startUs),
		everyUs: read.count("stream.everyUs", stream.everyUs),
		windowUs: read.count("stream.windowUs", stream.windowUs),
		stretchEnd: read.count("stream.stretchEnd", stream.stretchEnd),
		learned: read.number("stream.learned", stream.learned),
		skips: read.flag("stream.skips", stream.skips),
		events: read.count("stream.events", stream.events),
		scores: read.is("stream.scores", stream.scores, Float64Array, "Float64Array"),
	};
}

/** Reads fields of the kinds that a head has. */
class Reader {
	readonly #source: string | undefined;

	constructor(source: string | undefined) {
		this.#source = source;
	}

	fail(field: string, found: unknown, allowed: string): never {
		const shown = typeof found === "object" && found !== null ? "an object" : String(found).slice(0, 100);
		// The head begins behind the frame.
		throw new FormatError(96, `${field}: ${shown}`, allowed, this.#source);
	}

	object(field: string, given: unknown): Readonly<Record<string, unknown>> {
		const isPlain = typeof given === "object" && given !== null && !Array.isArray(given) && !ArrayBuffer.isView(given);
		return isPlain ? { ...given } : this.fail(field, given, "an object");
	}

	list(field: string, given: unknown): readonly unknown[] {
		return Array.isArray(given) ? given : this.fail(field, given, "an array");
	}

	number(field: string, given: unknown): number {
		return typeof given === "number" && Number.isFinite(given) ? given : this.fail(field, given, "a number");
	}

	count(field: string, given: unknown): number {
		// Large integers come as bigint.
		const number = typeof given === "bigint" ? Number(given) : given;
		const isCount = typeof number === "number" && Number.isSafeInteger(number) && number >= 0;
		return isCount ? number : this.fail(field, given, "an integer from 0 to 2^53 - 1");
	}

	counts(field: string, given: unknown): readonly number[] {
		return this.list(field, given).map((count, index) => this.count(`${field}[${index}]`, count));
	}

	text(field: string, given: unknown): string {
		return typeof given === "string" ? given : this.fail(field, given, "a string");
	}

	flag(field: string, given: unknown): boolean {
		return typeof given === "boolean" ? given : this.fail(field, given, "true or false");
	}

	is<T>(field: string, given: unknown, kind: abstract new (...args: never[]) => T, name: string): T {
		return given instanceof kind ? given : this.fail(field, given, `a typed array: ${name}`);
	}

	/** Depth and size were bounded before it was unpacked. */
	json(field: string, given: unknown): Json {
		if (given === null || typeof given === "string" || typeof given === "number" || typeof given === "boolean")
			return given;
		if (Array.isArray(given)) return given.map((item: unknown, index) => this.json(`${field}[${index}]`, item));
		const pairs = Object.entries(this.object(field, given));
		return Object.fromEntries(pairs.map(([key, item]) => [key, this.json(`${field}.${key}`, item)]));
	}
}
