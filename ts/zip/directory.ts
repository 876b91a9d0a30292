// The directory of a zip archive: which files it holds and where their bytes lie.
//
// Nothing in it is believed before it is checked: names may not leave the archive, and every file lies before the directory.

import { FormatError } from "../errors.js";

const END_SIGNATURE = 0x06054b50;
const END64_SIGNATURE = 0x06064b50;
const LOCATOR64_SIGNATURE = 0x07064b50;
const ENTRY_SIGNATURE = 0x02014b50;
const LOCAL_SIGNATURE = 0x04034b50;
const END_BYTES = 22;
const END64_BYTES = 56;
const LOCATOR64_BYTES = 20;
const ENTRY_BYTES = 46;
const LOCAL_BYTES = 30;
const LONGEST_COMMENT = 0xffff;
/** Of all names: 65,534 of them, of a kilobyte each. */
const MOST_DIRECTORY_BYTES = 2 ** 26;
/** More than archivers write between a file's local name and its bytes. */
const USUAL_EXTRA = 64;
export const STORED = 0;
const DEFLATED = 8;
/** A 32-bit field that says: see zip64. */
const SEE_64 = 0xffffffff;
/** The extra field that holds the 64-bit ones. */
const EXTRA_64 = 1;
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
 *   needs what is not supported (encryption, several disks, methods other than stored and deflated)
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
	const given: End = {
		disk: tail.getUint16(at + 4, true),
		onDisk: tail.getUint16(at + 8, true),
		count: tail.getUint16(at + 10, true),
		length: tail.getUint32(at + 12, true),
		directory: tail.getUint32(at + 16, true),
		endAt,
	};
	const {
		disk,
		onDisk,
		count,
		length,
		directory,
		endAt: limit,
	} = isFull(given) ? readEnd64(given, readRange, fault) : given;
	if (disk !== 0 || onDisk !== count) throw fault(endAt, "an archive of several disks", "an archive in one file");
	if (directory + length > limit)
		throw fault(endAt, `a directory at ${directory} to ${directory + length}`, `up to ${limit}`);
	if (length > MOST_DIRECTORY_BYTES) throw fault(endAt, `a directory of ${length} bytes`, `${MOST_DIRECTORY_BYTES}`);
	const bytes = readRange(directory, length);
	return { directory, entries: readEntries(bytes, directory, count, fault) };
}

/** What the end of an archive says of its directory. */
interface End {
	readonly disk: number;
	readonly onDisk: number;
	readonly count: number;
	readonly length: number;
	readonly directory: number;
	/** The directory ends here at the latest. */
	readonly endAt: number;
}

function isFull({ count, length, directory }: End): boolean {
	return count === 0xffff || length === SEE_64 || directory === SEE_64;
}

/** What zip64 says in place of an end whose fields are too small. */
function readEnd64({ endAt }: End, readRange: ReadRange, fault: Fault): End {
	const locatorAt = endAt - LOCATOR64_BYTES;
	const locator = locatorAt < 0 ? undefined : viewOf(readRange(locatorAt, LOCATOR64_BYTES));
	if (locator?.getUint32(0, true) !== LOCATOR64_SIGNATURE)
		throw fault(endAt, "a zip64 archive without a locator", "PK 6 7 before its end");
	const at = wide(locator, 8, locatorAt, fault);
	if (at + END64_BYTES > locatorAt) throw fault(locatorAt, `a zip64 end at ${at}`, `before ${locatorAt}`);
	const end = viewOf(readRange(at, END64_BYTES));
	if (end.getUint32(0, true) !== END64_SIGNATURE) throw fault(at, "no zip64 end begins here", "PK 6 6");
	return {
		disk: end.getUint32(16, true),
		onDisk: wide(end, 24, at, fault),
		count: wide(end, 32, at, fault),
		length: wide(end, 40, at, fault),
		directory: wide(end, 48, at, fault),
		endAt: at,
	};
}

/** An unsigned number of 64 bits, as far as numbers are exact. */
function wide(view: DataView, at: number, byteOffset: number, fault: Fault): number {
	const high = view.getUint32(at + 4, true);
	if (high >= 2 ** 21) throw fault(byteOffset + at, `the number ${view.getBigUint64(at, true)}`, "less than 2^53");
	return high * 2 ** 32 + view.getUint32(at, true);
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
		const extraEnd = nameEnd + view.getUint16(at + 30, true);
		if (extraEnd > bytes.length)
			throw fault(named, `${name} has ${extraEnd - nameEnd} bytes extra`, "a whole directory");
		const crc = view.getUint32(at + 16, true);
		const sizes = [24, 20, 42].map((field) => view.getUint32(at + field, true));
		const [size, packed, offset] = sizes.includes(SEE_64)
			? sizes64(sizes, bytes.subarray(nameEnd, extraEnd), directory + nameEnd, fault)
			: sizes;
		entries.set(name, { method, crc, packed: packed ?? 0, size: size ?? 0, offset: offset ?? 0, named });
		at = extraEnd + view.getUint16(at + 32, true);
	}
	return entries;
}

/** Size, packed size and offset: those that do not fit are in an extra field, in this order. */
function sizes64(sizes: readonly number[], extra: Uint8Array, byteOffset: number, fault: Fault): number[] {
	const view = viewOf(extra);
	for (let at = 0; at + 4 <= extra.length; ) {
		const end = at + 4 + view.getUint16(at + 2, true);
		let field = at + 4;
		if (view.getUint16(at, true) === EXTRA_64 && end <= extra.length) {
			return sizes.map((size) => {
				if (size !== SEE_64) return size;
				field += 8;
				if (field > end)
					throw fault(byteOffset + at, "a zip64 field that is too short", "a number for each that is too large");
				return wide(view, field - 8, byteOffset, fault);
			});
		}
		at = end;
	}
	throw fault(byteOffset, "sizes of zip64 without their field", "an extra field of type 1");
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
