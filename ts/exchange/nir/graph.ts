// NIR graphs: nodes of the intermediate representation by name, and what leads where.

import { FormatError } from "../../errors.js";

/** Numbers of a node, row by row. */
export interface Numbers {
	readonly shape: readonly number[];
	readonly values: Float64Array;
}

/** A parameter of a node, or a text. */
export interface Field {
	/** What it is called in errors: `net.nir: node/nodes/fc1/weight`. */
	readonly place: string;
	/** Empty for a single number or text. */
	readonly shape: readonly number[];
	/** Throws a FormatError where it holds no numbers, one that is not finite, or too many. */
	numbers(): Float64Array;
	/** The text, where it is one. */
	readonly text: string | undefined;
}

/** A node. */
export interface NirNode {
	/** Nodes of graphs within the graph are called `outer.inner`. */
	readonly name: string;
	/** `LIF`, `Affine`... */
	readonly type: string;
	readonly place: string;
	field(name: string): Field | undefined;
}

/** An edge. */
export type Edge = readonly [from: string, to: string];

/** A graph, with those inside it laid open. */
export interface NirGraph {
	readonly version: string;
	/** The file's name, where it has one. */
	readonly source: string | undefined;
	readonly nodes: ReadonlyMap<string, NirNode>;
	readonly edges: readonly Edge[];
	readonly metadata: ReadonlyMap<string, Field>;
}

/** An error about a node. */
export function nodeFault({ name, type, place }: NirNode, found: string, allowed: string): FormatError {
	return new FormatError(0, `node "${name}" (${type}): ${found}`, allowed, place);
}

/**
 * The numbers of a node's parameter.
 *
 * @throws FormatError where it has none of this name
 */
export function numbersOf(node: NirNode, name: string): Numbers {
	const field = node.field(name);
	if (field === undefined) throw nodeFault(node, `without ${name}`, `a ${node.type} with ${name}`);
	return { shape: field.shape, values: field.numbers() };
}

/** Like `numbersOf`, with this number where there is none of this name. */
export function numbersOr(node: NirNode, name: string, fallback: number): Numbers {
	return node.field(name) === undefined ? { shape: [], values: Float64Array.of(fallback) } : numbersOf(node, name);
}

/** A parameter of whole numbers, `count` of them or one for all. */
export function integersOf(node: NirNode, name: string, count: number, low: number, high: number): number[] {
	const { values } = numbersOf(node, name);
	if (values.length !== 1 && values.length !== count) {
		throw nodeFault(node, `${name} of ${values.length} numbers`, count === 1 ? "one" : `one or ${count}`);
	}
	return Array.from({ length: count }, (_, index) => {
		const value = values[values.length === 1 ? 0 : index] ?? Number.NaN;
		if (Number.isInteger(value) && value >= low && value <= high) return value;
		throw nodeFault(node, `${name} ${value}`, `a whole number from ${low} to ${high}`);
	});
}

/** A shape as it is said: `(16, 2, 5, 5)`. */
export function shapeText(shape: readonly number[]): string {
	return shape.length === 0 ? "a single number" : `(${shape.join(", ")})`;
}

/** Elements of a shape. */
export function countOf(shape: readonly number[]): number {
	return shape.reduce((product, length) => product * length, 1);
}
