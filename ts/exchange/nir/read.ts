// NIR files: HDF5 into a graph.

import { FormatError, OptionError } from "../../errors.js";
import { type H5wasm, type Hdf5Array, type Hdf5File, openHdf5 } from "../../events/hdf5/library.js";
import { countOf, type Edge, type Field, type NirGraph, type NirNode, shapeText } from "./graph.js";

/** The most numbers, nodes and edges of a file, and graphs within each other. */
const [MOST_NUMBERS, MOST_NODES, MOST_EDGES, MOST_DEPTH] = [2 ** 24, 4096, 65_536, 8];

/**
 * Reads a file and does something with its graph, while its parameters can be read.
 *
 * @throws FormatError where it is no HDF5 file, is damaged, or holds no NIR graph
 */
export async function withGraph<T>(
	source: string | URL | Uint8Array,
	h5wasm: H5wasm | undefined,
	use: (graph: NirGraph) => T | Promise<T>,
): Promise<T> {
	if (!(typeof source === "string" || source instanceof URL || source instanceof Uint8Array)) {
		throw new OptionError("source", source, "a path, a file: URL, or bytes");
	}
	const file = await openHdf5(source, h5wasm);
	try {
		return await use(readGraph(file));
	} finally {
		file.close();
	}
}

/** Numbers that may still be read of a file, which can declare what it does not hold. */
interface Budget {
	left: number;
}

function readGraph(file: Hdf5File): NirGraph {
	const budget = { left: MOST_NUMBERS };
	if (file.keys("node") === undefined || textAt(file, "node/type") !== "NIRGraph") {
		throw new FormatError(0, "an HDF5 file without a NIR graph", "a group /node of type NIRGraph", file.name);
	}
	const nodes = new Map<string, NirNode>();
	const { edges } = readNested(file, "node", "", 0, { nodes, budget });
	return {
		version: textAt(file, "version") ?? "unknown",
		source: file.name,
		nodes,
		edges,
		metadata: new Map((file.keys("node/metadata") ?? []).flatMap((key) => fieldAt(file, "node/metadata", key, budget))),
	};
}

/** A graph's edges, by the full names of nodes, and where it is entered and left. */
interface Nested {
	readonly edges: readonly Edge[];
	readonly inputs: readonly string[];
	readonly outputs: readonly string[];
}

/** Reads the nodes of a group into `nodes`; their names get the prefix. Graphs inside are laid open. */
function readNested(
	file: Hdf5File,
	path: string,
	prefix: string,
	depth: number,
	reading: { readonly nodes: Map<string, NirNode>; readonly budget: Budget },
): Nested {
	const { nodes, budget } = reading;
	const names = file.keys(`${path}/nodes`);
	if (names === undefined) throw new FormatError(0, "a graph without nodes", "a group nodes", file.placeOf(path));
	if (depth > MOST_DEPTH || nodes.size + names.length > MOST_NODES) {
		const allowed = `up to ${MOST_NODES} nodes in graphs up to ${MOST_DEPTH} deep`;
		throw new FormatError(0, "a graph of more", allowed, file.placeOf(path));
	}
	const [inputs, outputs]: [string[], string[]] = [[], []];
	const graphs = new Map<string, Nested>();
	for (const name of names) {
		const at = `${path}/nodes/${name}`;
		const full = prefix + name;
		const type = textAt(file, `${at}/type`);
		if (type === undefined) throw new FormatError(0, "a node without a type", "a text type", file.placeOf(at));
		if (type === "NIRGraph") {
			graphs.set(name, readNested(file, at, `${full}.`, depth + 1, reading));
			continue;
		}
		if (nodes.has(full)) throw new FormatError(0, `two nodes called ${full}`, "names of their own", file.placeOf(at));
		if (type === "Input") inputs.push(full);
		if (type === "Output") outputs.push(full);
		nodes.set(full, nodeAt(file, at, full, type, budget));
	}
	const own = readEdges(file, path, new Set(names)).map(([from, to]): Edge => {
		const [left, entered] = [graphs.get(from), graphs.get(to)];
		return [
			left === undefined ? prefix + from : only(left.outputs, "Output", file.placeOf(`${path}/nodes/${from}`)),
			entered === undefined ? prefix + to : only(entered.inputs, "Input", file.placeOf(`${path}/nodes/${to}`)),
		];
	});
	const place = file.placeOf(path);
	let edges = [...own, ...[...graphs.values()].flatMap((graph) => graph.edges)];
	// Where graphs inside are entered and left, nothing happens.
	for (const pass of [...graphs.values()].flatMap((graph) => [...graph.inputs, ...graph.outputs])) {
		nodes.delete(pass);
		const [into, out] = [edges.filter(([, to]) => to === pass), edges.filter(([from]) => from === pass)];
		if (into.length * out.length > MOST_EDGES) throw new FormatError(0, "too many edges", `up to ${MOST_EDGES}`, place);
		const through = into.flatMap(([from]) => out.map(([, to]): Edge => [from, to]));
		edges = [...edges.filter(([from, to]) => from !== pass && to !== pass), ...through];
		if (edges.length > MOST_EDGES) throw new FormatError(0, "too many edges", `up to ${MOST_EDGES}`, place);
	}
	return { edges, inputs, outputs };
}

function only(names: readonly string[], type: string, place: string): string {
	const [name] = names;
	if (name !== undefined && names.length === 1) return name;
	throw new FormatError(0, `${names.length} nodes ${type} in a graph inside`, "one", place);
}

function readEdges(file: Hdf5File, path: string, names: ReadonlySet<string>): Edge[] {
	const array = file.array(`${path}/edges`);
	if (array === undefined) throw new FormatError(0, "a graph without edges", "an array edges", file.placeOf(path));
	const [count = 0, width] = array.shape;
	if (count === 0) return [];
	if (!array.isText || array.shape.length !== 2 || width !== 2 || count > MOST_EDGES) {
		const found = `${array.isText ? "texts" : "an array"} of shape ${shapeText(array.shape)}`;
		throw new FormatError(0, found, `texts of shape (N, 2), N up to ${MOST_EDGES}`, array.name);
	}
	const texts = array.texts();
	const edges = new Map<string, Edge>();
	for (let index = 0; index < count; index += 1) {
		const edge: Edge = [texts[2 * index] ?? "", texts[2 * index + 1] ?? ""];
		const unknown = edge.find((end) => !names.has(end));
		if (unknown !== undefined) {
			throw new FormatError(0, `edge ${index} from or to "${unknown}"`, "names of the graph's nodes", array.name);
		}
		// What is there twice counts once, as in Python's reader.
		edges.set(JSON.stringify(edge), edge);
	}
	return [...edges.values()];
}

function nodeAt(file: Hdf5File, path: string, name: string, type: string, budget: Budget): NirNode {
	const field = (key: string): Field | undefined => fieldAt(file, path, key, budget)[0]?.[1];
	return { name, type, place: file.placeOf(path), field };
}

function fieldAt(file: Hdf5File, path: string, key: string, budget: Budget): [key: string, field: Field][] {
	const array = file.array(`${path}/${key}`);
	return array === undefined ? [] : [[key, fieldOf(array, budget)]];
}

function fieldOf(array: Hdf5Array, budget: Budget): Field {
	return {
		place: array.name,
		shape: array.shape,
		numbers: () => readNumbers(array, budget),
		get text() {
			return array.isText && array.shape.length === 0 ? array.text() : undefined;
		},
	};
}

function readNumbers(array: Hdf5Array, budget: Budget): Float64Array {
	const count = countOf(array.shape);
	if (!(count <= budget.left)) {
		const allowed = `up to ${budget.left}, so that a file has at most ${MOST_NUMBERS}`;
		throw new FormatError(0, `an array of ${count} numbers`, allowed, array.name);
	}
	budget.left -= count;
	if (array.numbers === undefined || array.numbers === "<f2") {
		const found = array.isText ? "texts" : array.numbers === undefined ? "something else" : "floats of 16 bits";
		throw new FormatError(0, found, "integers, or floats of 32 or 64 bits", array.name);
	}
	const values = array.shape.length === 0 ? Float64Array.of(array.scalar()) : array.values();
	const wrong = values.findIndex((value) => !Number.isFinite(value));
	if (wrong >= 0) throw new FormatError(0, `${values[wrong]} (element ${wrong})`, "finite numbers", array.name);
	return values;
}

function textAt(file: Hdf5File, path: string): string | undefined {
	const array = file.array(path);
	return array?.isText === true && array.shape.length === 0 ? array.text() : undefined;
}
