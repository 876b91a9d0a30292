// Bytes at any place: of a file that stays open, or of memory. For formats whose parts do not lie in the order in which they
// are needed.

import { DatasetError } from "../errors.js";
import { pathOf } from "./bytes.js";

/** Bytes at any place. */
export interface Ranges {
	/** The file's name, where it has one. */
	readonly name: string | undefined;
	/** How many bytes there are. */
	readonly size: number;
	/** So many bytes from a place on, all within `size`; until the next call. */
	read(offset: number, length: number): Uint8Array;
	/** Closes the file. */
	close(): void;
}

/** Opens a path, a `file:` URL, or bytes. */
export async function openRanges(source: string | URL | Uint8Array): Promise<Ranges> {
	if (source instanceof Uint8Array) {
		const read = (offset: number, length: number) => source.subarray(offset, offset + length);
		return { name: undefined, size: source.length, read, close: () => undefined };
	}
	const name = await pathOf(source);
	const fs = await import("node:fs");
	const attempt = <T>(action: () => T): T => {
		try {
			return action();
		} catch (cause) {
			const reason = cause instanceof Error ? cause.message : String(cause);
			throw new DatasetError(`${name}: cannot be read: ${reason}`, { cause });
		}
	};
	const handle = attempt(() => fs.openSync(name, "r"));
	let buffer = new Uint8Array(0);
	const read = (offset: number, length: number) => {
		if (buffer.length < length) buffer = new Uint8Array(length);
		return attempt(() => fill(fs, handle, buffer.subarray(0, length), offset));
	};
	return { name, size: attempt(() => fs.fstatSync(handle).size), read, close: () => fs.closeSync(handle) };
}

/** Fills all of `bytes` from a place in an open file. */
export function fill(fs: typeof import("node:fs"), handle: number, bytes: Uint8Array, offset: number): Uint8Array {
	let have = 0;
	while (have < bytes.length) {
		const got = fs.readSync(handle, bytes, have, bytes.length - have, offset + have);
		if (got === 0) throw new DatasetError(`it ends at byte ${offset + have}`);
		have += got;
	}
	return bytes;
}
