// PNG pictures of three channels of 16 bits, in which optical flow is stored. Other kinds are refused.

import { FormatError } from "../../errors.js";
import { type InflateModule, inflateInto } from "../../zip/inflate.js";

/** A picture: three numbers from 0 to 65535 a pixel, by row and column. */
export interface Picture48 {
	readonly width: number;
	readonly height: number;
	readonly values: Uint16Array;
}

const MARK = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const PIXEL_BYTES = 6;
const MOST_PIXELS = 2 ** 24;

/**
 * Reads one.
 *
 * @throws FormatError with the byte offset where it is damaged or of another kind
 */
export function readPng48(module: InflateModule, bytes: Uint8Array, source: string): Picture48 {
	const fault = (offset: number, found: string, allowed: string) => new FormatError(offset, found, allowed, source);
	if (!MARK.every((byte, at) => bytes[at] === byte)) throw fault(0, "no mark of a PNG picture", "a PNG picture");
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	let size: { width: number; height: number } | undefined;
	const packed: Uint8Array[] = [];
	for (let at = MARK.length; ; ) {
		const length = at + 12 <= bytes.length ? view.getUint32(at) : Number.POSITIVE_INFINITY;
		if (at + 12 + length > bytes.length) throw fault(at, "a part that is cut", "whole parts up to IEND");
		const name = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
		const body = at + 8;
		if (name === "IHDR" && length === 13) {
			const [depth, colours, interlace] = [bytes[body + 8], bytes[body + 9], bytes[body + 12]];
			if (depth !== 16 || colours !== 2 || interlace !== 0) {
				const found = `a picture of ${depth} bits, kind ${colours}, interlace ${interlace}`;
				throw fault(body + 8, found, "16 bits, kind 2 (red, green, blue), interlace 0");
			}
			size = { width: view.getUint32(body), height: view.getUint32(body + 4) };
			const pixels = size.width * size.height;
			if (pixels === 0 || pixels > MOST_PIXELS) throw fault(body, `${pixels} pixels`, `1 to ${MOST_PIXELS}`);
		}
		if (name === "IDAT") packed.push(bytes.subarray(body, body + length));
		if (name === "IEND") break;
		at = body + length + 4;
	}
	if (size === undefined) throw fault(MARK.length, "no IHDR", "a part IHDR");
	const { width, height } = size;
	const rows = unpacked(module, packed, (1 + PIXEL_BYTES * width) * height);
	if (rows === undefined)
		throw fault(MARK.length, "pixels that cannot be unpacked", `sound ones of ${width} x ${height}`);
	const values = new Uint16Array(3 * width * height);
	if (!unfilter(rows, width, height, values)) throw fault(MARK.length, "a row of an unknown filter", "filters 0 to 4");
	return { width, height, values };
}

function unpacked(module: InflateModule, parts: readonly Uint8Array[], size: number): Uint8Array | undefined {
	const packed = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
	let at = 0;
	for (const part of parts) {
		packed.set(part, at);
		at += part.length;
	}
	try {
		const bytes = new Uint8Array(size);
		const made = inflateInto(module, "zlib", packed, bytes, () => new Error("unsound"));
		return made === size ? bytes : undefined;
	} catch {
		return undefined;
	}
}

/** Undoes the filters of the PNG specification (section 9), in place; false for an unknown one. */
function unfilter(rows: Uint8Array, width: number, height: number, values: Uint16Array): boolean {
	const length = PIXEL_BYTES * width;
	const above = new Uint8Array(length);
	for (let row = 0; row < height; row += 1) {
		const begin = row * (length + 1);
		const filter = rows[begin] ?? 0;
		if (filter > 4) return false;
		const line = rows.subarray(begin + 1, begin + 1 + length);
		for (let at = 0; at < length; at += 1) {
			const left = at < PIXEL_BYTES ? 0 : (line[at - PIXEL_BYTES] as number);
			const corner = at < PIXEL_BYTES ? 0 : (above[at - PIXEL_BYTES] as number);
			line[at] = (line[at] as number) + predicted(filter, left, above[at] as number, corner);
		}
		above.set(line);
		for (let at = 0; at < length; at += 2) {
			values[(row * length + at) >> 1] = ((line[at] as number) << 8) | (line[at + 1] as number);
		}
	}
	return true;
}

function predicted(filter: number, left: number, up: number, corner: number): number {
	if (filter === 0) return 0;
	if (filter === 1) return left;
	if (filter === 2) return up;
	if (filter === 3) return (left + up) >> 1;
	const guess = left + up - corner;
	const [toLeft, toUp, toCorner] = [Math.abs(guess - left), Math.abs(guess - up), Math.abs(guess - corner)];
	if (toLeft <= toUp && toLeft <= toCorner) return left;
	return toUp <= toCorner ? up : corner;
}
