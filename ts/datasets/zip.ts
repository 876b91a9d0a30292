// Zip archives as trees of files: the directory is read at once, the files one at a time when they are asked for.
//
// Nothing in an archive is believed before it is checked: names may not leave the archive, sizes bound every
// allocation, and the bytes must match their checksum. Node unpacks by its own zlib, everything else by fflate.

import { DatasetError, FormatError } from "../errors.js";
import { type FileTree, type ReadRange, Scratch, sortNames } from "./tree.js";

const END_SIGNATURE = 0x06054b50;
const ENTRY_SIGNATURE = 0x02014b50;
const LOCAL_SIGNATURE = 0x04034b50;
const END_BYTES = 22;
const ENTRY_BYTES = 46;
const LOCAL_BYTES = 30;
const LONGEST_COMMENT = 0xffff;
/** More than archivers write between a file's local name and its bytes. */
const USUAL_EXTRA = 64;
const STORED = 0;
const DEFLATED = 8;
const ENCRYPTED_FLAG = 1;
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
	const { inflateSync } = await import("fflate");
	const scratch = new Scratch();
	return { inflate: (packed, size) => inflateSync(packed, { out: scratch.take(size) }), crc32 };
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

interface Entry {
	readonly method: number;
	readonly crc: number;
	readonly packed: number;
	readonly size: number;
	/** Where its local header begins. */
	readonly offset: number;
	/** Where the directory names it. */
	readonly named: number;
}

/**
 * Opens a zip archive.
 *
 * @param place the archive's name, for errors
 * @param size the archive's bytes
 * @param maxBytes the most that one file in it may unpack to
 * @param codec what unpacks and checks bytes
 * @throws FormatError with the byte offset where the archive is damaged or lies, names a path outside itself, or
 *   needs what is not supported (zip64, encryption, several disks, methods other than stored and deflated)
 */
export function openZip(place: string, size: number, readRange: ReadRange, maxBytes: number, codec: Codec): FileTree {
	const fault = (offset: number, found: string, allowed: string) => new FormatError(offset, found, allowed, place);
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
		if (entry.offset + LOCAL_BYTES > directory)
			throw fault(named, `${path} lies at ${entry.offset}`, `before ${directory}`);
		// Mostly, one read gets all of the file: a name takes three bytes a character at most.
		const most = Math.min(directory - entry.offset, LOCAL_BYTES + 3 * path.length + USUAL_EXTRA + entry.packed);
		const local = readRange(entry.offset, most);
		const header = viewOf(local);
		if (header.getUint32(0, true) !== LOCAL_SIGNATURE) throw fault(entry.offset, "no file begins here", "PK 3 4");
		const begin = entry.offset + LOCAL_BYTES + header.getUint16(26, true) + header.getUint16(28, true);
		if (begin + entry.packed > directory)
			throw fault(named, `${path} ends at ${begin + entry.packed}`, `up to ${directory}`);
		const at = begin - entry.offset;
		const packed = at + entry.packed <= most ? local.subarray(at, at + entry.packed) : readRange(begin, entry.packed);
		const bytes = unpack(packed, entry, codec);
		if (bytes === undefined)
			throw fault(begin, `${path} cannot be inflated to ${entry.size} bytes`, "sound deflate data");
		if (codec.crc32(bytes) !== entry.crc) throw fault(begin, `${path} is damaged`, "bytes that match their checksum");
		return bytes;
	};
	return { place, list: (folder) => sortNames(folders.get(folder) ?? []), read };
}

type Fault = (offset: number, found: string, allowed: string) => FormatError;

function readDirectory(size: number, readRange: ReadRange, fault: Fault) {
	const tailAt = Math.max(0, size - END_BYTES - LONGEST_COMMENT);
	const tail = viewOf(readRange(tailAt, size - tailAt));
	let at = tail.byteLength - END_BYTES;
	while (
		at >= 0 &&
		!(tail.getUint32(at, true) === END_SIGNATURE && at + END_BYTES + tail.getUint16(at + 20, true) <= tail.byteLength)
	) {
		at -= 1;
	}
	if (at < 0) throw fault(size, "no end of a zip archive was found", "a whole zip archive");
	const endAt = tailAt + at;
	const count = tail.getUint16(at + 10, true);
	const length = tail.getUint32(at + 12, true);
	const directory = tail.getUint32(at + 16, true);
	if (count === 0xffff || length === 0xffffffff || directory === 0xffffffff) {
		throw fault(endAt, "a zip64 archive", "up to 65,534 files and 4 GiB; unpack it and open the folder instead");
	}
	if (tail.getUint16(at + 4, true) !== 0 || tail.getUint16(at + 8, true) !== count) {
		throw fault(endAt, "an archive of several disks", "an archive in one file");
	}
	if (directory + length > endAt)
		throw fault(endAt, `a directory at ${directory} to ${directory + length}`, `up to ${endAt}`);
	const bytes = readRange(directory, length);
	return { directory, entries: readEntries(bytes, directory, count, fault) };
}

function readEntries(bytes: Uint8Array, directory: number, count: number, fault: Fault): Map<string, Entry> {
	const view = viewOf(bytes);
	const text = new TextDecoder();
	const entries = new Map<string, Entry>();
	let at = 0;
	for (let index = 0; index < count; index += 1) {
		const named = directory + at;
		const whole = at + ENTRY_BYTES <= bytes.length && view.getUint32(at, true) === ENTRY_SIGNATURE;
		const nameAt = at + ENTRY_BYTES;
		const nameEnd = whole ? nameAt + view.getUint16(at + 28, true) : Number.POSITIVE_INFINITY;
		if (nameEnd > bytes.length) throw fault(named, `the directory ends after ${index} files`, `${count} files`);
		const name = text.decode(bytes.subarray(nameAt, nameEnd));
		if (!isInside(name)) throw fault(named, `the path ${JSON.stringify(name)}`, "paths that stay inside the archive");
		if (entries.has(name)) throw fault(named, `${JSON.stringify(name)} a second time`, "each file once");
		const method = view.getUint16(at + 10, true);
		if ((view.getUint16(at + 8, true) & ENCRYPTED_FLAG) !== 0)
			throw fault(named, `${name} is encrypted`, "plain files");
		if (method !== STORED && method !== DEFLATED)
			throw fault(named, `${name} is packed by method ${method}`, "0 (stored) or 8 (deflated)");
		entries.set(name, {
			method,
			crc: view.getUint32(at + 16, true),
			packed: view.getUint32(at + 20, true),
			size: view.getUint32(at + 24, true),
			offset: view.getUint32(at + 42, true),
			named,
		});
		at = nameEnd + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
	}
	return entries;
}

/** A relative path without "..", an empty name, a drive, a backslash or a control character. */
function isInside(name: string): boolean {
	const names = name.replace(/\/$/, "").split("/");
	// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused here
	return names.every((part) => part !== "" && part !== "." && part !== "..") && !/[\\:\u0000-\u001f]/.test(name);
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

function viewOf(bytes: Uint8Array): DataView {
	return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
	let crc = byte;
	for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
	return crc;
});

function crc32(bytes: Uint8Array): number {
	let crc = -1;
	for (const byte of bytes) crc = (crc >>> 8) ^ (CRC_TABLE[(crc ^ byte) & 0xff] ?? 0);
	return ~crc >>> 0;
}
