// Zip archives of deflated files, written as a stream: each file's sizes and checksum follow its bytes. With zip64's fields where
// numbers need them (APPNOTE 6.3, sections 4.3.7 to 4.3.16 and 4.5.3).

import { crc32 } from "./crc.js";
import { deflate } from "./deflate.js";

/** A file to be written. */
export interface ZipFile {
	readonly name: string;
	/** How many bytes `parts` will have. */
	readonly size: number;
	readonly parts: AsyncIterable<Uint8Array<ArrayBuffer>>;
}

/** From this on a number stands in a field of 64 bits; from 65,535 on one of files does, which are never so many here. */
const MOST_32 = 0xffffffff;
/** The first of January 1980, the earliest there is: the same files give the same bytes, whenever. */
const DATE = (1 << 5) | 1;
const DEFLATED = 8;
/** Sizes and checksum follow the bytes. */
const FOLLOWS = 8;
const [PLAIN_VERSION, ZIP64_VERSION] = [20, 45];

/** What the directory says of a file. */
interface Listed {
	readonly name: Uint8Array;
	readonly isLarge: boolean;
	readonly offset: number;
	readonly crc: number;
	readonly packed: number;
	readonly size: number;
}

/**
 * Writes an archive, piece by piece.
 *
 * @param limit from which size, packed size or place on a file gets zip64's fields; lower ones are for tests
 */
export async function* writeZip(files: Iterable<ZipFile>, limit = MOST_32): AsyncGenerator<Uint8Array> {
	const listed: Listed[] = [];
	let offset = 0;
	for (const { name, size, parts } of files) {
		const begin = offset;
		// Deflate makes bytes that it cannot pack longer by less than a thousandth.
		const file = { name: new TextEncoder().encode(name), isLarge: size * 1.001 + 64 >= limit, offset: begin };
		const head = localHead(file);
		yield head;
		let [crc, read, packed] = [0, 0, 0];
		const counted = async function* () {
			for await (const part of parts) {
				crc = crc32(part, crc);
				read += part.length;
				yield part;
			}
		};
		for await (const piece of deflate(counted())) {
			packed += piece.length;
			yield piece;
		}
		if (read !== size) throw new Error(`${name} has ${read} bytes, where ${size} were announced`);
		const entry = { ...file, crc, packed, size };
		const follows = descriptor(entry);
		yield follows;
		listed.push(entry);
		offset = begin + head.length + packed + follows.length;
	}
	const directory = listed.map((entry) => listing(entry, limit));
	yield* directory;
	const length = directory.reduce((sum, { length }) => sum + length, 0);
	yield ending(listed.length, offset, length, limit);
}

function localHead({ name, isLarge }: Pick<Listed, "name" | "isLarge">): Uint8Array {
	// Room for both sizes in 64 bits says that they follow in as many.
	const extra = isLarge ? field64([0, 0]) : new Uint8Array(0);
	const made = new Uint8Array(30 + name.length + extra.length);
	const view = new DataView(made.buffer);
	view.setUint32(0, 0x04034b50, true);
	view.setUint16(4, isLarge ? ZIP64_VERSION : PLAIN_VERSION, true);
	view.setUint16(6, FOLLOWS, true);
	view.setUint16(8, DEFLATED, true);
	view.setUint16(12, DATE, true);
	if (isLarge) for (const at of [18, 22]) view.setUint32(at, MOST_32, true);
	view.setUint16(26, name.length, true);
	view.setUint16(28, extra.length, true);
	made.set(name, 30);
	made.set(extra, 30 + name.length);
	return made;
}

function descriptor({ isLarge, crc, packed, size }: Listed): Uint8Array {
	const made = new Uint8Array(isLarge ? 24 : 16);
	const view = new DataView(made.buffer);
	view.setUint32(0, 0x08074b50, true);
	view.setUint32(4, crc, true);
	if (isLarge) {
		view.setBigUint64(8, BigInt(packed), true);
		view.setBigUint64(16, BigInt(size), true);
	} else {
		view.setUint32(8, packed, true);
		view.setUint32(12, size, true);
	}
	return made;
}

function listing({ name, isLarge, offset, crc, packed, size }: Listed, limit: number): Uint8Array {
	const isFar = offset >= limit;
	const extra =
		isLarge || isFar ? field64([...(isLarge ? [size, packed] : []), ...(isFar ? [offset] : [])]) : new Uint8Array(0);
	const made = new Uint8Array(46 + name.length + extra.length);
	const view = new DataView(made.buffer);
	view.setUint32(0, 0x02014b50, true);
	for (const at of [4, 6]) view.setUint16(at, isLarge || isFar ? ZIP64_VERSION : PLAIN_VERSION, true);
	view.setUint16(8, FOLLOWS, true);
	view.setUint16(10, DEFLATED, true);
	view.setUint16(14, DATE, true);
	view.setUint32(16, crc, true);
	view.setUint32(20, isLarge ? MOST_32 : packed, true);
	view.setUint32(24, isLarge ? MOST_32 : size, true);
	view.setUint16(28, name.length, true);
	view.setUint16(30, extra.length, true);
	view.setUint32(42, isFar ? MOST_32 : offset, true);
	made.set(name, 46);
	made.set(extra, 46 + name.length);
	return made;
}

/** The end: zip64's and where it is, where a number needs them, and the plain one. */
function ending(count: number, directory: number, length: number, limit: number): Uint8Array {
	const isFar = directory >= limit || length >= limit;
	const made = new Uint8Array(isFar ? 56 + 20 + 22 : 22);
	const view = new DataView(made.buffer);
	if (isFar) {
		view.setUint32(0, 0x06064b50, true);
		view.setBigUint64(4, 44n, true);
		for (const at of [12, 14]) view.setUint16(at, ZIP64_VERSION, true);
		for (const at of [24, 32]) view.setBigUint64(at, BigInt(count), true);
		view.setBigUint64(40, BigInt(length), true);
		view.setBigUint64(48, BigInt(directory), true);
		view.setUint32(56, 0x07064b50, true);
		view.setBigUint64(64, BigInt(directory + length), true);
		view.setUint32(72, 1, true);
	}
	const end = made.length - 22;
	view.setUint32(end, 0x06054b50, true);
	for (const at of [8, 10]) view.setUint16(end + at, count, true);
	view.setUint32(end + 12, isFar ? MOST_32 : length, true);
	view.setUint32(end + 16, isFar ? MOST_32 : directory, true);
	return made;
}

/** The extra field of numbers of 64 bits. */
function field64(numbers: readonly number[]): Uint8Array {
	const made = new Uint8Array(4 + 8 * numbers.length);
	const view = new DataView(made.buffer);
	view.setUint16(0, 1, true);
	view.setUint16(2, 8 * numbers.length, true);
	for (const [at, number] of numbers.entries()) view.setBigUint64(4 + 8 * at, BigInt(number), true);
	return made;
}
