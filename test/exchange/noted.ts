// What a file of tensors holds, as plain data.
import type { TensorFile } from "../../dist/exchange/tensor.js";

/** Reads and closes a file: each tensor's type, shape and elements. */
export function noted(file: TensorFile): Record<string, { type: string; shape: string; values: number[] }> {
	const tensors = [...file.tensors.values()].map((tensor) => {
		const { name, type, shape } = tensor;
		return [name, { type, shape: shape.join(" "), values: [...tensor.read()] }];
	});
	file.close();
	return Object.fromEntries(tensors);
}
