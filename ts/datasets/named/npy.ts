// Arrays of bytes as NumPy stores them (.npy), in the order of C.

import { DatasetError } from "../../errors.js";

/** An array of unsigned bytes. */
export interface ByteArray {
	/** Its sizes, the last varying fastest. */
	readonly shape: readonly number[];
	readonly values: Uint8Array;
}

const MAGIC = "\x93NUMPY";

/** Reads one. Throws where it is cut, or holds something else than bytes in the order of C. */
export function readNpy(bytes: Uint8Array): ByteArray {
	const latin = (from: number, until: number) => String.fromCharCode(...bytes.subarray(from, until));
	if (bytes.length < 12 || latin(0, 6) !== MAGIC) throw new DatasetError("not an .npy file");
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	const isFirst = bytes[6] === 1;
	const headAt = isFirst ? 10 : 12;
	const begin = headAt + (isFirst ? view.getUint16(8, true) : view.getUint32(8, true));
	const head = latin(headAt, Math.min(begin, headAt + 1000));
	const kind = /'descr': *'([^']*)'/.exec(head)?.[1];
	const sizes = /'shape': *\(([\d, ]*)\)/.exec(head)?.[1];
	if (kind !== "|u1" || !/'fortran_order': *False/.test(head) || sizes === undefined) {
		throw new DatasetError(`.npy with ${head.trim()}; wanted: '|u1' in the order of C`);
	}
	const shape = sizes
		.split(",")
		.filter((size) => size.trim() !== "")
		.map(Number);
	const count = shape.reduce((product, size) => product * size, 1);
	if (bytes.length !== begin + count) {
		throw new DatasetError(`.npy of ${bytes.length - begin} bytes; wanted: ${count}`);
	}
	return { shape, values: bytes.slice(begin) };
}
