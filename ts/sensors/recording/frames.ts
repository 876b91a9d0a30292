// The container of recordings: frames one after the other, each with its length and a checksum. See docs/sensors.md for every byte.

import { endianness } from "node:os";
import zlib from "node:zlib";
import { FormatError } from "../../errors.js";
import type { Events, LiveEvents } from "../../events/chunk.js";
import { crc32 } from "../../zip/crc.js";

/** The first bytes of a recording. */
export const MAGIC: readonly number[] = [0x89, 0x53, 0x54, 0x4c, 0x4c, 0x52, 0x0d, 0x0a];
/** The version that is written, and the one that is read. */
export const VERSION = 1;
/** Bytes before the first frame: the magic, the version as u32, the CRC-32 of both. */
export const HEADER_BYTES = 16;
/** Bytes of a frame before what it holds. */
export const FRAME_BYTES = 20;
/** The most that a frame may hold. */
export const MOST_BYTES = 2 ** 22;
/** The most events of a frame. */
export const MOST_EVENTS = 2 ** 18;
/** Bytes of a frame of events before its events. */
const EVENTS_BYTES = 16;

/** What a frame holds. */
export const KINDS = { about: 1, events: 2, status: 3, label: 4, end: 5 } as const;

/** The name of a kind of frame. */
export type FrameKind = keyof typeof KINDS;

/** A frame: when it was written, in us since the session began, and what it holds. */
export interface Frame {
	readonly kind: FrameKind;
	readonly us: number;
	readonly bytes: Uint8Array;
	/** Where in the file it begins. */
	readonly offset: number;
}

/** The bytes before the first frame. */
export function header(): Uint8Array {
	const made = new Uint8Array(HEADER_BYTES);
	made.set(MAGIC);
	const view = new DataView(made.buffer);
	view.setUint32(8, VERSION, true);
	view.setUint32(12, crc32(made.subarray(0, 12)), true);
	return made;
}

/** Checks the bytes before the first frame. */
export function checkHeader(bytes: Uint8Array, name: string): void {
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	if (bytes.length < HEADER_BYTES) {
		throw new FormatError(0, `the header is cut, it has ${bytes.length} bytes`, `${HEADER_BYTES}`, name);
	}
	if (!MAGIC.every((byte, index) => bytes[index] === byte)) {
		throw new FormatError(0, "no recording of a sensor", "the bytes 89 53 54 4C 4C 52 0D 0A", name);
	}
	if (view.getUint32(12, true) !== crc32(bytes.subarray(0, 12))) {
		throw new FormatError(0, "a header whose checksum is wrong", "a sound one", name);
	}
	const version = view.getUint32(8, true);
	if (version !== VERSION) throw new FormatError(8, `version ${version}`, `${VERSION}`, name);
}

/** The bytes of a frame. */
export function frame(kind: FrameKind, us: number, ...parts: readonly Uint8Array[]): Uint8Array {
	const length = parts.reduce((sum, part) => sum + part.length, 0);
	const made = new Uint8Array(FRAME_BYTES + length);
	const view = new DataView(made.buffer);
	view.setUint32(0, length, true);
	view.setUint8(4, KINDS[kind]);
	view.setFloat64(8, us, true);
	let at = FRAME_BYTES;
	for (const part of parts) {
		made.set(part, at);
		at += part.length;
	}
	view.setUint32(16, checksum(made), true);
	return made;
}

/** How long the frame is whose first bytes these are, all in all. Throws where it cannot be one. */
export function frameLength(head: Uint8Array, offset: number, name: string): number {
	const length = new DataView(head.buffer, head.byteOffset, head.byteLength).getUint32(0, true);
	if (length > MOST_BYTES) throw new FormatError(offset, `a frame of ${length} bytes`, `up to ${MOST_BYTES}`, name);
	return FRAME_BYTES + length;
}

/** A whole frame from its bytes. Throws where its checksum is wrong, or it is of no kind that is known. */
export function readFrame(bytes: Uint8Array, offset: number, name: string): Frame {
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	if (view.getUint32(16, true) !== checksum(bytes)) {
		throw new FormatError(offset, "a frame whose checksum is wrong", "a sound one", name);
	}
	const code = view.getUint8(4);
	const kind = (Object.keys(KINDS) as FrameKind[]).find((kind) => KINDS[kind] === code);
	if (kind === undefined) throw new FormatError(offset, `a frame of kind ${code}`, "1 to 5", name);
	const us = view.getFloat64(8, true);
	if (!(us >= 0 && us <= Number.MAX_SAFE_INTEGER))
		throw new FormatError(offset, `a time of ${us} us`, "0 to 2^53 - 1", name);
	return { kind, us, bytes: bytes.subarray(FRAME_BYTES), offset };
}

/** What a frame of events holds, and the next one where they are too many for one. */
export function* eventsFrames(events: LiveEvents, us: number): Generator<Uint8Array> {
	const count = events.t.length;
	let from = 0;
	do {
		const until = Math.min(count, from + MOST_EVENTS);
		const n = until - from;
		const made = new Uint8Array(EVENTS_BYTES + 13 * n);
		const view = new DataView(made.buffer);
		view.setUint32(0, n, true);
		view.setFloat64(8, until === count && events.untilUs !== undefined ? events.untilUs : -1, true);
		const arrays = arraysOf(made, n);
		for (const name of ["t", "x", "y", "p"] as const) arrays[name].set(events[name].subarray(from, until));
		swapped(arrays);
		yield frame("events", us, made);
		from = until;
	} while (from < count);
}

/** The events of a frame. */
export function readEvents({ bytes, offset }: Frame, name: string): LiveEvents {
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	const n = bytes.length >= EVENTS_BYTES ? view.getUint32(0, true) : -1;
	if (bytes.length !== EVENTS_BYTES + 13 * n) {
		throw new FormatError(offset, `${bytes.length} bytes for ${n} events`, "16 bytes, and 13 for each", name);
	}
	// Copied: in the file's bytes numbers do not lie where arrays can begin.
	const copy = bytes.slice();
	const made = arraysOf(copy, n);
	swapped(made);
	const untilUs = view.getFloat64(8, true);
	return untilUs >= 0 ? { ...made, untilUs } : made;
}

/** The arrays of `n` events in what a frame holds, which must be all of its buffer. */
function arraysOf({ buffer }: Uint8Array<ArrayBuffer>, n: number): Events {
	return {
		t: new Float64Array(buffer, EVENTS_BYTES, n),
		x: new Uint16Array(buffer, EVENTS_BYTES + 8 * n, n),
		y: new Uint16Array(buffer, EVENTS_BYTES + 10 * n, n),
		p: new Uint8Array(buffer, EVENTS_BYTES + 12 * n, n),
	};
}

/** Files are little-endian: where the machine is not, the bytes of each number change places. */
function swapped({ t, x, y }: Events): void {
	if (endianness() === "LE") return;
	Buffer.from(t.buffer, t.byteOffset, t.byteLength).swap64();
	for (const { buffer, byteOffset, byteLength } of [x, y]) Buffer.from(buffer, byteOffset, byteLength).swap16();
}

/** A frame's JSON. */
export function readJson({ bytes, offset }: Frame, name: string): Record<string, unknown> {
	try {
		const found: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
		if (typeof found === "object" && found !== null && !Array.isArray(found)) return found as Record<string, unknown>;
	} catch {
		// said below
	}
	throw new FormatError(offset, "a frame that holds no JSON object", "one", name);
}

/** Node has one from 20.15 on, many times as fast. */
const checksumOf = typeof zlib.crc32 === "function" ? zlib.crc32 : crc32;

/** Of a frame: its first 16 bytes and what it holds. */
function checksum(bytes: Uint8Array): number {
	return checksumOf(bytes.subarray(FRAME_BYTES), checksumOf(bytes.subarray(0, 16)));
}
