// A checked spec as the words that the core reads: the only place where the options' floats become integers.
//
// Only exact operations and square roots, so that every machine gets the same words.

import { isProportional } from "./spec/learning.js";
import type { FullConv, FullDense, FullLayer, FullOptimizer, FullReadout, FullSpec, Rates } from "./spec/mod.js";

const VERSION = 2;
const SIGNALS = { bp: 0, dfa: 1, sdfa: 2, drtp: 3, local: 4 };
const LOSSES = { "cross-entropy": 0, "mean-square": 1, "binary-cross-entropy": 2, endpoint: 3, contrast: 4 };
const MODES = { sequence: 0, block: 1, online: 1 };
const ROUNDINGS = { nearest: 0, dithered: 1 };
const OPTIMIZERS = { sgd: 0, momentum: 1, nesterov: 2, adam: 3, rmsprop: 4, rprop: 5 };
const PSIS = { exp: 0, tri: 1, sigmoid: 2, tri_out: 3 };
const KINDS = { dense: 0, recurrent: 0, conv: 1, pool: 2, upsample: 3, add: 4, concat: 5, dropout: 6 };
const LOIHI_KINDS = { dense: 7, recurrent: 7, conv: 8 };

/**
 * The words of a spec.
 *
 * | words | meaning |
 * | --- | --- |
 * | 0 | 2, the version |
 * | 1, 2, 3 | channels, height and width of the input |
 * | 4 | number of hidden layers, H; flattening is left out |
 * | 5 | learning signal: 0 BP, 1 DFA, 2 sDFA, 3 DRTP, 4 local |
 * | 6 | loss: 0 cross-entropy, 1 mean square, 2 binary cross-entropy, 3 endpoint, 4 contrast |
 * | 7 | mode: 0 sequence, 1 block |
 * | 8 | steps of a block |
 * | 9 | rounding: 0 nearest, 1 dithered |
 * | 10, 11 | seed, low and high half |
 * | 12 | memory limit in MiB |
 * | 13 | optimiser: 0 SGD, 1 momentum, 2 Nesterov, 3 Adam, 4 RMSprop, 5 Rprop |
 * | 14, 15 | its parameters, unsigned: momentum `Q 30`, 0; Adam: beta1, beta2 `Q 30`; RMSprop: alpha `Q 30`, 0; Rprop: etaMinus `Q 30`, etaPlus `Q 29`; SGD: 0, 0 |
 * | 16, 17 | weight decay: mantissa, exponent |
 * | then H layers | kind; number of words that follow; number of sources; for each source its index and a second word; the kind's own words |
 * | then 12 for the readout | 1 (sources), index, divisor, classes or values, leak, trace decay, rate (mantissa, exponent), bias, deviation, kernel (0: dense, classes; else a convolution with as much padding as keeps the size, values), 0 |
 *
 * A source's index is 0 for the input and k for the k-th of the H layers. Its second word is, in an addition or a join, how often
 * its spikes count; in a layer with weights and the readout, the divisor n of what it takes (n = k^2 behind average pooling
 * by k, else 1); elsewhere 1.
 *
 * | kind | own words |
 * | --- | --- |
 * | 0 dense or recurrent | units, recurrent, weight bits, leak, threshold, soft reset, psi (0 exp, 1 tri, 2 sigmoid, 3 tri_out), lambda_pre, lambda_post, alpha_pre, alpha_post, rate (each mantissa, exponent), bias, deviation, recurrent deviation, standardize, bits a weight is held with (16 or 8) |
 * | 1 convolution | the same with units = filters, recurrent = 0 and recurrent deviation = 0; then kernel height, kernel width, stride, padding, dilation, groups |
 * | 2 pooling | 0 max or 1 sum, kernel, stride |
 * | 3 upsampling | factor |
 * | 4 addition, 5 join of channels | none |
 * | 6 dropout | the part that is left out, `Q 15` |
 * | 7, 8 | as 0 and 1 with neurons of Loihi's: leak, threshold and soft reset are 0; then du, dv, vth, log2 of 64 scale |
 *
 * With a divisor n weights are held as W / n: deviation, weight bits and rate are those of the weights as they are held, the rate
 * n^2 times smaller (n times for optimisers that divide by the gradient's size); that is for the weights from below: biases
 * and recurrent weights learn at the rate times n^2 (n). Standardised weights are held as W, with deviation and rate as given;
 * there the gain begins at 1 / n, and its rate is smaller. Weight decay as given is for W: n^2 times as much for W / n.
 *
 * Weight bits are 13 less log2 of the weights' range. Weights of 8 bits have 6 fraction bits fewer than that says; their range may be less
 * than 1, and the word more than 13.
 *
 * Flags are 0 or 1; decays, leaks `Q 15`; thresholds `Q 16`; deviations `Q 24`.
 */
export function specWords(spec: FullSpec): Int32Array {
	const { width, height, polarities } = spec.input;
	const indices = wordIndices(spec.layers);
	const layers = spec.layers.filter(({ type }) => type !== "flatten");
	return Int32Array.from([
		...[VERSION, polarities, height, width, layers.length],
		...[SIGNALS[spec.signal], LOSSES[spec.loss], MODES[spec.mode], spec.blockSteps, ROUNDINGS[spec.rounding]],
		...[(spec.seed % 2 ** 32) | 0, Math.floor(spec.seed / 2 ** 32), spec.memoryLimitMiB],
		...optimizerWords(spec.optimizer),
		...layers.flatMap((layer) => layerWords(layer, indices, spec)),
		...readoutWords(spec.readout, indices, spec),
	]);
}

/**
 * Learning rates as the words have them: mantissa and exponent for each layer with weights, in order, then for the readout.
 */
export function rateWords(spec: FullSpec, rates: Required<Rates>): Int32Array {
	const hidden = spec.layers
		.filter((layer) => isWeighted(layer))
		.map((layer) => heldRate(layer, hiddenRate(layer, rates), spec));
	return Int32Array.from([...hidden, heldRate(spec.readout, rates.readout, spec)].flatMap(factorWords));
}

/** The number of each layer in the words; a flattened map is the map itself. */
function wordIndices(layers: readonly FullLayer[]): readonly number[] {
	const indices = [0];
	let count = 0;
	for (const { type, sources } of layers) {
		if (type !== "flatten") count += 1;
		indices.push(type === "flatten" ? (indices[sources[0] ?? 0] ?? 0) : count);
	}
	return indices;
}

function optimizerWords({ type, weightDecay, ...given }: FullOptimizer): number[] {
	const parameters = {
		sgd: [0, 0],
		momentum: [q30(given.momentum), 0],
		nesterov: [q30(given.momentum), 0],
		adam: [q30(given.beta1), q30(given.beta2)],
		rmsprop: [q30(given.alpha), 0],
		rprop: [q30(given.etaMinus), q30(given.etaPlus / 2)],
	};
	return [OPTIMIZERS[type], ...parameters[type], ...factorWords(weightDecay)];
}

function layerWords(layer: FullLayer, indices: readonly number[], spec: FullSpec): number[] {
	if (layer.type === "flatten") return [];
	const own = ownWords(layer, spec);
	const second = (index: number) =>
		"repeats" in layer ? (layer.repeats[index] ?? 1) : isWeighted(layer) ? layer.inputDivisor : 1;
	const sources = layer.sources.flatMap((source, index) => [indices[source] ?? 0, second(index)]);
	const kind = isWeighted(layer) && layer.decay !== "leak" ? LOIHI_KINDS[layer.type] : KINDS[layer.type];
	return [kind, 1 + sources.length + own.length, layer.sources.length, ...sources, ...own];
}

function ownWords(layer: Exclude<FullLayer, { type: "flatten" }>, spec: FullSpec): number[] {
	switch (layer.type) {
		case "dense":
		case "recurrent":
			return [
				...neuronWords(layer, layer.units, layer.type === "recurrent" ? layer.recurrentStd : 0, spec),
				...decayWords(layer),
			];
		case "conv":
			return [
				...neuronWords(layer, layer.filters, 0, spec),
				...[...layer.kernel, layer.stride, layer.padding, layer.dilation, layer.groups],
				...decayWords(layer),
			];
		case "pool":
			return [Number(layer.kind !== "max"), layer.kernel, layer.stride];
		case "upsample":
			return [layer.factor];
		case "dropout":
			return [q15(layer.rate)];
		default:
			return [];
	}
}

function neuronWords(layer: FullDense | FullConv, units: number, recurrentStd: number, spec: FullSpec): number[] {
	const { lambdaPre, lambdaPost, alphaPre, alphaPost } = layer.rule;
	const std = layer.standardize ? layer.std : layer.std / layer.inputDivisor;
	return [
		...[units, Number(layer.type === "recurrent"), 13 - factorWords(layer.weightRange)[1]],
		...(layer.decay === "leak" ? membraneWords(layer) : [0, 0, 0]),
		PSIS[layer.psi],
		...[q15(lambdaPre), q15(lambdaPost), ...factorWords(alphaPre), ...factorWords(alphaPost)],
		...[...factorWords(heldRate(layer, hiddenRate(layer, spec.rates), spec)), Number(layer.bias)],
		...[q24(std), q24(recurrentStd), Number(layer.standardize), spec.weights],
	];
}

function membraneWords({ leak, threshold, reset }: FullDense | FullConv): number[] {
	return [q15(leak), Math.round(threshold * 2 ** 16), Number(reset === "soft")];
}

function decayWords({ decay }: FullDense | FullConv): number[] {
	if (decay === "leak") return [];
	const { du, dv, vth, scale } = decay;
	return [du, dv, vth, 6 + factorWords(scale)[1]];
}

function readoutWords(readout: FullReadout, indices: readonly number[], spec: FullSpec): number[] {
	const { sources, inputDivisor, classes, values, leak, traceDecay, bias, std, kernel } = readout;
	return [
		...[1, indices[sources[0]] ?? 0, inputDivisor, classes.length + values, q15(leak), q15(traceDecay)],
		...factorWords(heldRate(readout, spec.rates.readout, spec)),
		...[Number(bias), q24(std / inputDivisor), kernel, 0],
	];
}

/** The rate of a hidden layer's weights W. */
function hiddenRate({ rateFactor }: FullDense | FullConv, { hidden }: Required<Rates>): number {
	const rate = rateFactor * hidden;
	return rate === 0 ? 0 : Math.max(2 ** -24, rate);
}

/** The rate of weights as they are held. */
function heldRate(layer: FullDense | FullConv | FullReadout, rate: number, { optimizer }: FullSpec): number {
	if ("standardize" in layer && layer.standardize) return rate;
	return rate / (isProportional(optimizer) ? layer.inputDivisor ** 2 : layer.inputDivisor);
}

function isWeighted(layer: FullLayer): layer is FullDense | FullConv {
	return "inputDivisor" in layer;
}

function q15(value: number): number {
	return Math.round(value * 2 ** 15);
}

function q24(value: number): number {
	return Math.round(value * 2 ** 24);
}

function q30(value: number): number {
	return Math.round(value * 2 ** 30);
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
