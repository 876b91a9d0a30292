// Zip archives as trees of files: the directory is read at once, the files one at a time when they are asked for.
//
// Nothing in an archive is believed before it is checked: names may not leave the archive, sizes bound every
// allocation, and the bytes must match their checksum. Node unpacks by its own zlib, everything else by the WASM module of events.

import { DatasetError } from "../errors.js";
import { loadEventsModule } from "../wasm/module.js";
import { crc32 } from "../zip/crc.js";
import { type Entry, faultsOf, type ReadRange, readDirectory, readLocal, STORED } from "../zip/directory.js";
import { inflateInto } from "../zip/inflate.js";
import { type FileTree, Scratch, sortNames } from "./tree.js";

/** Deflate cannot pack more than this many bytes into one. */
const MOST_INFLATION = 1032;

/** What unpacks and checks bytes. */
export interface Codec {
	/** Unpacks deflated bytes, to `size` of them if they are sound; throws, or gives another number, if not. */
	inflate(packed: Uint8Array, size: number): Uint8Array;
	crc32(bytes: Uint8Array): number;
}

/** The one that runs everywhere. */
export async function portableCodec(): Promise<Codec> {
	const module = await loadEventsModule();
	const scratch = new Scratch();
	const inflate = (packed: Uint8Array, size: number) => {
		// One byte more, by which too many are told.
		const room = scratch.take(size + 1);
		return room.subarray(
			0,
			inflateInto(module, "deflate", packed, room.subarray(0, size), () => new Error("unsound")),
		);
	};
	return { inflate, crc32 };
}

/** Node's own, several times as fast; the first releases of Node 20 have no checksum. */
export async function nodeCodec(): Promise<Codec> {
	const zlib = await import("node:zlib");
	const native: unknown = Reflect.get(zlib, "crc32");
	return {
		inflate: (packed, size) =>
			zlib.inflateRawSync(packed, {
				maxOutputLength: size + 1,
				chunkSize: Math.max(size + 1, zlib.constants.Z_MIN_CHUNK),
			}),
		crc32: typeof native === "function" ? (bytes) => Number(native(bytes)) : crc32,
	};
}

/**
 * Opens a zip archive.
 *
 * @param place the archive's name, for errors
 * @param size the archive's bytes
 * @param maxBytes the most that one file in it may unpack to
 * @param codec what unpacks and checks bytes
 * @throws FormatError with the byte offset where the archive is damaged or lies, names a path outside itself, or
 *   needs what is not supported (encryption, several disks, methods other than stored and deflated)
 */
export function openZip(place: string, size: number, readRange: ReadRange, maxBytes: number, codec: Codec): FileTree {
	const fault = faultsOf(place);
	const { entries, directory } = readDirectory(size, readRange, fault);

	const folders = new Map<string, Set<string>>([["", new Set()]]);
	for (const name of entries.keys()) addName(folders, name);

	const read = (path: string): Uint8Array => {
		const entry = entries.get(path);
		if (entry === undefined) throw new DatasetError(`${place}: there is no ${path} in it`);
		const { named } = entry;
		if (entry.size > maxBytes) throw fault(named, `${path} unpacks to ${entry.size} bytes`, `${maxBytes} (maxBytes)`);
		if (entry.size > entry.packed * MOST_INFLATION) {
			throw fault(
				named,
				`${path} claims ${entry.size} bytes from ${entry.packed}`,
				`at most ${MOST_INFLATION} from one`,
			);
		}
		// Or else a small size could hide hours of inflating.
		if (entry.packed > entry.size + (entry.size >>> 3) + 64) {
			throw fault(
				named,
				`${path} is packed to ${entry.packed} bytes from ${entry.size}`,
				"packing that does not blow up",
			);
		}
		const { begin, read } = readLocal(entry, path, directory, readRange, fault, entry.packed);
		const packed = read.length === entry.packed ? read : readRange(begin, entry.packed);
		const bytes = unpack(packed, entry, codec);
		if (bytes === undefined)
			throw fault(begin, `${path} cannot be inflated to ${entry.size} bytes`, "sound deflate data");
		if (codec.crc32(bytes) !== entry.crc) throw fault(begin, `${path} is damaged`, "bytes that match their checksum");
		return bytes;
	};
	return { place, list: (folder) => sortNames(folders.get(folder) ?? []), read };
}

function addName(folders: Map<string, Set<string>>, name: string): void {
	let folder = "";
	for (let end = name.indexOf("/"); ; end = name.indexOf("/", folder.length)) {
		const child = end < 0 ? name : name.slice(0, end + 1);
		if (child.length > folder.length) folders.get(folder)?.add(child.slice(folder.length));
		if (end < 0) return;
		if (!folders.has(child)) folders.set(child, new Set());
		folder = child;
	}
}

/** The bytes of an entry, or undefined where they are not what the directory says. */
function unpack(packed: Uint8Array, entry: Entry, codec: Codec): Uint8Array | undefined {
	if (entry.method === STORED) return packed.length === entry.size ? packed : undefined;
	try {
		const bytes = codec.inflate(packed, entry.size);
		return bytes.length === entry.size ? bytes : undefined;
	} catch {
		return undefined;
	}
}
