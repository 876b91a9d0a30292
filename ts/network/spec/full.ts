// A spec with every option, checked, and with the shape of what each layer gives.

import type { ConvLayer, DenseLayer, DropoutLayer, JoinLayer, PoolLayer, UpsampleLayer } from "./layer.js";
import type { FullOptimizer, Loss, Rates, Signal } from "./learning.js";
import type { FullNeurons } from "./neuron.js";

/** The size of a map. A vector has height and width 1. */
export interface Shape {
	readonly channels: number;
	readonly height: number;
	readonly width: number;
}

/** What a layer takes and gives. */
export interface FullPlace {
	readonly name: string | undefined;
	/** What it takes: 0 is the sensor, k is `layers[k - 1]`. */
	readonly sources: readonly number[];
	/** The shape of what it gives. */
	readonly shape: Shape;
	/** What the number of spikes of an element stands for, times this: behind average pooling more than 1. */
	readonly divisor: number;
	/** The most spikes of an element in a step. */
	readonly most: number;
}

/** What layers with weights have in common. */
export interface FullWeights {
	/** The divisor of what it takes: its weights are held as W / `inputDivisor`. */
	readonly inputDivisor: number;
	/** Weights of a neuron or filter, without those from the layer itself. */
	readonly fanIn: number;
	/** Is a bias learned? */
	readonly bias: boolean;
	/** Standard deviation of the initial weights W. */
	readonly std: number;
}

interface FullSpiking extends FullPlace, FullNeurons, FullWeights {
	/** The range of the weights as they are held. */
	readonly weightRange: number;
	readonly standardize: boolean;
	/** What `rates.hidden` is multiplied by in this layer. */
	readonly rateFactor: number;
}

type Own<T, K extends keyof T> = Required<Pick<T, K>>;

/** Each kind of layer with every option. */
export interface FullDense extends FullSpiking, Own<DenseLayer, "type" | "units" | "recurrentStd"> {}
export interface FullConv extends FullSpiking, Own<ConvLayer, "type" | "filters" | "stride" | "padding"> {
	readonly kernel: readonly [height: number, width: number];
	readonly dilation: number;
	readonly groups: number;
}
export interface FullPool extends FullPlace, Own<PoolLayer, "type" | "kind" | "kernel" | "stride"> {}
export interface FullUpsample extends FullPlace, Own<UpsampleLayer, "type" | "factor"> {}
export interface FullFlatten extends FullPlace {
	readonly type: "flatten";
}
export interface FullDropout extends FullPlace, Own<DropoutLayer, "type" | "rate"> {}
export interface FullJoin extends FullPlace, Own<JoinLayer, "type"> {
	/** How often each source's spikes count, so that all have one divisor. */
	readonly repeats: readonly number[];
}

/** A hidden layer with every option. */
export type FullLayer = FullDense | FullConv | FullPool | FullUpsample | FullFlatten | FullDropout | FullJoin;

/** The readout with every option. */
export interface FullReadout extends FullWeights {
	readonly type: "readout";
	readonly name: string | undefined;
	/** What it takes, like a layer's; exactly one. */
	readonly sources: readonly [number];
	/** (classes, 1, 1), or its values for each pixel. */
	readonly shape: Shape;
	/** The names of the classes; none where it gives values. */
	readonly classes: readonly string[];
	/** Values a pixel; 0 where it tells classes. */
	readonly values: number;
	/** Of a readout of values; 0 where it tells classes. */
	readonly kernel: number;
	readonly leak: number;
	readonly traceDecay: number;
}

/** A spec with every option, checked. */
export interface FullSpec {
	readonly input: { readonly width: number; readonly height: number; readonly polarities: number };
	readonly stepUs: number;
	readonly steps: number | undefined;
	readonly maxGapUs: number;
	/** The hidden layers, in order. */
	readonly layers: readonly FullLayer[];
	readonly readout: FullReadout;
	readonly signal: Signal;
	readonly loss: Loss;
	readonly optimizer: FullOptimizer;
	/** Bits that a hidden weight is held with. */
	readonly weights: 16 | 8;
	readonly window: "all" | { readonly last: number };
	readonly mode: "block" | "online" | "sequence";
	readonly blockSteps: number;
	readonly rounding: "dithered" | "nearest";
	readonly rates: Required<Rates>;
	readonly seed: number;
	readonly memoryLimitMiB: number;
}

/** Elements of a map. */
export function elementsOf({ channels, height, width }: Shape): number {
	return channels * height * width;
}

/** A shape as it is said: `16 x 15 x 15`, or only the length of a vector. */
export function shapeText({ channels, height, width }: Shape): string {
	return height === 1 && width === 1 ? String(channels) : `${channels} x ${height} x ${width}`;
}
