// Tensors in a file, by name; none is read before it is asked for.

import { FormatError } from "../errors.js";
import type { ElementType } from "./elements.js";

/** A tensor in a file. */
export interface Tensor {
	readonly name: string;
	readonly type: ElementType;
	readonly shape: readonly number[];
	/** Where the file tells of it, for errors. */
	readonly byteOffset: number;
	/** Reads it: its elements row by row. Throws a FormatError where its bytes are damaged. */
	read(): Float64Array;
}

/** What formats tensors come in. */
export type TensorFormat = "torch-zip" | "torch-legacy" | "safetensors";

/** A file of tensors; close it when they are read. */
export interface TensorFile {
	readonly format: TensorFormat;
	/** The file's name, where it has one. */
	readonly name: string | undefined;
	/** By name, in the file's order. */
	readonly tensors: ReadonlyMap<string, Tensor>;
	/** What else the file says. */
	readonly metadata: ReadonlyMap<string, string>;
	close(): void;
}

/** Reads a tensor that must hold numbers only. */
export function readFinite(tensor: Tensor, place: string | undefined): Float64Array {
	const values = tensor.read();
	const bad = values.findIndex((value) => !Number.isFinite(value));
	if (bad < 0) return values;
	const found = `${tensor.name} holds ${values[bad]} (its element ${bad})`;
	throw new FormatError(tensor.byteOffset, found, "finite numbers", place);
}
