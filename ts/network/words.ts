// A checked spec as the words that the core reads: the only place where the options' floats become integers.
//
// Only exact operations and square roots, so that every machine gets the same words.

import type { FullHidden, FullSpec } from "./spec.js";

const VERSION = 1;
const SIGNALS = { bp: 0, dfa: 1 };
const MODES = { sequence: 0, block: 1, online: 1 };
const ROUNDINGS = { nearest: 0, dithered: 1 };
const PSIS = { exp: 0, tri: 1, sigmoid: 2, tri_out: 3 };

/** The words of a spec, as the core documents them. */
export function specWords(spec: FullSpec): Int32Array {
	const { width, height, polarities } = spec.input;
	return Int32Array.from([
		VERSION,
		width * height * polarities,
		spec.hidden.length,
		SIGNALS[spec.signal],
		MODES[spec.mode],
		spec.blockSteps,
		ROUNDINGS[spec.rounding],
		...[(spec.seed % 2 ** 32) | 0, Math.floor(spec.seed / 2 ** 32)],
		spec.memoryLimitMiB,
		...spec.hidden.flatMap((layer) => hiddenWords(layer, spec.rates.hidden)),
		spec.readout.classes.length,
		...[q15(spec.readout.leak), q15(spec.readout.traceDecay)],
		...factorWords(spec.rates.readout),
		...[Number(spec.readout.bias), q24(spec.readout.std), 0],
	]);
}

function hiddenWords(layer: FullHidden, rate: number): number[] {
	const { lambdaPre, lambdaPost, alphaPre, alphaPost } = layer.rule;
	return [
		...[layer.units, Number(layer.type === "recurrent"), Math.clz32(layer.weightRange) - 18],
		...[q15(layer.leak), Math.round(layer.threshold * 2 ** 16), Number(layer.reset === "soft"), PSIS[layer.psi]],
		...[q15(lambdaPre), q15(lambdaPost), ...factorWords(alphaPre), ...factorWords(alphaPost), ...factorWords(rate)],
		...[Number(layer.bias), q24(layer.std), q24(layer.recurrentStd), 0, 0],
	];
}

function q15(value: number): number {
	return Math.round(value * 2 ** 15);
}

function q24(value: number): number {
	return Math.round(value * 2 ** 24);
}

/**
 * A factor as `[mantissa, exponent]`: mantissa 2^-15 2^exponent, the mantissa's magnitude above 2^14 up to 2^15, or zero. A
 * power of two has the mantissa 2^15, by which products are exact.
 */
export function factorWords(value: number): [mantissa: number, exponent: number] {
	if (value === 0) return [0, 0];
	let exponent = 0;
	let magnitude = Math.abs(value);
	for (; magnitude > 1; magnitude /= 2) exponent += 1;
	for (; magnitude <= 0.5; magnitude *= 2) exponent -= 1;
	return [Math.sign(value) * Math.round(magnitude * 2 ** 15), exponent];
}
