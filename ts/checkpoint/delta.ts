// What changed of a network's weights since a base: sparse, and quantised where that is asked. For links that are slow.
//
// For each array of weights, the elements that changed are a list of two numbers each: how many elements lie between it and the
// one before, and by how much it changed, in units of 2^shift. Both are written 7 bits a byte, the low ones first, the
// change with its sign in the lowest bit; then all is deflated.

import { FormatError, OptionError } from "../errors.js";
import { KINDS, type Kind, layOut, open, seal } from "./format.js";
import { type ArrayHead, checkHead, type Head, plainHead } from "./head.js";
import { pack } from "./pack.js";
import { bytesOf, type PackedArray, valuesOf, WEIGHT_PARTS, widened } from "./weights.js";

/** Fraction bits that a readout's weights have beyond those of other layers. */
const READOUT_EXTRA = 11;

/** How to make a delta. */
export interface DeltaOptions {
	/**
	 * Bits that are dropped of each change, rounding to nearest, 0 to 12: 0 (the default) loses nothing. Readouts' weights, which are
	 * finer, lose 11 more than others where this is not 0.
	 */
	readonly dropBits?: number;
	/** Names for the two files in errors. */
	readonly sources?: readonly [base: string, now: string];
}

/**
 * What changed from one checkpoint of a network to another, as a checkpoint of the kind `"delta"`.
 *
 * @throws FormatError where one of them is damaged, OptionError where they are of different networks
 */
export async function deltaOf(base: Uint8Array, now: Uint8Array, options: DeltaOptions = {}): Promise<Uint8Array> {
	const { dropBits = 0, sources = [] } = options;
	if (!Number.isInteger(dropBits) || dropBits < 0 || dropBits > 12) {
		throw new OptionError("dropBits", dropBits, "an integer from 0 to 12");
	}
	const [from, to] = await Promise.all([read(base, sources[0]), read(now, sources[1])]);
	if (!sameWords(from.head.words, to.head.words)) throw new OptionError("now", "another network", "the base's network");
	const heads: ArrayHead[] = [];
	const blocks = [];
	const results: Uint8Array[] = [];
	for (const [index, before] of from.arrays.entries()) {
		const [old, after] = [valuesOf(before), valuesOf(to.arrays[index] ?? before)];
		const shift =
			dropBits === 0 ? 0 : dropBits + (before.type === "i32" && before.part === "weights" ? READOUT_EXTRA : 0);
		const changes = old.map((value, at) => Math.round(((after[at] ?? 0) - value) / 2 ** shift));
		const bytes = await deflated(sparse(changes));
		results.push(bytesOf(added(old, changes, before, shift), before.type));
		heads.push({ layer: before.layer, part: before.part, type: "u8", length: bytes.length, shift, held: before.type });
		blocks.push({ type: "u8" as const, bytes });
	}
	const delta = { from: await idOf(from.arrays.map(({ bytes }) => bytes)), to: await idOf(results) };
	const head: Head = { ...to.head, numbers: new BigInt64Array(), arrays: heads, stream: undefined, delta };
	return seal(layOut("delta", pack(plainHead(head)), blocks));
}

/**
 * Adds a delta to the base that it was made of: a checkpoint of the weights, to the byte those that the delta's maker has.
 *
 * @throws FormatError where one of them is damaged, or the base is another than the delta's
 */
export async function applyDelta(
	base: Uint8Array,
	delta: Uint8Array,
	sources: readonly [base?: string, delta?: string] = [],
): Promise<Uint8Array> {
	const from = await read(base, sources[0]);
	const { frame, head: given, body } = await open(delta, sources[1]);
	const fail = (at: number, found: string, allowed: string) => new FormatError(at, found, allowed, sources[1]);
	if (frame.kind !== "delta") throw fail(12, `a checkpoint of the kind ${frame.kind}`, "a delta");
	const head = checkHead(given, sources[1]);
	const id = await idOf(from.arrays.map(({ bytes }) => bytes));
	if (head.delta?.from !== id)
		throw fail(96, `a delta to the weights ${head.delta?.from}`, `one to those of the base, ${id}`);
	const blocks = body();
	const arrays: (ArrayHead & { bytes: Uint8Array })[] = [];
	for (const [index, before] of from.arrays.entries()) {
		const [told, block] = [head.arrays[index], blocks[index]];
		if (told === undefined || block === undefined || block.type !== "u8" || told.held !== before.type) {
			throw fail(block?.byteOffset ?? 96, `other arrays than the base's, at ${index}`, `changes of ${before.type}`);
		}
		const old = valuesOf(before);
		// A gap and a change have at most 5 bytes each.
		const list = await inflated(block.bytes, 10 * old.length);
		const changes = list === undefined ? undefined : dense(list, old.length);
		if (changes === undefined)
			throw fail(block.byteOffset, "a list of changes that is none", `one of ${old.length} weights`);
		const bytes = bytesOf(added(old, changes, before, told.shift), before.type);
		const { layer, part, type, length } = before;
		arrays.push({ layer, part, type, length, shift: 0, held: type, bytes });
	}
	const to = await idOf(arrays.map(({ bytes }) => bytes));
	if (to !== head.delta.to) throw fail(96, `the weights ${to}`, `${head.delta.to}, which its maker has`);
	const result: Head = { ...head, arrays, delta: undefined };
	return seal(layOut("inference", pack(plainHead(result)), arrays));
}

interface Weights {
	readonly head: Head;
	readonly arrays: readonly PackedArray[];
}

const KINDS_WITH_WEIGHTS: readonly Kind[] = KINDS.filter((kind) => kind !== "delta");

/** The weights of a checkpoint, as the state has them. */
async function read(file: Uint8Array, source: string | undefined): Promise<Weights> {
	const { frame, head: given, body } = await open(file, source);
	if (!KINDS_WITH_WEIGHTS.includes(frame.kind)) {
		throw new FormatError(12, `a checkpoint of the kind ${frame.kind}`, KINDS_WITH_WEIGHTS.join(" or "), source);
	}
	const head = checkHead(given, source);
	const blocks = body();
	const all = head.arrays.map((array, index): PackedArray => {
		const block = blocks[index];
		if (block === undefined || block.type !== array.type) {
			throw new FormatError(
				block?.byteOffset ?? 96,
				`no array ${index} of ${array.type}`,
				"what the head says",
				source,
			);
		}
		return { ...array, length: valuesCount(block), bytes: block.bytes, byteOffset: block.byteOffset };
	});
	const arrays = all
		.filter(({ part }) => WEIGHT_PARTS.has(part))
		.map((array): PackedArray => ({ ...array, type: array.held, shift: 0, bytes: widened(array, source) }));
	return { head, arrays };
}

function valuesCount({ type, bytes }: { readonly type: ArrayHead["type"]; readonly bytes: Uint8Array }): number {
	return valuesOf({ type, bytes }).length;
}

function sameWords(one: Int32Array, other: Int32Array): boolean {
	return one.length === other.length && one.every((word, index) => word === other[index]);
}

/** Old values with their changes, held to what the type can hold. */
function added(old: Int32Array, changes: Int32Array, { type }: { type: ArrayHead["type"] }, shift: number): Int32Array {
	const most = { i8: 127, i16: 8191 }[type as string] ?? 2 ** 31 - 1;
	return old.map((value, at) => Math.max(-most, Math.min(most, value + (changes[at] ?? 0) * 2 ** shift)));
}

function sparse(changes: Int32Array): Uint8Array {
	const bytes: number[] = [];
	const put = (value: number) => {
		let rest = value;
		for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
		bytes.push(rest);
	};
	let next = 0;
	for (const [at, change] of changes.entries()) {
		if (change === 0) continue;
		put(at - next);
		put(change > 0 ? 2 * change : -2 * change - 1);
		next = at + 1;
	}
	return Uint8Array.from(bytes);
}

/** The changes of a list; nothing where it is cut, or leads beyond the array. */
function dense(list: Uint8Array, length: number): Int32Array | undefined {
	const changes = new Int32Array(length);
	let [at, next] = [0, 0];
	const take = (): number => {
		let [value, scale] = [0, 1];
		for (let k = 0; k < 5; k += 1) {
			const byte = list[at];
			if (byte === undefined) return Number.NaN;
			at += 1;
			value += (byte % 128) * scale;
			if (byte < 128) return value;
			scale *= 128;
		}
		return Number.NaN;
	};
	while (at < list.length) {
		const [gap, coded] = [take(), take()];
		const change = coded % 2 === 0 ? coded / 2 : -(coded + 1) / 2;
		if (!(next + gap < length) || !(Math.abs(change) < 2 ** 31)) return undefined;
		changes[next + gap] = change;
		next += gap + 1;
	}
	return changes;
}

/** The first half of the SHA-256 of all weights, in hexadecimal digits. */
async function idOf(arrays: readonly Uint8Array[]): Promise<string> {
	const hash = new Uint8Array(await globalThis.crypto.subtle.digest("SHA-256", joined(arrays)));
	return Array.from(hash.subarray(0, 16), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function deflated(bytes: Uint8Array): Promise<Uint8Array> {
	return collected(bytes, new CompressionStream("deflate-raw"), Number.POSITIVE_INFINITY);
}

/** Inflates up to so many bytes; nothing where there are more, or it is no deflated data. */
function inflated(bytes: Uint8Array, most: number): Promise<Uint8Array | undefined> {
	return collected(bytes, new DecompressionStream("deflate-raw"), most).catch(() => undefined);
}

async function collected(
	bytes: Uint8Array,
	through: CompressionStream | DecompressionStream,
	most: number,
): Promise<Uint8Array> {
	const reader = new Blob([Uint8Array.from(bytes)]).stream().pipeThrough(through).getReader();
	const parts: Uint8Array[] = [];
	let length = 0;
	for (let part = await reader.read(); !part.done; part = await reader.read()) {
		length += part.value.length;
		if (length > most) {
			await reader.cancel();
			throw new RangeError(`more than ${most} bytes`);
		}
		parts.push(part.value);
	}
	return joined(parts);
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
	const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
	let at = 0;
	for (const part of parts) {
		all.set(part, at);
		at += part.length;
	}
	return all;
}
