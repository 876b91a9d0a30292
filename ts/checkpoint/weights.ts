// The weights of a checkpoint alone: exported with fewer bits, and brought back.

import { FormatError } from "../errors.js";
import { type ArrayType, ELEMENT_BYTES } from "./format.js";
import type { ArrayHead } from "./head.js";

/** The parts of a learner's state that are what it has learned; all else begins at rest. */
export const WEIGHT_PARTS: ReadonlySet<string> = new Set(["weights", "raw", "bias", "gain"]);

/** An array of a checkpoint with its bytes. */
export interface PackedArray extends ArrayHead {
	readonly bytes: Uint8Array;
	/** Where its elements begin in the file, for errors. */
	readonly byteOffset: number;
}

/** Elements of an array as numbers; only types of up to 32 bits. */
export function valuesOf({ type, bytes }: { readonly type: ArrayType; readonly bytes: Uint8Array }): Int32Array {
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	const length = bytes.length / ELEMENT_BYTES[type];
	const values = new Int32Array(length);
	for (let index = 0; index < length; index += 1) {
		if (type === "i8") values[index] = view.getInt8(index);
		else if (type === "i16") values[index] = view.getInt16(2 * index, true);
		else values[index] = view.getInt32(4 * index, true);
	}
	return values;
}

/** The bytes of numbers as a type holds them; they must fit. */
export function bytesOf(values: Int32Array, type: ArrayType): Uint8Array {
	const size = ELEMENT_BYTES[type];
	const bytes = new Uint8Array(values.length * size);
	const view = new DataView(bytes.buffer);
	for (const [index, value] of values.entries()) {
		if (size === 1) view.setInt8(index, value);
		else if (size === 2) view.setInt16(2 * index, value, true);
		else view.setInt32(4 * index, value, true);
	}
	return bytes;
}

/** The largest magnitude of a type with so many bits. */
const MOST = { 8: 127, 16: 32_767 } as const;

/**
 * Weights in `bits` bits: each array is as coarse as its largest weight asks, rounded to nearest. Biases and gains, which are few, stay
 * as they are, and so does what is small already.
 */
export function narrowed(
	array: ArrayHead & { readonly bytes: Uint8Array },
	bits: 16 | 8,
): ArrayHead & { bytes: Uint8Array } {
	if ((array.part !== "weights" && array.part !== "raw") || 8 * ELEMENT_BYTES[array.type] <= bits) return array;
	const values = valuesOf(array);
	const peak = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
	let shift = 0;
	while (Math.round(peak / 2 ** shift) > MOST[bits]) shift += 1;
	const type = bits === 8 ? "i8" : "i16";
	return {
		...array,
		type,
		shift,
		bytes: bytesOf(
			values.map((value) => Math.round(value / 2 ** shift)),
			type,
		),
	};
}

/**
 * An array as the state has it: of its type, every value as far to the left as it was shifted to the right.
 *
 * @throws FormatError where a value does not fit
 */
export function widened(array: PackedArray, source?: string): Uint8Array {
	const { held: type } = array;
	if (array.shift === 0 && array.type === type) return array.bytes;
	if (![array.type, type].every((name) => ELEMENT_BYTES[name] <= 4)) {
		throw new FormatError(array.byteOffset, `weights of ${array.type} for ${type}`, "i8, i16 or i32", source);
	}
	const most = 2 ** (8 * ELEMENT_BYTES[type] - 1) - 1;
	const values = valuesOf(array).map((value, index) => {
		const wide = value * 2 ** array.shift;
		if (Math.abs(wide) > most) {
			const at = array.byteOffset + index * ELEMENT_BYTES[array.type];
			throw new FormatError(
				at,
				`${array.part} ${index} of layer ${array.layer}: ${wide}`,
				`-${most} to ${most}`,
				source,
			);
		}
		return wide;
	});
	return bytesOf(values, type);
}
