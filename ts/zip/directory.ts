// The directory of a zip archive: which files it holds and where their bytes lie.
//
// Nothing in it is believed before it is checked: names may not leave the archive, and every file lies before the directory.

import { FormatError } from "../errors.js";

const END_SIGNATURE = 0x06054b50;
const ENTRY_SIGNATURE = 0x02014b50;
const LOCAL_SIGNATURE = 0x04034b50;
const END_BYTES = 22;
const ENTRY_BYTES = 46;
const LOCAL_BYTES = 30;
const LONGEST_COMMENT = 0xffff;
/** Of all names: 65,534 of them, of a kilobyte each. */
const MOST_DIRECTORY_BYTES = 2 ** 26;
/** More than archivers write between a file's local name and its bytes. */
const USUAL_EXTRA = 64;
export const STORED = 0;
const DEFLATED = 8;
const ENCRYPTED_FLAG = 1;

/** A range of an archive's bytes, until the next call. */
export type ReadRange = (offset: number, length: number) => Uint8Array;

/** A file of an archive. */
export interface Entry {
	readonly method: number;
	readonly crc: number;
	readonly packed: number;
	readonly size: number;
	/** Where its local header begins. */
	readonly offset: number;
	/** Where the directory names it. */
	readonly named: number;
}

/** Makes the errors of an archive. */
export type Fault = (offset: number, found: string, allowed: string) => FormatError;

/** The errors of the archive of this name. */
export function faultsOf(place: string | undefined): Fault {
	return (offset, found, allowed) => new FormatError(offset, found, allowed, place);
}

/**
 * Reads an archive's directory.
 *
 * @param size the archive's bytes
 * @returns the files by name, and where the directory begins
 * @throws FormatError with the byte offset where the archive is damaged or lies, names a path outside itself, or
 *   needs what is not supported (zip64, encryption, several disks, methods other than stored and deflated)
 */
export function readDirectory(
	size: number,
	readRange: ReadRange,
	fault: Fault,
): { directory: number; entries: Map<string, Entry> } {
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
	if (length > MOST_DIRECTORY_BYTES) throw fault(endAt, `a directory of ${length} bytes`, `${MOST_DIRECTORY_BYTES}`);
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

/**
 * Finds the packed bytes of a file: its local header is read, and what comes with it is given.
 *
 * @param path the file's name, for errors
 * @param wanted how many of the packed bytes to read along
 * @returns where they begin, and as many of them as were read
 */
export function readLocal(
	entry: Entry,
	path: string,
	directory: number,
	readRange: ReadRange,
	fault: Fault,
	wanted: number,
): { begin: number; read: Uint8Array } {
	const { named, offset, packed } = entry;
	if (offset + LOCAL_BYTES > directory) throw fault(named, `${path} lies at ${offset}`, `before ${directory}`);
	// Mostly, one read gets all of the file: a name takes three bytes a character at most.
	const most = Math.min(directory - offset, LOCAL_BYTES + 3 * path.length + USUAL_EXTRA + wanted);
	const local = readRange(offset, most);
	const header = viewOf(local);
	if (header.getUint32(0, true) !== LOCAL_SIGNATURE) throw fault(offset, "no file begins here", "PK 3 4");
	const begin = offset + LOCAL_BYTES + header.getUint16(26, true) + header.getUint16(28, true);
	if (begin + packed > directory) throw fault(named, `${path} ends at ${begin + packed}`, `up to ${directory}`);
	return { begin, read: local.subarray(begin - offset, begin - offset + packed) };
}

function viewOf(bytes: Uint8Array): DataView {
	return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
