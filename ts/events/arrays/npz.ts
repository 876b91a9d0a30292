// NPZ: a zip of NumPy arrays, one a field as SpikingJelly writes them, or one of all fields.

import { crc32 } from "../../zip/crc.js";
import { type Entry, type Fault, faultsOf, readDirectory, readLocal, STORED } from "../../zip/directory.js";
import { type InflateModule, inflate } from "../../zip/inflate.js";
import type { Ranges } from "../ranges.js";
import { type ArrayBytes, type ColumnModule, FIELDS, type FieldName } from "./column.js";
import type { FieldArrays } from "./join.js";

/** How many bytes of an archive are read at a time. */
const PIECE = 1 << 16;

/** What an archive holds: a field an array, or one array of all. */
export type NpzContent = { readonly fields: FieldArrays } | { readonly whole: ArrayBytes };

/**
 * Looks into an archive.
 *
 * @throws FormatError with the byte offset where the archive is damaged, or where its arrays are no events
 */
export function openNpz(ranges: Ranges, module: Pick<ColumnModule, "fieldOf"> & InflateModule): NpzContent {
	const fault = faultsOf(ranges.name);
	const { entries, directory } = readDirectory(ranges.size, (from, length) => ranges.read(from, length), fault);
	const place = ranges.name === undefined ? "" : `${ranges.name}: `;
	const bytesOf = (name: string, entry: Entry): ArrayBytes => ({
		name: place + name,
		pieces: { [Symbol.iterator]: () => piecesOf({ ranges, directory, fault, module, name }, entry) },
	});
	const arrays = [...entries].filter(([name]) => name.endsWith(".npy"));
	const fields: Partial<Record<FieldName, ArrayBytes>> = {};
	for (const [name, entry] of arrays) {
		const field = FIELDS[module.fieldOf(name.slice(0, -".npy".length))];
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

/** What reading a file of an archive needs. */
interface Place {
	readonly ranges: Ranges;
	readonly directory: number;
	readonly fault: Fault;
	readonly module: InflateModule;
	readonly name: string;
}

/** The bytes of a file of an archive. */
function* piecesOf(place: Place, entry: Entry): Generator<Uint8Array> {
	const { ranges, directory, fault, module, name } = place;
	const read = (from: number, length: number) => ranges.read(from, length);
	const { begin } = readLocal(entry, name, directory, read, fault, 0);
	const isStored = entry.method === STORED;
	if (isStored && entry.packed !== entry.size)
		throw fault(entry.named, `${name} is stored in ${entry.packed} bytes`, `${entry.size}, as it has`);
	let [crc, size] = [0, 0];
	const packed = rangesOf(place, begin, entry.packed);
	const unsound = () => fault(begin, `${name} cannot be inflated`, "sound deflate data");
	for (const piece of isStored ? packed : inflate(module, "deflate", packed, unsound)) {
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

/** In memory of their own: other arrays of the archive are read before a piece is done with. */
function* rangesOf({ ranges }: Place, begin: number, length: number): Generator<Uint8Array> {
	const room = new Uint8Array(Math.min(PIECE, length));
	for (let at = 0; at < length; at += PIECE) {
		const piece = room.subarray(0, Math.min(PIECE, length - at));
		piece.set(ranges.read(begin + at, piece.length));
		yield piece;
	}
}
