// What reaches neurons: weights of a dense layer or of a convolution, with scales around them folded in.

import { countOf, integersOf, type NirNode, nodeFault, numbersOf, shapeText } from "./graph.js";

/** Spikes of the input or of a layer. */
export interface Spikes {
	readonly kind: "spikes";
	/** The layer's name, or `input`. */
	readonly from: string;
	/** What NIR says that they are shaped: `[n]`, or `[channels, height, width]`. */
	readonly shape: readonly number[];
	/** The map that the vector was, where it was one. */
	readonly map: readonly number[];
	/** Where they are scaled on their way: one factor an element. */
	readonly factors?: Float64Array;
	/** What numbers of spikes are divided by behind average pooling. */
	readonly divisor: number;
	/** The nodes since the layer. */
	readonly nodes: readonly NirNode[];
}

/** A current: a row of weights for each neuron or filter. */
export interface Current {
	readonly kind: "current";
	readonly source: Spikes;
	readonly shape: readonly number[];
	/** (rows, inputs) of a dense layer; (filters, channels of a group, height, width) of a convolution. */
	readonly weights: Float64Array;
	readonly bias: Float64Array;
	readonly rows: number;
	readonly conv?: Convolution;
	readonly nodes: readonly NirNode[];
}

/** How a convolution is laid out. */
export interface Convolution {
	readonly kernel: readonly [height: number, width: number];
	readonly stride: number;
	readonly padding: number;
	readonly dilation: number;
	readonly groups: number;
}

export type Value = Spikes | Current;

/** The most weights that are made for neurons that take spikes as they are. */
const MOST_IDENTITY = 1024;

/** A Linear or Affine of spikes. */
export function linear(node: NirNode, source: Spikes): Current {
	const inputs = countOf(source.shape);
	if (source.shape.length !== 1) {
		throw nodeFault(node, `taking ${shapeText(source.shape)} from "${source.from}"`, "a vector: a Flatten between");
	}
	const weight = numbersOf(node, "weight");
	const [rows = 0, columns] = weight.shape;
	if (weight.shape.length !== 2 || columns !== inputs || rows < 1) {
		throw nodeFault(node, `weight ${shapeText(weight.shape)}`, `(outputs, ${inputs}), for what "${source.from}" gives`);
	}
	const { factors } = source;
	const weights = factors === undefined ? weight.values : weight.values.map((w, k) => w * (factors[k % inputs] ?? 1));
	return { kind: "current", source, shape: [rows], weights, bias: biasOf(node, rows), rows, nodes: [node] };
}

/** The bias of an Affine or a convolution; zeros where it has none. */
export function biasOf(node: NirNode, rows: number): Float64Array {
	if (node.type === "Linear" || (node.type === "Conv2d" && node.field("bias") === undefined)) {
		return new Float64Array(rows);
	}
	const { values } = numbersOf(node, "bias");
	if (values.length === rows) return values;
	throw nodeFault(node, `bias of ${values.length} numbers`, `${rows}, as many as rows of weight`);
}

/** A Conv2d of spikes. */
export function conv2d(node: NirNode, source: Spikes): Current {
	const map = source.shape;
	if (map.length !== 3) throw nodeFault(node, `taking ${shapeText(map)}`, "a map (channels, height, width)");
	const [channels = 0, height = 0, width = 0] = map;
	const groups = integersOf(node, "groups", 1, 1, 65_536)[0] ?? 1;
	const weight = numbersOf(node, "weight");
	const [rows = 0, inputs = 0, tall = 0, wide = 0] = weight.shape;
	if (weight.shape.length !== 4 || inputs * groups !== channels || countOf(weight.shape) === 0 || rows % groups !== 0) {
		const allowed = `(filters, ${channels / groups}, height, width), for ${channels} channels in ${groups} groups`;
		throw nodeFault(node, `weight ${shapeText(weight.shape)}`, allowed);
	}
	const size = node.field("input_shape");
	const sizes = size === undefined || size.text !== undefined ? [] : [...size.numbers()];
	if (sizes.length > 0 && (sizes.length !== 2 || sizes[0] !== height || sizes[1] !== width)) {
		throw nodeFault(node, `input_shape ${shapeText(sizes)}`, shapeText([height, width]));
	}
	const dilation = square(node, "dilation", integersOf(node, "dilation", 2, 1, 1024));
	const stride = square(node, "stride", integersOf(node, "stride", 2, 1, 1024));
	const padding = paddingOf(node, [tall, wide], stride, dilation);
	const along = (length: number, kernel: number) =>
		Math.floor((length + 2 * padding - dilation * (kernel - 1) - 1) / stride) + 1;
	const shape = [rows, along(height, tall), along(width, wide)];
	if (shape.some((length) => length < 1)) {
		throw nodeFault(node, `a kernel ${tall} x ${wide}`, `at most the padded input, ${height} x ${width}`);
	}
	const conv = { kernel: [tall, wide] as const, stride, padding, dilation, groups };
	const weights = scaledChannels(node, source, weight.values, { conv, inputs, rows });
	return { kind: "current", source, shape, weights, bias: biasOf(node, rows), rows, conv, nodes: [node] };
}

function square(node: NirNode, name: string, [first = 0, second]: readonly number[]): number {
	if (first === second) return first;
	throw nodeFault(node, `${name} (${first}, ${second})`, "the same for height and width");
}

function paddingOf(node: NirNode, kernel: readonly number[], stride: number, dilation: number): number {
	const text = node.field("padding")?.text;
	if (text === undefined) return square(node, "padding", integersOf(node, "padding", 2, 0, 1024));
	if (text === "valid") return 0;
	const around = kernel.map((length) => (dilation * (length - 1)) / 2);
	const fits = stride === 1 && around[0] === around[1] && Number.isInteger(around[0]);
	if (text === "same" && fits) return around[0] ?? 0;
	throw nodeFault(node, `padding "${text}"`, 'numbers, "valid", or for square odd kernels of stride 1 "same"');
}

/** Folds factors of the input's elements into a kernel, which has one weight for all places of a channel. */
function scaledChannels(
	node: NirNode,
	source: Spikes,
	weights: Float64Array,
	{ conv, inputs, rows }: { conv: Convolution; inputs: number; rows: number },
): Float64Array {
	const { factors } = source;
	if (factors === undefined) return weights;
	const [channels = 0, height = 0, width = 0] = source.shape;
	const each = Array.from({ length: channels }, (_, channel) => {
		const own = factors.subarray(channel * height * width, (channel + 1) * height * width);
		if (own.every((factor) => factor === own[0])) return own[0] ?? 1;
		throw nodeFault(node, "behind a Scale with several factors in a channel", "one factor a channel");
	});
	const taps = conv.kernel[0] * conv.kernel[1];
	return weights.map((w, k) => {
		const group = Math.floor(k / (taps * inputs) / (rows / conv.groups));
		return w * (each[group * inputs + (Math.floor(k / taps) % inputs)] ?? 1);
	});
}

/** A Scale: of spikes a factor an element, of a current a factor a row. */
export function scale(node: NirNode, value: Value): Value {
	const { values } = numbersOf(node, "scale");
	const count = countOf(value.shape);
	if (value.kind === "spikes") {
		if (values.length !== 1 && values.length !== count) {
			throw nodeFault(node, `scale of ${values.length} numbers`, `1 or ${count}`);
		}
		const factors = Float64Array.from({ length: count }, (_, k) => {
			return (values[values.length === 1 ? 0 : k] ?? 1) * (value.factors?.[k] ?? 1);
		});
		return { ...value, factors, nodes: [...value.nodes, node] };
	}
	const { rows } = value;
	const places = count / rows;
	if (values.length !== 1 && values.length !== rows && values.length !== count) {
		throw nodeFault(node, `scale of ${values.length} numbers`, `1, ${rows} or ${count}`);
	}
	const each = Float64Array.from({ length: rows }, (_, row) => {
		if (values.length !== count || places === 1) return values[values.length === 1 ? 0 : row] ?? 1;
		const own = values.subarray(row * places, (row + 1) * places);
		if (own.every((factor) => factor === own[0])) return own[0] ?? 1;
		throw nodeFault(node, "several factors in a channel", "one factor a channel");
	});
	return { ...value, ...timesRows(value, each), nodes: [...value.nodes, node] };
}

/** Weights and bias with each row multiplied. */
export function timesRows(
	{ weights, bias, rows }: Pick<Current, "weights" | "bias" | "rows">,
	factors: Float64Array,
): Pick<Current, "weights" | "bias"> {
	const width = weights.length / rows;
	return {
		weights: weights.map((w, k) => w * (factors[Math.floor(k / width)] ?? 1)),
		bias: bias.map((b, row) => b * (factors[row] ?? 1)),
	};
}

/** The current of neurons that take spikes as they are: weights of 1, each from one element. */
export function identity(node: NirNode, source: Spikes): Current {
	const count = countOf(source.shape);
	const { factors } = source;
	if (source.shape.length === 3) {
		const [rows = 0] = source.shape;
		const conv = { kernel: [1, 1] as const, stride: 1, padding: 0, dilation: 1, groups: rows };
		const ones = new Float64Array(rows).fill(1);
		const weights = scaledChannels(node, source, ones, { conv, inputs: 1, rows });
		return {
			kind: "current",
			source,
			shape: source.shape,
			weights,
			bias: new Float64Array(rows),
			rows,
			conv,
			nodes: [],
		};
	}
	if (count > MOST_IDENTITY) {
		throw nodeFault(node, `${count} neurons that take spikes as they are`, `up to ${MOST_IDENTITY}, or a map of them`);
	}
	const weights = new Float64Array(count * count);
	for (let k = 0; k < count; k += 1) weights[k * count + k] = factors?.[k] ?? 1;
	return { kind: "current", source, shape: [count], weights, bias: new Float64Array(count), rows: count, nodes: [] };
}

/** Currents that meet: added where they come from the same spikes through dense weights. */
export function together(node: NirNode, currents: readonly Current[]): Current {
	const [first, ...others] = currents;
	if (first === undefined) throw nodeFault(node, "no current", "one");
	let [weights, bias] = [first.weights, first.bias];
	for (const other of others) {
		const isAlike = first.source.from === other.source.from && first.conv === undefined && other.conv === undefined;
		if (!isAlike || weights.length !== other.weights.length || first.rows !== other.rows) {
			const names = currents.flatMap(({ nodes }) => nodes.map(({ name }) => `"${name}"`)).join(", ");
			throw nodeFault(node, `taking several currents: ${names}`, "one, or Linear and Affine nodes of the same spikes");
		}
		weights = weights.map((w, k) => w + (other.weights[k] ?? 0));
		bias = bias.map((b, k) => b + (other.bias[k] ?? 0));
	}
	return { ...first, weights, bias, nodes: currents.flatMap(({ nodes }) => nodes) };
}

/** A Flatten of all dimensions. */
export function flatten(node: NirNode, value: Value): Value {
	const length = value.shape.length;
	const start = dimension(integersOf(node, "start_dim", 1, -8, 8)[0] ?? 0, length);
	const end = dimension(integersOf(node, "end_dim", 1, -8, 8)[0] ?? -1, length);
	const before = value.shape.slice(0, Math.max(0, start));
	// Behind batches that are in no shape some count dimensions from 1; a single one before changes nothing.
	if (countOf(before) !== 1 || end !== length - 1) {
		throw nodeFault(node, `start_dim ${start}, end_dim ${end} of ${shapeText(value.shape)}`, "all dimensions");
	}
	const shape = [countOf(value.shape)];
	return { ...value, shape, nodes: [...value.nodes, node] };
}

function dimension(given: number, length: number): number {
	return given < 0 ? length + given : given;
}
