// Safetensors files, written.

import { OptionError } from "../../errors.js";
import { countOf, sizeText } from "../elements.js";
import { LENGTH_BYTES, METADATA, MOST_HEADER } from "./header.js";

/** A tensor to write. */
export interface WrittenTensor {
	readonly name: string;
	readonly shape: readonly number[];
	/** Its elements, row by row. */
	readonly values: Float64Array;
}

/**
 * Writes tensors of float32, in their order, each rounded to nearest.
 *
 * @param metadata texts by name
 * @throws OptionError for a name that comes twice, or values that do not fill their shape
 */
export function writeSafetensors(
	tensors: readonly WrittenTensor[],
	metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
	const header = new Map<string, unknown>([[METADATA, metadata]]);
	let end = 0;
	for (const { name, shape, values } of tensors) {
		if (header.has(name)) throw new OptionError("tensors", name, "each name once");
		if (values.length !== countOf(shape))
			throw new OptionError(name, `${values.length} values`, `${countOf(shape)}, for ${sizeText(shape)}`);
		header.set(name, { dtype: "F32", shape, data_offsets: [end, end + 4 * values.length] });
		end += 4 * values.length;
	}
	const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
	// Numbers begin at a multiple of 8, so that readers can map them.
	const length = Math.ceil(json.length / 8) * 8;
	if (length > MOST_HEADER) throw new OptionError("tensors", `a header of ${length} bytes`, `${MOST_HEADER} at most`);
	const bytes = new Uint8Array(LENGTH_BYTES + length + end);
	const view = new DataView(bytes.buffer);
	view.setBigUint64(0, BigInt(length), true);
	bytes.fill(0x20, LENGTH_BYTES, LENGTH_BYTES + length);
	bytes.set(json, LENGTH_BYTES);
	let at = LENGTH_BYTES + length;
	for (const { values } of tensors) {
		for (const value of values) {
			view.setFloat32(at, value, true);
			at += 4;
		}
	}
	return bytes;
}
