// From a graph of NIR to a spec and its parameters: nodes in order, each from the values before it.

import type { GivenParameters } from "../../network/parameters.js";
import type { HiddenLayer, NeuronOptions, ReadoutLayer } from "../../network/spec/mod.js";
import {
	type Current,
	conv2d,
	flatten,
	identity,
	linear,
	type Spikes,
	scale,
	together,
	type Value,
} from "./currents.js";
import { countOf, integersOf, type NirGraph, type NirNode, nodeFault, numbersOf, shapeText } from "./graph.js";
import { type Discrete, discrete, type Timing } from "./neurons.js";
import { NEURONS, type Ordered, orderOf } from "./order.js";
import { fitHidden, fitReadout, held } from "./ranges.js";
import type { NirChoice, NirLayer } from "./report.js";

/** What a file does not say. */
export interface Building extends Timing {
	/** How neurons are reset; undefined: as the file's metadata says, else to v_reset. */
	readonly reset: "zero" | "subtract" | undefined;
	readonly answer: "classes" | "values" | undefined;
	readonly classes: readonly string[] | undefined;
}

/** A network to be made. */
export interface Built {
	readonly input: { readonly width: number; readonly height: number; readonly polarities: number };
	readonly layers: readonly (HiddenLayer | ReadoutLayer)[];
	readonly parameters: readonly GivenParameters[];
	/** In the order of `parameters`; what rounding did is not known yet. */
	readonly told: readonly Omit<NirLayer, "rounding">[];
	readonly choices: readonly NirChoice[];
	/** Is the readout there only to count spikes? */
	readonly countsSpikes: boolean;
}

/** What metadata say of how a neuron of ours is reset. */
export const RESET_KEY = "stllr_reset";

/** Lays a graph out as a network. Throws a FormatError that names the node that cannot be, and says what can. */
export function build(graph: NirGraph, options: Building): Built {
	return new Builder(orderOf(graph), options).build();
}

class Builder {
	readonly #ordered: Ordered;
	readonly #options: Building;
	readonly #values = new Map<NirNode, Value>();
	readonly #layers: (HiddenLayer | ReadoutLayer)[] = [];
	readonly #parameters: GivenParameters[] = [];
	readonly #told: Omit<NirLayer, "rounding">[] = [];
	readonly #choices: NirChoice[] = [];
	readonly #names = new Set(["input"]);
	/** Integrators, which are readouts. */
	readonly #integrated = new Map<NirNode, { readonly current: Current; readonly discrete: Discrete }>();

	constructor(ordered: Ordered, options: Building) {
		this.#ordered = ordered;
		this.#options = options;
	}

	build(): Built {
		const { input, output, nodes } = this.#ordered;
		const shape = [...numbersOf(input, "shape").values];
		if (
			(shape.length !== 1 && shape.length !== 3) ||
			shape.some((length) => !(Number.isInteger(length) && length > 0))
		) {
			throw nodeFault(input, `shape ${shapeText(shape)}`, "(inputs), or (channels, height, width)");
		}
		const [first = 1, height = 1, width = 1] = shape;
		this.#values.set(input, { kind: "spikes", from: "input", shape, map: shape, divisor: 1, nodes: [] });
		for (const node of nodes) {
			if (node === input || node === output) continue;
			const value = this.#valueOf(node);
			if (value !== undefined) this.#values.set(node, value);
		}
		const countsSpikes = this.#readout(output);
		return {
			input: shape.length === 1 ? { width: first, height: 1, polarities: 1 } : { width, height, polarities: first },
			layers: this.#layers,
			parameters: this.#parameters,
			told: this.#told,
			choices: this.#choices,
			countsSpikes,
		};
	}

	/** What a node gives; nothing where only the output may take it. */
	#valueOf(node: NirNode): Value | undefined {
		if (NEURONS.has(node.type)) return this.#neurons(node);
		switch (node.type) {
			case "Linear":
			case "Affine":
				return linear(node, this.#spikes(node));
			case "Conv2d":
				return conv2d(node, this.#spikes(node));
			case "SumPool2d":
			case "AvgPool2d":
				return this.#pool(node, this.#spikes(node));
			case "Flatten":
				return flatten(node, this.#value(node));
			case "Scale":
				return scale(node, this.#value(node));
			case "Delay": {
				if (numbersOf(node, "delay").values.every((delay) => delay === 0)) return this.#value(node);
				throw nodeFault(node, "a delay", "delays of 0 s: the network has none");
			}
			case "LI":
			case "I": {
				const current = this.#current(node);
				const places = countOf(current.shape) / current.rows;
				this.#integrated.set(node, { current, discrete: discrete(node, current.rows, places, this.#options) });
				return undefined;
			}
			default:
				throw nodeFault(
					node,
					"a node of another type",
					"Input, Output, Linear, Affine, Conv2d, Scale, SumPool2d, AvgPool2d, Flatten, LIF, IF, Threshold, CubaLIF without memory of its current, LI, I, Delay of 0",
				);
		}
	}

	/** What leads to a node; several spikes are added. */
	#value(node: NirNode): Value {
		const before = this.#ordered.before.get(node) ?? [];
		const values = before.map((from): Value => {
			const value = this.#values.get(from);
			if (value !== undefined) return value;
			throw nodeFault(from, `leading to "${node.name}"`, "integrators that lead to the output only");
		});
		const [first] = values;
		if (first === undefined) throw nodeFault(node, "taking nothing", "something");
		if (values.length === 1) return first;
		const currents = values.filter((value) => value.kind === "current");
		if (currents.length === values.length) return together(node, currents);
		return this.#added(node, values);
	}

	#added(node: NirNode, values: readonly Value[]): Spikes {
		const spikes = values.filter((value) => value.kind === "spikes");
		const [first] = spikes;
		const isAlike = spikes.every(({ shape, map, factors }) => {
			return factors === undefined && String(shape) === String(first?.shape) && shape.length === map.length;
		});
		if (first === undefined || spikes.length !== values.length || !isAlike) {
			throw nodeFault(node, "taking several things of different kinds or shapes", "spikes of maps of one shape");
		}
		if (new Set(spikes.map(({ from }) => from)).size !== spikes.length) {
			throw nodeFault(node, "taking the same spikes twice", "each once");
		}
		const name = this.#name(`${node.name}.sum`);
		const divisor = spikes.reduce((most, one) => Math.max(most, one.divisor), 1);
		this.#layers.push({ type: "add", name, from: first.from, with: spikes.slice(1).map(({ from }) => from) });
		return { ...first, from: name, divisor, nodes: [] };
	}

	#spikes(node: NirNode): Spikes {
		const value = this.#value(node);
		if (value.kind === "spikes") return value;
		const names = value.nodes.map(({ name }) => `"${name}"`).join(", ");
		throw nodeFault(node, `behind ${names}, without neurons between`, "spikes of the input or of neurons");
	}

	#current(node: NirNode): Current {
		const value = this.#value(node);
		return value.kind === "current" ? value : identity(node, value);
	}

	#pool(node: NirNode, source: Spikes): Spikes {
		const [channels = 0, height = 0, width = 0] = source.shape;
		if (source.shape.length !== 3) throw nodeFault(node, `taking ${shapeText(source.shape)}`, "a map");
		if (source.factors !== undefined) throw nodeFault(node, "behind a Scale", "spikes as they are");
		const sides = (name: string, low: number, high: number): number => {
			const [tall = 0, wide = 0] = integersOf(node, name, 2, low, high);
			if (tall === wide) return tall;
			throw nodeFault(node, `${name} (${tall}, ${wide})`, "the same for height and width");
		};
		const [kernel, stride] = [sides("kernel_size", 1, Math.min(height, width)), sides("stride", 1, 1024)];
		sides("padding", 0, 0);
		const isAverage = node.type === "AvgPool2d";
		const name = this.#name(node.name);
		const kind = isAverage ? "average" : "sum";
		this.#layers.push({ type: "pool", name, from: source.from, kind, kernel, stride });
		const along = (length: number) => Math.floor((length - kernel) / stride) + 1;
		const shape = [channels, along(height), along(width)];
		const divisor = source.divisor * (isAverage ? kernel ** 2 : 1);
		return { kind: "spikes", from: name, shape, map: shape, divisor, nodes: [] };
	}

	#neurons(node: NirNode): Spikes {
		const current = this.#current(node);
		const { rows, conv, source } = current;
		const places = countOf(current.shape) / rows;
		const neurons = discrete(node, rows, places, this.#options);
		const recurrence = this.#recurrence(node, rows, conv !== undefined);
		if (recurrence !== undefined && source.divisor > 1) {
			throw nodeFault(node, "a recurrence behind average pooling", "SumPool2d, or no recurrence");
		}
		const reset = this.#resetOf(node);
		const fitted = fitHidden({ current, neurons, recurrence, divisor: source.divisor });
		const name = this.#name(node.name);
		const bias = fitted.bias.some((value) => value !== 0);
		const options: NeuronOptions & { name: string; from: string; bias: boolean; weightRange: number } = {
			name,
			from: source.from,
			leak: neurons.leak,
			threshold: fitted.threshold,
			reset: reset === "subtract" ? "soft" : "hard",
			bias,
			weightRange: fitted.weightRange,
		};
		this.#layers.push(
			conv !== undefined
				? { type: "conv", filters: rows, ...conv, ...options }
				: { type: recurrence === undefined ? "dense" : "recurrent", units: rows, ...options },
		);
		const { weights, bias: biases, recurrent } = fitted;
		this.#parameters.push({ layer: name, weights, bias: biases, ...(recurrent && { recurrent }) });
		const own = recurrence?.node === undefined || recurrence.node === node ? [] : [recurrence.node];
		this.#tell(name, [...source.nodes, ...current.nodes, ...own, node], neurons, fitted.gain, {
			threshold: fitted.threshold,
			recurrentDelaySteps: recurrence === undefined ? 0 : 1,
		});
		this.#choices.push({ about: `node "${node.name}"`, text: resetText(node.type, reset) });
		const shape = current.shape;
		const map = conv === undefined ? [rows] : mapOf(current);
		return { kind: "spikes", from: name, shape, map, divisor: 1, nodes: [] };
	}

	#recurrence(node: NirNode, rows: number, isConv: boolean): Recurrence | undefined {
		const between = this.#ordered.recurrent.get(node);
		if (between === undefined) return undefined;
		if (isConv) throw nodeFault(node, "a recurrence of a convolution's neurons", "one of a Linear's or Affine's");
		const self: Spikes = { kind: "spikes", from: node.name, shape: [rows], map: [rows], divisor: 1, nodes: [] };
		const current = between === node ? identity(node, self) : linear(between, self);
		if (current.rows === rows) return { node: between, weights: current.weights, bias: current.bias };
		throw nodeFault(between, `weight of ${current.rows} rows`, `${rows}, back to as many neurons`);
	}

	#resetOf(node: NirNode): "zero" | "subtract" {
		const { reset } = this.#options;
		if (reset !== undefined) return reset;
		return node.field(`metadata/${RESET_KEY}`)?.text === "subtract" ? "subtract" : "zero";
	}

	/** The layer that answers. Returns whether it only counts spikes. */
	#readout(output: NirNode): boolean {
		const before = this.#ordered.before.get(output) ?? [];
		const [last] = before;
		const integrator = last === undefined || before.length > 1 ? undefined : this.#integrated.get(last);
		const value = integrator?.current ?? this.#value(output);
		const countsSpikes = value.kind === "spikes" && integrator === undefined;
		const flat: Value = countsSpikes ? { ...value, shape: [countOf(value.shape)] } : value;
		const current = flat.kind === "current" ? flat : identity(output, flat);
		const shape = [...numbersOf(output, "shape").values];
		// Batches and steps of length 1 are told by some.
		if (countOf(shape) !== countOf(current.shape)) {
			throw nodeFault(output, `shape ${shapeText(shape)}`, `${shapeText(current.shape)}, as what leads to it`);
		}
		const neurons = integrator?.discrete ?? plain(current.rows);
		const fitted = fitReadout(current, neurons);
		const name = this.#name(last !== undefined && !countsSpikes ? last.name : "readout");
		const bias = fitted.bias.some((one) => one !== 0);
		const { from } = current.source;
		const common = { type: "readout", name, from, leak: neurons.leak, bias } as const;
		this.#layers.push(this.#answering(output, current, common));
		this.#parameters.push({ layer: name, weights: fitted.weights, bias: fitted.bias });
		const nodes = [...current.source.nodes, ...current.nodes, ...(integrator && last ? [last] : [])];
		const extra = { threshold: undefined, recurrentDelaySteps: 0 } as const;
		this.#tell(name, nodes, neurons, fitted.gain, extra);
		if (countsSpikes) {
			this.#choices.push({
				about: "readout",
				text: "the file ends in spikes: a readout of weights 1 and leak 0 is added, so a score is the number of spikes; its rate is 0, so learning leaves it as it is",
			});
		}
		return countsSpikes;
	}

	#answering(output: NirNode, current: Current, common: Omit<ReadoutLayer, "classes" | "values">): ReadoutLayer {
		const { rows, conv, source } = current;
		const { answer = conv !== undefined || rows < 2 ? "values" : "classes", classes } = this.#options;
		if (answer === "classes") {
			if (conv !== undefined) throw nodeFault(output, "a convolution that leads to it", 'answer: "values"');
			if (rows < 2) throw nodeFault(output, "one number", 'two classes or more, or answer: "values"');
			if (classes !== undefined && classes.length !== rows) {
				throw nodeFault(output, `${rows} classes`, `${classes.length}, as many as names are given`);
			}
			return { ...common, type: "readout", classes: classes ?? rows };
		}
		const isPoint = source.shape.length === 1 && source.map.length === 1 && source.from !== "input";
		const kernel = conv === undefined ? 1 : conv.kernel[0];
		const [, height = 1, width = 1] = current.shape;
		const keeps = conv !== undefined && height === source.shape[1] && width === source.shape[2];
		const fits = keeps && conv.kernel[1] === kernel && kernel % 2 === 1 && conv.stride === 1 && conv.dilation === 1;
		if (conv === undefined ? !isPoint : !fits || conv.groups !== 1) {
			throw nodeFault(
				output,
				"values from a flattened map, from the input, or by a convolution of another kind",
				"values from a layer of neurons without a map, or by a Conv2d of a square odd kernel, stride 1 and padding that keep the map's size",
			);
		}
		return { ...common, type: "readout", values: rows, kernel };
	}

	#tell(
		layer: string,
		nodes: readonly NirNode[],
		{ leak }: Discrete,
		gain: readonly [number, number],
		rest: Pick<NirLayer, "threshold" | "recurrentDelaySteps">,
	): void {
		this.#told.push({
			layer,
			nodes: nodes.map(({ name }) => name),
			leak: { wanted: leak, held: held(leak) },
			gain,
			...rest,
		});
	}

	#name(wanted: string): string {
		let name = wanted;
		for (let count = 2; this.#names.has(name) || name === ""; count += 1) name = `${wanted}_${count}`;
		this.#names.add(name);
		return name;
	}
}

/** Weights of a layer from itself. */
export interface Recurrence {
	readonly node: NirNode;
	readonly weights: Float64Array;
	readonly bias: Float64Array;
}

/** What leads to the output as it is. */
function plain(rows: number): Discrete {
	const gain = new Float64Array(rows).fill(1);
	return { leak: 0, gain, bias: new Float64Array(rows), threshold: new Float64Array() };
}

/** The map that a convolution gives, also where it was flattened before its neurons. */
function mapOf({ conv, source, shape, rows }: Current): readonly number[] {
	if (shape.length === 3 || conv === undefined) return shape;
	const [, height = 1, width = 1] = source.map;
	const along = (length: number, kernel: number) =>
		Math.floor((length + 2 * conv.padding - conv.dilation * (kernel - 1) - 1) / conv.stride) + 1;
	return [rows, along(height, conv.kernel[0]), along(width, conv.kernel[1])];
}

function resetText(type: string, reset: "zero" | "subtract"): string {
	const strict = "a spike where the membrane is above the threshold, at most one a step";
	if (type === "Threshold") return `${strict}; no memory`;
	const how = reset === "zero" ? "set to v_reset" : "lowered by v_threshold - v_reset";
	const other = reset === "zero" ? '"subtract"' : '"zero"';
	return `${strict}; then it is ${how} (reset: ${other} would be the other)`;
}
