// MessagePack, by a library that is made part of this file when the package is built: it imports nothing else of ours.

import { Packr, Unpackr } from "msgpackr";

// Typed arrays keep their type; objects are plain maps; nothing is a reference to anything else.
const OPTIONS = { moreTypes: true, useRecords: false, structuredClone: false, mapsAsObjects: true } as const;

/** Packs plain data: numbers, strings, booleans, null, arrays, objects and typed arrays. */
export function pack(value: unknown): Uint8Array {
	// A packer of its own: a shared one keeps the memory of the largest thing that it ever packed.
	return new Packr(OPTIONS).pack(value);
}

/**
 * Unpacks what `pack` made. The bytes must have been looked through before: see `skim`.
 *
 * @throws Error of the library where they are no MessagePack after all
 */
export function unpack(bytes: Uint8Array): unknown {
	return new Unpackr(OPTIONS).unpack(bytes);
}
