// How weights of NIR become weights that can be held: gains folded in, and a threshold and a range that suit them.

import { type Current, timesRows } from "./currents.js";
import type { Discrete } from "./neurons.js";

/** A layer's numbers, as they are to be set. */
export interface Fitted {
	readonly weights: Float64Array;
	readonly bias: Float64Array;
	/** The least and largest factor that weights were multiplied by. */
	readonly gain: readonly [least: number, largest: number];
}

interface FittedHidden extends Fitted {
	readonly recurrent: Float64Array | undefined;
	readonly threshold: number;
	readonly weightRange: number;
}

const RANGES = [1, 2, 4, 8, 16, 32];
/** The largest weight, as a part of the range, and of a readout. */
const [MOST_OF_RANGE, MOST_READOUT] = [8191 / 8192, 8 - 2 ** -12];
/** Thresholds that networks take. */
const [LEAST_THRESHOLD, MOST_THRESHOLD] = [0.5, 64];
/** Where all weights stay below this they have few steps of 2^-13: threshold and weights double until they do not. */
const [SMALL, MOST_RAISED] = [2 ** -4, 16];

/**
 * A layer's weights. Where all its neurons have one threshold that networks take, it stays; else each row is divided by its own, and the threshold is
 * 1. Both are multiplied then, where weights would be beyond the widest range, or very small. What a neuron does stays the same.
 */
export function fitHidden(layer: {
	readonly current: Current;
	readonly neurons: Discrete;
	readonly recurrence: { readonly weights: Float64Array; readonly bias: Float64Array } | undefined;
	readonly divisor: number;
}): FittedHidden {
	const { current, neurons, recurrence, divisor } = layer;
	const { rows } = current;
	const [first = 1] = neurons.threshold;
	const isOne = neurons.threshold.every((value) => value === first);
	const stays = isOne && first >= LEAST_THRESHOLD && first <= MOST_THRESHOLD;
	const start = stays ? first : 1;
	const factors = neurons.gain.map((gain, row) => (gain * start) / (neurons.threshold[row] ?? 1));
	const scaled = timesRows(current, factors);
	const own = recurrence && timesRows({ ...recurrence, rows }, factors);
	const most = Math.max(largest(scaled.weights) / divisor, own === undefined ? 0 : largest(own.weights));
	let factor = 1;
	const widest = 32 * MOST_OF_RANGE;
	if (most > widest) factor = Math.max(widest / most, LEAST_THRESHOLD / start);
	else while (most > 0 && factor * most < SMALL && factor * start < MOST_RAISED) factor *= 2;
	const threshold = Math.min(MOST_THRESHOLD, Math.max(LEAST_THRESHOLD, start * factor));
	const times = (values: Float64Array) => values.map((value) => value * factor);
	const rest = neurons.bias.map((bias, row) => (bias * start) / (neurons.threshold[row] ?? 1));
	const bias = scaled.bias.map((value, row) => value + (rest[row] ?? 0) + (own?.bias[row] ?? 0));
	return {
		weights: times(scaled.weights),
		recurrent: own && times(own.weights),
		bias: times(bias),
		threshold,
		weightRange: RANGES.find((range) => range * MOST_OF_RANGE >= factor * most) ?? 32,
		gain: extremes(times(factors)),
	};
}

/** A readout's weights: all are halved until they can be held. */
export function fitReadout(current: Current, neurons: Discrete): Fitted {
	const scaled = timesRows(current, neurons.gain);
	const bias = scaled.bias.map((value, row) => value + (neurons.bias[row] ?? 0));
	const most = Math.max(largest(scaled.weights) / current.source.divisor, largest(bias));
	let factor = 1;
	while (factor * most > MOST_READOUT) factor /= 2;
	const times = (values: Float64Array) => values.map((value) => value * factor);
	return { weights: times(scaled.weights), bias: times(bias), gain: extremes(times(neurons.gain)) };
}

/** A leak as it is held. */
export function held(leak: number): number {
	return Math.round(leak * 2 ** 15) / 2 ** 15;
}

function largest(values: Float64Array): number {
	return values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}

function extremes(values: Float64Array): [number, number] {
	return [
		values.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY),
		values.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY),
	];
}
