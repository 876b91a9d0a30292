// The layers of a network as a user writes them; plain JSON.

import type { NeuronOptions } from "./neuron.js";

/** Where a layer stands in the network. */
export interface LayerPlace {
	/** What other layers call it in `from` and `with`: a name that no other layer has, and not "input". */
	readonly name?: string;
	/** What it takes: the name of an earlier layer, or "input". Default: the layer before it, the sensor for the first. */
	readonly from?: string;
}

/** What layers of spiking neurons with weights have in common. */
export interface WeightOptions extends NeuronOptions {
	/** Is a bias learned? Default false. */
	readonly bias?: boolean;
	/**
	 * Standard deviation of the initial weights, 0 to 8. Default 4 sqrt(1 - leak^2) / sqrt(fan-in), fan-in being the weights
	 * that a neuron has, and 1 - leak^2 at least 2^-9: so membranes spread alike whatever the leak. Standardised ones:
	 * 2 / sqrt(fan-in).
	 */
	readonly std?: number;
	/**
	 * Weights stay below this: 1, 2, 4, 8, 16 or 32; those of 8 bits also 1/2, 1/4, 1/8, 1/16, 1/32 or 1/64. More range is less
	 * resolution (13 bits in all; 7 of 8). Default: 4 std. Behind average pooling by n weights are held as W / n, and this is
	 * the range of those.
	 */
	readonly weightRange?: number;
	/**
	 * Are weights standardised: gain (W - mean) / sqrt(variance fan-in + 1e-4), per neuron or filter, with a learned gain?
	 * Default false.
	 */
	readonly standardize?: boolean;
	/**
	 * What `rates.hidden` is multiplied by in this layer: 0 (it does not learn), or 2^-24 to 1. Default 1 where the spec gives
	 * `rates.hidden` or the optimiser divides by the gradient's size; else (1 - leak^2) / sqrt(places), places being height x width of
	 * what it gives, and 1 - leak^2 at least 2^-9.
	 */
	readonly rateFactor?: number;
}

/** A hidden layer of spiking neurons that see all of their input. */
export interface DenseLayer extends LayerPlace, WeightOptions {
	/** `"recurrent"` neurons also see their own layer's spikes of the step before. */
	readonly type: "dense" | "recurrent";
	/** Neurons, 1 to 65,536. */
	readonly units: number;
	/** Standard deviation of the initial weights from the layer itself, 0 to 8. Default as that of `std` for as many inputs, halved. */
	readonly recurrentStd?: number;
}

/** A hidden layer of spiking neurons with shared weights: cross-correlation, as PyTorch's Conv2d. */
export interface ConvLayer extends LayerPlace, WeightOptions {
	readonly type: "conv";
	/** Filters, 1 to 65,536: the channels of what it gives. */
	readonly filters: number;
	/** Its height and width; one number for both. At most the padded input. */
	readonly kernel: number | readonly [height: number, width: number];
	/** Pixels from one place of the kernel to the next, 1 to 1,024. Default 1. */
	readonly stride?: number;
	/** Pixels without spikes around the map, 0 to 1,024. Default 0. */
	readonly padding?: number;
	/** Pixels from one weight of the kernel to the next, 1 to 1,024. Default 1. */
	readonly dilation?: number;
	/** Groups of channels that do not see each other: divides the input's channels and the filters. Default 1. */
	readonly groups?: number;
}

/** Makes maps smaller. No padding; what does not fill a window is left out. */
export interface PoolLayer extends LayerPlace {
	readonly type: "pool";
	/**
	 * `"max"`: a spike where any of the window has one. `"sum"`: as many spikes as the window has. `"average"`: the sum,
	 * whose weights in the next layer count 1 / kernel^2.
	 */
	readonly kind: "max" | "average" | "sum";
	/** Height and width of the window: at most the map's. */
	readonly kernel: number;
	/** Pixels from one window to the next, 1 to 1,024. Default: `kernel`; less makes windows overlap. */
	readonly stride?: number;
}

/** Makes maps larger: each pixel becomes a square of equal ones. */
export interface UpsampleLayer extends LayerPlace {
	readonly type: "upsample";
	/** Height and width of the square, 1 to 64. */
	readonly factor: number;
}

/** Says that a map is seen as one long vector from here on. It computes nothing: dense layers take maps as they are. */
export interface FlattenLayer extends LayerPlace {
	readonly type: "flatten";
}

/** While learning, leaves out a random part of the elements, drawn anew for each sequence; the others count 1 / (1 - rate). */
export interface DropoutLayer extends LayerPlace {
	readonly type: "dropout";
	/** The part that is left out, 0 to 0.99. */
	readonly rate: number;
}

/** Adds the spikes of maps of one shape (a residual), or joins the channels of maps of one height and width. */
export interface JoinLayer extends LayerPlace {
	readonly type: "add" | "concat";
	/** The other maps, besides the one that it takes: names of earlier layers, or "input". */
	readonly with: string | readonly string[];
}

/** A layer between the sensor and the readout. */
export type HiddenLayer = DenseLayer | ConvLayer | PoolLayer | UpsampleLayer | FlattenLayer | DropoutLayer | JoinLayer;

interface Integrators extends LayerPlace {
	readonly type: "readout";
	/** What stays of a membrane in a step, 0 to 1. Default 0.9375. */
	readonly leak?: number;
	/** Decay of the trace of its input spikes in a step, 0 to 1. Default: its leak. */
	readonly traceDecay?: number;
	/** Is a bias learned? Default false. */
	readonly bias?: boolean;
	/** Standard deviation of the initial weights, 0 to 8. Default 1 / sqrt(fan-in). */
	readonly std?: number;
}

/** The layer that answers with a class: one leaky integrator a class, without spikes. */
export interface ClassReadout extends Integrators {
	/** How many classes, 2 to 4,096, or their names. */
	readonly classes: number | readonly string[];
}

/** The layer that answers with values for each pixel of its input: leaky integrators with shared weights. */
export interface ValueReadout extends Integrators {
	/** Values a pixel, 1 to 64; 2 for optical flow: right and down. */
	readonly values: number;
	/** Height and width of the kernel, odd, 1 to 15; its map has the size of its input. Default 1. */
	readonly kernel?: number;
}

/** The layer that answers. The last layer, and only the last. */
export type ReadoutLayer = ClassReadout | ValueReadout;
