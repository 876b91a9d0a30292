// A look at an HDF5 file's global heaps, which hold its texts, before the library walks them: it would walk for ever where an
// object has no size.

import { FormatError } from "../../errors.js";
import { openRanges } from "../ranges.js";

/** Larger files are not looked through: it takes a second for each GiB or so. */
const MOST_BYTES = 2 ** 28;
/** Bytes that are looked through at once. */
const WINDOW = 2 ** 20;
/** How a heap begins: its name, version 1 and three zeros. */
const START = [0x47, 0x43, 0x4f, 0x4c, 1, 0, 0, 0];

/** @throws FormatError with the byte of an object where a walk through its heap would not end */
export async function checkHeaps(source: string | URL | Uint8Array, name?: string): Promise<void> {
	const ranges = await openRanges(source);
	try {
		if (ranges.size > MOST_BYTES) return;
		for (let from = 0; from < ranges.size; from += WINDOW) {
			// Starts may lie across two windows.
			const bytes = ranges.read(from, Math.min(WINDOW + START.length, ranges.size - from)).slice();
			for (const at of startsIn(bytes)) walk(from + at, (place, length) => read(ranges, place, length), name);
		}
	} finally {
		ranges.close();
	}
}

function startsIn(bytes: Uint8Array): number[] {
	const starts = [];
	for (let at = bytes.indexOf(0x47); at >= 0; at = bytes.indexOf(0x47, at + 1)) {
		if (START.every((byte, index) => bytes[at + index] === byte)) starts.push(at);
	}
	return starts;
}

/** Walks a heap's objects: index (2 bytes), users (2), 4 without a meaning, size (8), then so many bytes, filled up to 8. */
function walk(heap: number, readAt: (place: number, length: number) => DataView, name: string | undefined): void {
	const head = readAt(heap, 16);
	if (head.byteLength < 16) return;
	const end = heap + Number(head.getBigUint64(8, true));
	for (let at = heap + 16; at + 16 <= end; ) {
		const object = readAt(at, 16);
		if (object.byteLength < 16) return;
		const [index, size] = [object.getUint16(0, true), Number(object.getBigUint64(8, true))];
		// What is free counts its own head.
		const step = index === 0 ? size : 16 + 8 * Math.ceil(size / 8);
		if (step < 16) throw new FormatError(at + 8, `an object of a heap of ${size} bytes, free`, "16 or more", name);
		at += step;
	}
}

function read(ranges: Awaited<ReturnType<typeof openRanges>>, place: number, length: number): DataView {
	const have = Math.max(0, Math.min(length, ranges.size - place));
	const bytes = have === 0 ? new Uint8Array() : ranges.read(place, have).slice();
	return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
