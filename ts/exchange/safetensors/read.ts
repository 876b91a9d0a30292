// Safetensors files, read.

import { openRanges, type Ranges } from "../../events/ranges.js";
import { readElements, rowStrides } from "../elements.js";
import type { Tensor, TensorFile } from "../tensor.js";
import { type Entry, readHeader } from "./header.js";

/**
 * Opens a safetensors file: its tensors, none of them read yet. The format has no checksums: what is damaged in the numbers
 * themselves cannot be seen.
 *
 * @param source a path, a `file:` URL, or the bytes
 * @throws FormatError with the byte offset for a file that is damaged or no such file
 */
export async function openSafetensors(source: string | URL | Uint8Array): Promise<TensorFile> {
	const ranges = await openRanges(source);
	try {
		return safetensorsFile(ranges);
	} catch (cause) {
		ranges.close();
		throw cause;
	}
}

/** The same for bytes that are open; they stay open where it throws. */
export function safetensorsFile(ranges: Ranges): TensorFile {
	const { entries, metadata } = readHeader(ranges.size, (from, length) => ranges.read(from, length), ranges.name);
	const tensors = [...entries].map(([name, entry]) => tensorOf(name, entry, ranges));
	return {
		format: "safetensors",
		name: ranges.name,
		tensors: new Map(tensors.map((tensor) => [tensor.name, tensor])),
		metadata,
		close: () => ranges.close(),
	};
}

function tensorOf(name: string, { type, shape, from, to }: Entry, ranges: Ranges): Tensor {
	const read = () => readElements(ranges.read(from, to - from), type, shape, 0, rowStrides(shape));
	return { name, type, shape, byteOffset: from, read };
}
