// A graph into a NIR file.

import { type H5wasm, type H5wasmWriting, type WrittenData, writeHdf5 } from "../../events/hdf5/library.js";
import { countOf, type Edge } from "./graph.js";

/** A parameter that is written: a text, whole numbers, or real ones with their shape. */
export type Written =
	| string
	| { readonly integers: readonly number[]; readonly isScalar?: boolean }
	| { readonly values: Float64Array; readonly shape: readonly number[] };

/** A node that is written. */
export interface WrittenNode {
	readonly type: string;
	readonly fields: Readonly<Record<string, Written>>;
	readonly metadata?: Readonly<Record<string, Written>>;
}

/** The version of NIR whose reader takes what is written here. */
export const NIR_VERSION = "1.0.8";

/** Writes a graph as NIR's Python package does. */
export function writeGraph(
	nodes: ReadonlyMap<string, WrittenNode>,
	edges: readonly Edge[],
	metadata: Readonly<Record<string, Written>>,
	h5wasm: H5wasm | undefined,
): Promise<Uint8Array> {
	return writeHdf5((root) => {
		put(root, "version", NIR_VERSION);
		const graph = root.create_group("node");
		put(graph, "type", "NIRGraph");
		graph.create_dataset({ name: "edges", data: edges.flat(), shape: [edges.length, 2] });
		putAll(graph.create_group("metadata"), metadata);
		const group = graph.create_group("nodes");
		for (const [name, node] of nodes) {
			const at = group.create_group(name);
			put(at, "type", node.type);
			putAll(at, node.fields);
			if (node.metadata !== undefined) putAll(at.create_group("metadata"), node.metadata);
		}
	}, h5wasm);
}

function putAll(group: H5wasmWriting, fields: Readonly<Record<string, Written>>): void {
	for (const [name, field] of Object.entries(fields)) put(group, name, field);
}

function put(group: H5wasmWriting, name: string, field: Written): void {
	if (typeof field === "string") group.create_dataset({ name, data: field });
	else if ("integers" in field) {
		const { integers, isScalar = false } = field;
		const data = BigInt64Array.from(integers.map(BigInt));
		group.create_dataset({ name, data, shape: isScalar ? [] : [integers.length] });
	} else {
		if (field.values.length !== countOf(field.shape)) throw new RangeError(`${name}: not of its shape`);
		group.create_dataset({ name, data: exact(field.values), shape: [...field.shape] });
	}
}

/** Floats of 32 bits where those say the same. */
function exact(values: Float64Array): WrittenData {
	return values.every((value) => Math.fround(value) === value) ? Float32Array.from(values) : values;
}
