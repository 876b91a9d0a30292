// Between a network and the bytes of a checkpoint.

import { type Frame, type Kind, layOut, open, seal } from "../checkpoint/format.js";
import { checkHead, type Head, type Json, type Learned, plainHead, type StreamHead } from "../checkpoint/head.js";
import { pack } from "../checkpoint/pack.js";
import { narrowed, WEIGHT_PARTS, widened } from "../checkpoint/weights.js";
import { FormatError, OptionError } from "../errors.js";
import { type FullSpec, fullSpec, type NetworkSpec, type Rates } from "./spec/mod.js";
import { plainSpec } from "./spec/plain.js";
import type { GivenArray, LearnerState } from "./state.js";
import { specWords } from "./words.js";

/** What a checkpoint is made of. */
export interface Saved {
	readonly state: LearnerState;
	readonly spec: FullSpec;
	readonly rates: Required<Rates>;
	readonly learned: Learned;
	readonly stream: StreamHead | undefined;
	readonly notes: Json;
}

/** A full checkpoint. */
export function save(saved: Saved): Promise<Uint8Array<ArrayBuffer>> {
	const { state, spec, rates, learned, stream, notes } = saved;
	const arrays = state.arrays.map(({ layer, part, type, length }) => ({
		layer,
		part,
		type,
		length,
		shift: 0,
		held: type,
	}));
	const head = { ...specHead(spec), rates, numbers: state.numbers, arrays, learned, stream, notes, delta: undefined };
	return write("full", head, state.arrays);
}

/** The weights alone, in `bits` bits each, for who wants answers. */
export function exportWeights(saved: Saved, bits: 16 | 8): Promise<Uint8Array<ArrayBuffer>> {
	const { state, spec, rates, learned, notes } = saved;
	const arrays = state.arrays
		.filter(({ part }) => WEIGHT_PARTS.has(part))
		.map(({ layer, part, type, length, bytes }) =>
			narrowed({ layer, part, type, length, shift: 0, held: type, bytes }, bits),
		);
	const numbers = new BigInt64Array();
	const head = { ...specHead(spec), rates, numbers, arrays, learned, stream: undefined, notes, delta: undefined };
	return write("inference", head, arrays);
}

/** The part of a head that says which network it is. */
export function specHead(spec: FullSpec): Pick<Head, "spec" | "words"> {
	return { spec: plainSpec(spec), words: specWords(spec) };
}

/** Writes a file: lays it out at once, and seals it later. */
export function write(
	kind: Kind,
	head: Head,
	arrays: readonly { bytes: Uint8Array }[],
): Promise<Uint8Array<ArrayBuffer>> {
	const blocks = arrays.map(({ bytes }, index) => ({ type: head.arrays[index]?.type ?? "u8", bytes }));
	return seal(layOut(kind, pack(plainHead(head)), blocks));
}

/** A checkpoint that was opened: whole, and of a network that this version knows. */
export interface Loaded {
	readonly frame: Frame;
	readonly head: Head;
	readonly spec: FullSpec;
	readonly arrays: readonly GivenArray[];
}

/**
 * Opens a checkpoint.
 *
 * @throws FormatError where it is damaged, cut, of another format or of a network that this version reads otherwise
 */
export async function load(bytes: Uint8Array, source?: string): Promise<Loaded> {
	if (!(bytes instanceof Uint8Array)) throw new OptionError("bytes", bytes, "a Uint8Array");
	const { frame, head: given, body } = await open(bytes, source);
	const head = checkHead(given, source);
	const spec = specOf(head, source);
	const blocks = body();
	if (blocks.length !== head.arrays.length) {
		throw new FormatError(96, `${head.arrays.length} arrays, and ${blocks.length} in the body`, "as many", source);
	}
	if (frame.kind === "delta") {
		throw new FormatError(12, "a delta", "a whole checkpoint: add the delta to its base first", source);
	}
	const arrays = blocks.map(({ bytes, type, byteOffset }, index): GivenArray => {
		const array = head.arrays[index];
		if (array?.type !== type) throw new FormatError(byteOffset, `an array of ${type}`, `${array?.type}`, source);
		const { layer, part, held } = array;
		return { layer, part, type: held, bytes: widened({ ...array, bytes, byteOffset }, source), byteOffset };
	});
	return { frame, head, spec, arrays };
}

/** The network of a head. @throws FormatError where this version would make another of it */
export function specOf(head: Head, source?: string): FullSpec {
	let spec: FullSpec;
	try {
		// It is checked as any user's is.
		spec = fullSpec(head.spec as NetworkSpec);
	} catch (cause) {
		throw new FormatError(96, `spec: ${cause instanceof Error ? cause.message : cause}`, "a spec", source);
	}
	const words = specWords(spec);
	const at = words.findIndex((word, index) => word !== head.words[index]);
	if (at >= 0 || words.length !== head.words.length) {
		throw new FormatError(
			96,
			`word ${at} of the spec is ${head.words[at]}`,
			`${words[at]}, as this version makes it`,
			source,
		);
	}
	return spec;
}
