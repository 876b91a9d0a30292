// The order of a graph's nodes: what must be known before what. Simple recurrences are taken out first.

import { FormatError } from "../../errors.js";
import { type Edge, type NirGraph, type NirNode, nodeFault } from "./graph.js";

/** Nodes that integrate and fire. */
export const NEURONS: ReadonlySet<string> = new Set(["LIF", "IF", "CubaLIF", "Threshold"]);

/** A graph without recurrences, in order. */
export interface Ordered {
	readonly input: NirNode;
	readonly output: NirNode;
	/** All nodes but those in recurrences, each after those that lead to it. */
	readonly nodes: readonly NirNode[];
	/** What leads to a node. */
	readonly before: ReadonlyMap<NirNode, readonly NirNode[]>;
	/** Of neurons that see their own spikes: the weights between, or themselves where there are none. */
	readonly recurrent: ReadonlyMap<NirNode, NirNode>;
}

/**
 * Orders a graph.
 *
 * @throws FormatError for a cycle that is no simple recurrence, by the names of its nodes; for more than one input or output; for a node
 *   without a way from the input or to the output
 */
export function orderOf(graph: NirGraph): Ordered {
	const all = [...graph.nodes.values()];
	const input = only(graph, all, "Input");
	const output = only(graph, all, "Output");
	const into = ends(graph, ([from, to]) => [to, from]);
	const out = ends(graph, ([from, to]) => [from, to]);
	const recurrent = new Map<NirNode, NirNode>();
	const left = new Set<NirNode>();
	for (const neuron of all.filter(({ type }) => NEURONS.has(type))) {
		for (const next of out(neuron)) {
			const isSelf = next === neuron;
			const isBetween = (next.type === "Linear" || next.type === "Affine") && isOnly(out(next), neuron);
			if (!isSelf && !(isBetween && isOnly(into(next), neuron))) continue;
			if (recurrent.has(neuron)) throw nodeFault(neuron, "two recurrences", "one");
			recurrent.set(neuron, next);
			if (!isSelf) left.add(next);
		}
	}
	const before = new Map<NirNode, readonly NirNode[]>();
	for (const node of all) {
		if (!left.has(node))
			before.set(
				node,
				into(node).filter((from) => !left.has(from) && from !== node),
			);
	}
	checkEnds(input, output, before);
	return { input, output, nodes: sorted(before, graph.source), before, recurrent };
}

function only(graph: NirGraph, nodes: readonly NirNode[], type: string): NirNode {
	const found = nodes.filter((node) => node.type === type);
	const [one] = found;
	if (one !== undefined && found.length === 1) return one;
	const names = found.map(({ name }) => `"${name}"`).join(", ");
	throw new FormatError(
		0,
		`${found.length} nodes of type ${type}${names === "" ? "" : `: ${names}`}`,
		"one",
		graph.source,
	);
}

function isOnly(nodes: readonly NirNode[], node: NirNode): boolean {
	return nodes.length === 1 && nodes[0] === node;
}

function ends(graph: NirGraph, turned: (edge: Edge) => Edge): (node: NirNode) => readonly NirNode[] {
	const lists = new Map<string, NirNode[]>();
	for (const edge of graph.edges) {
		const [at, other] = turned(edge);
		const node = graph.nodes.get(other);
		const list = lists.get(at) ?? [];
		if (node !== undefined) list.push(node);
		lists.set(at, list);
	}
	return (node) => lists.get(node.name) ?? [];
}

/** Kahn's order; what is left then lies on cycles or behind them. */
function sorted(before: ReadonlyMap<NirNode, readonly NirNode[]>, source: string | undefined): NirNode[] {
	const done = new Set<NirNode>();
	const waiting = new Set(before.keys());
	for (let isMoving = true; isMoving; ) {
		isMoving = false;
		for (const node of waiting) {
			if (!(before.get(node) ?? []).every((from) => done.has(from))) continue;
			waiting.delete(node);
			done.add(node);
			isMoving = true;
		}
	}
	const [start] = waiting;
	if (start === undefined) return [...done];
	const names = cycleFrom(start, before, waiting).map(({ name }) => `"${name}"`);
	throw new FormatError(
		0,
		`a cycle of nodes ${names.join(", ")}`,
		"recurrences of one layer only: neurons, to a Linear or Affine of their own, to the same neurons",
		source,
	);
}

function cycleFrom(
	start: NirNode,
	before: ReadonlyMap<NirNode, readonly NirNode[]>,
	waiting: ReadonlySet<NirNode>,
): NirNode[] {
	const path: NirNode[] = [];
	let node: NirNode | undefined = start;
	while (node !== undefined && !path.includes(node)) {
		path.push(node);
		node = before.get(node)?.find((from) => waiting.has(from));
	}
	return (node === undefined ? path : path.slice(path.indexOf(node))).reverse();
}

function checkEnds(input: NirNode, output: NirNode, before: ReadonlyMap<NirNode, readonly NirNode[]>): void {
	const taken = new Set([...before.values()].flat());
	for (const [node, from] of before) {
		if (node === input) {
			if (from.length > 0) throw nodeFault(node, `taking "${from[0]?.name}"`, "an input that takes nothing");
		} else if (from.length === 0) throw nodeFault(node, "taking nothing", "nodes with a way from the input");
		if (node === output) {
			if (taken.has(node)) throw nodeFault(node, "leading on", "an output that leads nowhere");
		} else if (!taken.has(node)) throw nodeFault(node, "leading nowhere", "nodes with a way to the output");
	}
}
