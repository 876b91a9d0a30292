// Which module of a file is which layer of a spec.

import { FormatError, OptionError } from "../../errors.js";
import type { FullConv, FullDense, FullReadout, FullSpec } from "../../network/spec/mod.js";
import { sizeText } from "../elements.js";
import type { Tensor, TensorFile } from "../tensor.js";
import type { TorchModule } from "./modules.js";

/** A layer with weights, and its module. */
export interface Pair {
	/** Where the layer stands in `spec.layers`. */
	readonly index: number;
	readonly module: TorchModule;
}

type Layer = Readonly<Record<string, unknown>>;
const WEIGHTED = ["dense", "recurrent", "conv", "readout"];

/**
 * The layers of a file of Linear modules one after the other; the last is the readout.
 *
 * @throws OptionError where there is a convolution: its file says neither strides nor padding nor pooling
 */
export function layersOf(modules: readonly TorchModule[]): readonly Layer[] {
	const conv = modules.find(({ weight }) => weight.shape.length !== 2);
	if (conv !== undefined) {
		const allowed = `the layers: ${conv.weight.name} is of ${sizeText(conv.weight.shape)}, and files say no strides, padding and pooling of convolutions`;
		throw new OptionError("spec.layers", undefined, allowed);
	}
	return modules.map(({ name, weight, recurrent }, index) => {
		const [units] = weight.shape;
		const named = name === "" || name === "input" ? {} : { name };
		if (index === modules.length - 1) return { type: "readout", classes: units, ...named };
		return { type: recurrent === undefined ? "dense" : "recurrent", units, ...named };
	});
}

/**
 * Pairs layers with modules: by name, where every layer with weights has that of a module; else in their order.
 *
 * @throws FormatError where there are more of one than of the other
 */
export function pair(layers: readonly unknown[], modules: readonly TorchModule[], place: string | undefined): Pair[] {
	const weighted = layers.flatMap((layer, index) => {
		const type = fieldOf(layer, "type");
		return typeof type === "string" && WEIGHTED.includes(type) ? [{ index, name: fieldOf(layer, "name") }] : [];
	});
	const named = weighted.map(({ name }) => modules.find((module) => module.name === name));
	if (weighted.length !== modules.length) {
		const found = `${modules.length} modules with weights (${modules.map(({ name }) => name).join(", ")})`;
		const allowed = `${weighted.length}, as spec.layers has (${weighted.map(({ index }) => index).join(", ")})`;
		throw new FormatError(modules[0]?.weight.byteOffset ?? 0, found, allowed, place);
	}
	return weighted.map(({ index }, order) => {
		const module = named.includes(undefined) ? modules[order] : named[order];
		if (module === undefined) throw new RangeError(`no module ${order}`);
		return { index, module };
	});
}

function fieldOf(layer: unknown, name: "type" | "name"): unknown {
	return typeof layer === "object" && layer !== null ? Reflect.get(layer, name) : undefined;
}

/** A hidden layer with weights, or the readout. */
export type Weighted = FullDense | FullConv | FullReadout;

/** A layer of a checked spec by where it stands in `spec.layers`. */
export function weightedAt(full: FullSpec, index: number): Weighted {
	const layer = index === full.layers.length ? full.readout : full.layers[index];
	if (layer !== undefined && "inputDivisor" in layer) return layer;
	throw new RangeError(`layers[${index}] has no weights`);
}

/** Units or filters, and what each sees: the shape of a layer's weight in PyTorch. */
export function weightShape(layer: Weighted): readonly number[] {
	if (layer.type === "conv") {
		const [height, width] = layer.kernel;
		return [layer.filters, layer.fanIn / (height * width), height, width];
	}
	if (layer.type !== "readout") return [layer.units, layer.fanIn];
	const { values, kernel, classes, fanIn } = layer;
	return values === 0 ? [classes.length, fanIn] : [values, fanIn / kernel ** 2, kernel, kernel];
}

/** Throws a FormatError where a module's weights are not of the shape that its layer has. */
export function checkShapes(full: FullSpec, pairs: readonly Pair[], file: TensorFile): void {
	for (const { index, module } of pairs) {
		const layer = weightedAt(full, index);
		const expected = weightShape(layer);
		const refuse = ({ name, shape, byteOffset }: Tensor, allowed: string) =>
			new FormatError(byteOffset, `${name} of ${sizeText(shape)}`, allowed, file.name);
		const { weight, recurrent } = module;
		if (sizeText(weight.shape) !== sizeText(expected))
			throw refuse(weight, `${sizeText(expected)}, as layers[${index}] (${layer.type}) has`);
		if (recurrent !== undefined && layer.type !== "recurrent")
			throw refuse(recurrent, `none: layers[${index}] is ${layer.type}`);
		if (recurrent === undefined && layer.type === "recurrent")
			throw refuse(weight, `weight_rec beside it, as layers[${index}] is recurrent`);
	}
}
