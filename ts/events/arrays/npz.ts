// NPZ: a zip of NumPy arrays, one a field as SpikingJelly writes them, or one of all fields.

import type { Unzlib } from "fflate";
import { FormatError } from "../../errors.js";
import { crc32 } from "../../zip/crc.js";
import { type Entry, type Fault, faultsOf, readDirectory, readLocal, STORED } from "../../zip/directory.js";
import type { Ranges } from "../ranges.js";
import { type ArrayBytes, type ColumnModule, FIELDS, type FieldName } from "./column.js";
import type { FieldArrays } from "./join.js";

/** How many bytes of an archive are read at a time. */
const STORED_PIECE = 1 << 16;
/** What is packed gives up to a thousand times as much. */
const PACKED_PIECE = 1 << 12;

/** What an archive holds: a field an array, or one array of all. */
export type NpzContent = { readonly fields: FieldArrays } | { readonly whole: ArrayBytes };

/**
 * Looks into an archive.
 *
 * @throws FormatError with the byte offset where the archive is damaged, or where its arrays are no events
 */
export async function openNpz(ranges: Ranges, { fieldOf }: Pick<ColumnModule, "fieldOf">): Promise<NpzContent> {
	const { Inflate } = await import("fflate");
	const fault = faultsOf(ranges.name);
	const { entries, directory } = readDirectory(ranges.size, (from, length) => ranges.read(from, length), fault);
	const place = ranges.name === undefined ? "" : `${ranges.name}: `;
	const bytesOf = (name: string, entry: Entry): ArrayBytes => ({
		name: place + name,
		pieces: { [Symbol.iterator]: () => piecesOf({ ranges, directory, fault, Inflate, name }, entry) },
	});
	const arrays = [...entries].filter(([name]) => name.endsWith(".npy"));
	const fields: Partial<Record<FieldName, ArrayBytes>> = {};
	for (const [name, entry] of arrays) {
		const field = FIELDS[fieldOf(name.slice(0, -".npy".length))];
		if (field === undefined) continue;
		const before = fields[field];
		if (before !== undefined) throw fault(entry.named, `${name} beside ${before.name}`, `one array of ${field}`);
		fields[field] = bytesOf(name, entry);
	}
	const { t, x } = fields;
	if (t !== undefined && x !== undefined) return { fields: { ...fields, t, x } };
	const [only] = arrays;
	if (only !== undefined && arrays.length === 1) return { whole: bytesOf(...only) };
	const names = [...entries.keys()];
	const held = names.length === 0 ? "nothing" : `${names.slice(0, 8).join(", ")}${names.length > 8 ? ", ..." : ""}`;
	throw fault(directory, `an archive of ${held}`, "arrays t, x, y, p (t and x at least), or one array of all");
}

/** fflate's inflater, loaded when it is needed. */
type InflateClass = new (ondata: (bytes: Uint8Array, final: boolean) => void) => Pick<Unzlib, "push">;

/** What reading a file of an archive needs. */
interface Place {
	readonly ranges: Ranges;
	readonly directory: number;
	readonly fault: Fault;
	readonly Inflate: InflateClass;
	readonly name: string;
}

/** The bytes of a file of an archive. */
function* piecesOf(place: Place, entry: Entry): Generator<Uint8Array> {
	const { ranges, directory, fault, name } = place;
	const read = (from: number, length: number) => ranges.read(from, length);
	const { begin } = readLocal(entry, name, directory, read, fault, 0);
	const isStored = entry.method === STORED;
	if (isStored && entry.packed !== entry.size)
		throw fault(entry.named, `${name} is stored in ${entry.packed} bytes`, `${entry.size}, as it has`);
	let [crc, size] = [0, 0];
	for (const piece of isStored ? rangesOf(place, begin, entry.packed, STORED_PIECE) : inflated(place, begin, entry)) {
		size += piece.length;
		if (size > entry.size)
			throw fault(begin, `${name} unpacks to more than ${entry.size} bytes`, "what the directory says");
		crc = crc32(piece, crc);
		yield piece;
	}
	if (size !== entry.size)
		throw fault(begin, `${name} unpacks to ${size} bytes`, `${entry.size}, as the directory says`);
	if (crc !== entry.crc) throw fault(begin, `${name} is damaged`, "bytes that match their checksum");
}

function* rangesOf({ ranges }: Place, begin: number, length: number, most: number): Generator<Uint8Array> {
	for (let at = 0; at < length; at += most) yield ranges.read(begin + at, Math.min(most, length - at));
}

function* inflated(place: Place, begin: number, { packed }: Entry): Generator<Uint8Array> {
	let pieces: Uint8Array[] = [];
	const inflater = new place.Inflate((bytes) => pieces.push(bytes));
	let read = 0;
	for (const part of rangesOf(place, begin, packed, PACKED_PIECE)) {
		read += part.length;
		try {
			// It keeps what it cannot use yet.
			inflater.push(part.slice(), read === packed);
		} catch (cause) {
			if (cause instanceof FormatError) throw cause;
			throw place.fault(begin, `${place.name} cannot be inflated`, "sound deflate data");
		}
		const ready = pieces;
		pieces = [];
		yield* ready;
	}
}
