// A network as a user describes it.

import type { HiddenLayer, ReadoutLayer } from "./layer.js";
import type { Loss, Optimizer, Rates, Signal } from "./learning.js";
import type { NeuronOptions } from "./neuron.js";

/** A network, as a user describes it; plain JSON. */
export interface NetworkSpec extends NeuronOptions {
	/**
	 * The sensor: columns (1 to 65,536), rows and polarities or channels of a pixel (1 to 256; both default 1). At most
	 * 1,048,576 inputs in all.
	 */
	readonly input: { readonly width: number; readonly height?: number; readonly polarities?: number };
	/** The length of a time step in us, 1 to 2^32. A sensor's inputs are 1 in a step with at least one event, else 0. */
	readonly stepUs: number;
	/** Steps of a recording, 1 to 2^32: later events are left out. Default: as many as the events last. */
	readonly steps?: number;
	/** The longest time in us between two events, from `stepUs` to 2^53 - 1: more is a bad event. Default an hour. */
	readonly maxGapUs?: number;
	/** Up to 64 hidden layers and the readout. */
	readonly layers: readonly (HiddenLayer | ReadoutLayer)[];
	/**
	 * How the error reaches hidden layers: through the weights (`"bp"`, the default); by fixed random ones from the error
	 * (`"dfa"`), its sign (`"sdfa"`) or the label (`"drtp"`); or from a fixed random classifier of each layer (`"local"`). The
	 * others than `"bp"` need a readout of classes.
	 */
	readonly signal?: Signal;
	/**
	 * What is made small. For a readout of classes `"cross-entropy"` (the default), `"mean-square"` or
	 * `"binary-cross-entropy"`; for values the latter two, and for two values (flow) `"endpoint"` (the default there; the
	 * distance to the true flow) or `"contrast"` (from the events alone). Default for other values: `"mean-square"`.
	 */
	readonly loss?: Loss;
	/** What turns gradients into changes. Default `{ type: "sgd" }`. */
	readonly optimizer?: Optimizer;
	/**
	 * Bits that a hidden weight is held with: 16 (the default) or 8, which halves what weights take, and may learn a little less
	 * well. Readouts have 32 always; where weights are standardised, those that are learned have 16.
	 */
	readonly weights?: 16 | 8;
	/** Which steps of a recording learn: all (the default) or the last so many, 1 to 2^32. */
	readonly window?: "all" | { readonly last: number };
	/**
	 * When weights change: at the end of every block of steps (`"block"`, the default), at every step (`"online"`), or at
	 * the end of the recording (`"sequence"`, which holds a gradient for every weight).
	 */
	readonly mode?: "block" | "online" | "sequence";
	/** Steps of a block, 1 to 32. Default 32. */
	readonly blockSteps?: number;
	/** How changes are rounded to the weights' format: `"dithered"` (by chance, the default) or `"nearest"`. */
	readonly rounding?: "dithered" | "nearest";
	/** Learning rates. */
	readonly rates?: Rates;
	/** Where weights and dither come from: an integer from 0 to 2^53 - 1. Default 1. */
	readonly seed?: number;
	/** The most memory that the network may take, in MiB, 1 to 3,072. Default 1,024. */
	readonly memoryLimitMiB?: number;
}
