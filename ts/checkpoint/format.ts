// The frame of a checkpoint file: what it is, how long it is and its checksums, around two messages. docs/checkpoints.md has it
// byte by byte.

import { EnvironmentError, FormatError } from "../errors.js";
import { unpack } from "./pack.js";
import { skim } from "./skim.js";

/** The first bytes of every file. */
const MAGIC = [0x89, 0x53, 0x54, 0x4c, 0x4c, 0x52, 0x0d, 0x0a];
/** This version. A reader refuses files of a larger major one; a larger minor one adds what may be overlooked. */
export const VERSION = { major: 1, minor: 0 } as const;
/** Bytes before the head: the frame, which ends with the checksums. */
export const FRAME = 96;
/** Bytes of a signature with its key, at the end of a file that has one. */
export const SIGNATURE = 96;
/** The most bytes of a head. */
const MOST_HEAD = 1 << 24;
/** The largest file that is read where nothing else is said, in bytes. */
export const MOST_BYTES = 2 ** 30;

/** What a file holds: a whole learner, its weights alone, or what changed of them. */
export const KINDS = ["full", "inference", "delta"] as const;
export type Kind = (typeof KINDS)[number];

/** An array of a body: the type that it is packed as, and its bytes, little-endian. */
export interface Block {
	readonly type: ArrayType;
	readonly bytes: Uint8Array;
}

/** Types of arrays, by their number in files. */
export const ARRAY_TYPES = ["i8", "i16", "i32", "u32", "i64", "u64", "u8"] as const;
export type ArrayType = (typeof ARRAY_TYPES)[number];

/** Bytes of an element. */
export const ELEMENT_BYTES: Readonly<Record<ArrayType, number>> = {
	i8: 1,
	u8: 1,
	i16: 2,
	i32: 4,
	u32: 4,
	i64: 8,
	u64: 8,
};

/** How the library numbers the types of typed arrays. */
const PACKED: Readonly<Record<ArrayType, number>> = { i8: 0, u8: 1, i16: 3, i32: 5, u32: 6, i64: 9, u64: 10 };

/** What a file says of itself before its checksums were looked at. */
export interface Frame {
	readonly kind: Kind;
	readonly version: { readonly major: number; readonly minor: number };
	readonly headBytes: number;
	readonly bodyBytes: number;
	readonly isSigned: boolean;
}

/**
 * Lays a file out and copies the arrays into it; checksums are still zero. A body is an array of typed arrays, each packed as the
 * library would, so that each is copied once.
 */
export function layOut(kind: Kind, head: Uint8Array, blocks: readonly Block[]): Uint8Array<ArrayBuffer> {
	if (head.length > MOST_HEAD) throw new RangeError(`a head of ${head.length} bytes`);
	const bodyBytes = 5 + blocks.reduce((sum, { bytes }) => sum + 7 + bytes.length, 0);
	const file = new Uint8Array(FRAME + head.length + bodyBytes);
	const view = new DataView(file.buffer);
	file.set(MAGIC);
	view.setUint16(8, VERSION.major, true);
	view.setUint16(10, VERSION.minor, true);
	view.setUint16(12, KINDS.indexOf(kind), true);
	view.setBigUint64(16, BigInt(head.length), true);
	view.setBigUint64(24, BigInt(bodyBytes), true);
	file.set(head, FRAME);
	let at = FRAME + head.length;
	// An array of so many items; then each is an extension with its length, the type "t" and that of its elements.
	view.setUint8(at, 0xdd);
	view.setUint32(at + 1, blocks.length);
	at += 5;
	for (const { type, bytes } of blocks) {
		view.setUint8(at, 0xc9);
		view.setUint32(at + 1, bytes.length + 1);
		view.setUint8(at + 5, 0x74);
		view.setUint8(at + 6, PACKED[type]);
		file.set(bytes, at + 7);
		at += 7 + bytes.length;
	}
	return file;
}

/** Fills in the checksums of a file that was laid out, of its first 32 bytes with the head, and of the body. */
export async function seal(file: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
	const { head, body } = await checksums(file, frameOf(file));
	file.set(head, 32);
	file.set(body, 64);
	return file;
}

/**
 * Reads the frame. Looks at nothing else, and needs no more than the first 96 bytes.
 *
 * @throws FormatError where the file is none, or of a version that this reader does not know
 */
export function frameOf(file: Uint8Array, source?: string): Frame {
	const fail = (at: number, found: string, allowed: string): never => {
		throw new FormatError(at, found, allowed, source);
	};
	const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
	const wrong = MAGIC.findIndex((byte, at) => file[at] !== byte);
	if (wrong >= 0) {
		fail(wrong, wrong < file.length ? "another byte" : "the end", "a stllr checkpoint, which begins with 89 53 54 4c");
	}
	if (file.length < FRAME) fail(file.length, "the end", `a frame of ${FRAME} bytes`);
	const [major, minor] = [view.getUint16(8, true), view.getUint16(10, true)];
	if (major === 0 || major > VERSION.major) {
		const newer = major > VERSION.major ? ": a newer stllr wrote it" : "";
		fail(8, `version ${major}.${minor}${newer}`, `versions 1 to ${VERSION.major}`);
	}
	const kind =
		KINDS[view.getUint16(12, true)] ?? fail(12, `kind ${view.getUint16(12, true)}`, `0 to ${KINDS.length - 1}`);
	const flags = view.getUint16(14, true);
	if (flags > 1) fail(14, `flags ${flags}`, "0 or 1");
	const [headBytes, bodyBytes] = [16, 24].map((at) => Number(view.getBigUint64(at, true))) as [number, number];
	if (headBytes > MOST_HEAD) fail(16, `a head of ${headBytes} bytes`, `at most ${MOST_HEAD}`);
	if (bodyBytes > Number.MAX_SAFE_INTEGER / 2) fail(24, `a body of ${bodyBytes} bytes`, "a length");
	return { kind, version: { major, minor }, headBytes, bodyBytes, isSigned: flags === 1 };
}

/** Where the parts of a file lie. */
export function partsOf(
	file: Uint8Array,
	{ headBytes, bodyBytes }: Frame,
): { head: Uint8Array; body: Uint8Array; signature: Uint8Array } {
	const [body, end] = [FRAME + headBytes, FRAME + headBytes + bodyBytes];
	return { head: file.subarray(FRAME, body), body: file.subarray(body, end), signature: file.subarray(end) };
}

/** The bytes of the frame, on which signatures are made: its checksums stand for all the rest. */
export function signedPart(file: Uint8Array): Uint8Array<ArrayBuffer> {
	return Uint8Array.from(file.subarray(0, FRAME));
}

/** Notes that a signature follows, or that none does. The checksums must be made anew. */
export function setSigned(file: Uint8Array, isSigned: boolean): void {
	file[14] = isSigned ? 1 : 0;
}

/** A file whose frame, length and checksums are right. */
export interface Opened {
	readonly frame: Frame;
	/** The head, unpacked. */
	readonly head: unknown;
	/** Unpacks the body: typed arrays, each with where its elements begin. @throws FormatError where it is none */
	readonly body: () => readonly { readonly bytes: Uint8Array; readonly type: ArrayType; readonly byteOffset: number }[];
}

/**
 * Opens a file: its length and its checksums are looked at before anything is made of it.
 *
 * @throws FormatError that says at which byte it is not what it should be
 */
export async function open(file: Uint8Array, source?: string, most = MOST_BYTES): Promise<Opened> {
	const frame = frameOf(file, source);
	const whole = FRAME + frame.headBytes + frame.bodyBytes + (frame.isSigned ? SIGNATURE : 0);
	if (file.length !== whole) {
		throw new FormatError(Math.min(file.length, whole), `${file.length} bytes`, `${whole}, as the frame says`, source);
	}
	if (whole > most) throw new FormatError(16, `${whole} bytes`, `at most ${most}`, source);
	const sums = await checksums(file, frame);
	const { head, body } = partsOf(file, frame);
	for (const [name, at] of [
		["head", 32],
		["body", 64],
	] as const) {
		if (!sums[name].every((byte, index) => byte === file[at + index])) {
			throw new FormatError(
				at,
				`a checksum that the ${name} has not`,
				"that of what was written: the file is damaged",
				source,
			);
		}
	}
	const bodyAt = FRAME + frame.headBytes;
	return {
		frame,
		head: message(head, FRAME, source),
		body: () => {
			const items = message(body, bodyAt, source);
			if (!Array.isArray(items)) throw new FormatError(bodyAt, "no array", "an array of typed arrays", source);
			let at = bodyAt + 5;
			return items.map((item: unknown) => {
				const type = typeOf(item);
				if (type === undefined) throw new FormatError(at, "an item of another kind", "typed arrays", source);
				const { array, name } = type;
				const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
				const byteOffset = at + 7;
				at = byteOffset + bytes.length;
				return { bytes, type: name, byteOffset };
			});
		},
	};
}

/** Unpacks the head alone, of a file's beginning that has at least the frame and the head. */
export async function openHead(file: Uint8Array, source?: string): Promise<Pick<Opened, "frame" | "head">> {
	const frame = frameOf(file, source);
	const end = FRAME + frame.headBytes;
	if (file.length < end) throw new FormatError(file.length, "the end", `a head up to byte ${end}`, source);
	const sum = await sha256(file, [0, 32], [FRAME, end]);
	if (!sum.every((byte, index) => byte === file[32 + index])) {
		throw new FormatError(
			32,
			"a checksum that the head has not",
			"that of what was written: the file is damaged",
			source,
		);
	}
	return { frame, head: message(file.subarray(FRAME, end), FRAME, source) };
}

function message(bytes: Uint8Array, at: number, source: string | undefined): unknown {
	const flaw = skim(bytes);
	if (flaw !== undefined) throw new FormatError(at + flaw.byteOffset, flaw.found, flaw.allowed, source);
	try {
		return unpack(bytes);
	} catch (cause) {
		throw new FormatError(
			at,
			cause instanceof Error ? cause.message.slice(0, 200) : "no message",
			"MessagePack",
			source,
		);
	}
}

async function checksums(
	file: Uint8Array,
	{ headBytes, bodyBytes }: Frame,
): Promise<{ head: Uint8Array; body: Uint8Array }> {
	const body = FRAME + headBytes;
	return { head: await sha256(file, [0, 32], [FRAME, body]), body: await sha256(file, [body, body + bodyBytes]) };
}

/** Bytes that are hashed between two turns of the event loop, so that learning beside it does not wait. */
const SLICE = 2 ** 17;

/** SHA-256 of some ranges of a file, one after the other. */
async function sha256(file: Uint8Array, ...ranges: readonly (readonly [number, number])[]): Promise<Uint8Array> {
	const create = await nodeHash();
	if (create !== undefined) return inSlices(create, file, ranges);
	const { subtle } = globalThis.crypto ?? {};
	if (subtle === undefined) {
		throw new EnvironmentError("checkpoints need crypto.subtle, which browsers have on https and localhost only");
	}
	const parts = new Uint8Array(ranges.reduce((sum, [from, until]) => sum + until - from, 0));
	let at = 0;
	for (const [from, until] of ranges) {
		parts.set(file.subarray(from, until), at);
		at += until - from;
	}
	return new Uint8Array(await subtle.digest("SHA-256", parts));
}

type CreateHash = typeof import("node:crypto").createHash;

/** Node's own hash takes one piece after the other; the platform's would first copy all of them at once. */
async function nodeHash(): Promise<CreateHash | undefined> {
	if (typeof process === "undefined" || process.versions?.node === undefined) return undefined;
	return (await import("node:crypto")).createHash;
}

async function inSlices(
	create: CreateHash,
	file: Uint8Array,
	ranges: readonly (readonly [number, number])[],
): Promise<Uint8Array> {
	const hash = create("sha256");
	for (const [from, until] of ranges) {
		for (let at = from; at < until; at += SLICE) {
			hash.update(file.subarray(at, Math.min(until, at + SLICE)));
			if (at + SLICE < until) await new Promise<void>((resolve) => setImmediate(resolve));
		}
	}
	return hash.digest();
}

function typeOf(item: unknown): { array: ArrayBufferView; name: ArrayType } | undefined {
	const is = CLASSES.find(([, kind]) => item instanceof kind);
	return is !== undefined && ArrayBuffer.isView(item) ? { array: item, name: is[0] } : undefined;
}

const CLASSES = [
	["i8", Int8Array],
	["u8", Uint8Array],
	["i16", Int16Array],
	["i32", Int32Array],
	["u32", Uint32Array],
	["i64", BigInt64Array],
	["u64", BigUint64Array],
] as const;
