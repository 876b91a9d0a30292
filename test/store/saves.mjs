// Saves of tests: numbered, and with a checksum that tells a whole one. Plain JavaScript: child processes use it too.
import { createHash } from "node:crypto";

const SUM_BYTES = 8;

/**
 * Save number `index` of a writer, of so many bytes, at least 17.
 *
 * @param {number} index
 * @param {number} bytes
 * @param {number} writer
 * @returns {Uint8Array}
 */
export function saveOf(index, bytes = 20, writer = 0) {
	const save = new Uint8Array(bytes);
	for (let at = 5; at < bytes; at += 1) save[at] = index * 31 + at * 7 + 1;
	new DataView(save.buffer).setUint32(0, index);
	save[4] = writer;
	save.set(sumOf(save), bytes - SUM_BYTES);
	return save;
}

/**
 * Which save it is. Throws where it is not a whole one.
 *
 * @param {Uint8Array} bytes
 * @returns {number}
 */
export function indexOf(bytes) {
	if (bytes.length < 17 || !sumOf(bytes).equals(bytes.subarray(bytes.length - SUM_BYTES))) {
		throw new Error(`${bytes.length} bytes whose checksum is another`);
	}
	return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
}

/**
 * Who made it.
 *
 * @param {Uint8Array} bytes
 * @returns {number}
 */
export function writerOf(bytes) {
	return bytes[4] ?? -1;
}

/**
 * A store's `validate`.
 *
 * @param {Uint8Array} bytes
 * @returns {void}
 */
export function validate(bytes) {
	indexOf(bytes);
}

/** @param {Uint8Array} save */
function sumOf(save) {
	return createHash("sha256")
		.update(save.subarray(0, save.length - SUM_BYTES))
		.digest()
		.subarray(0, SUM_BYTES);
}
