// Layers of spiking neurons with weights: dense, recurrent and convolutions.

import { OptionError } from "../../errors.js";
import * as check from "../check.js";
import { elementsOf, type FullConv, type FullDense, type Shape } from "./full.js";
import { needMap, type Place } from "./graph.js";
import { hasRatesByLayer } from "./learning.js";
import { leastRange } from "./loihi.js";
import { checkNeurons, NEURON_KEYS } from "./neuron.js";
import { gatheringLeak, usualRateFactor, usualRecurrentStd, usualStd } from "./usual.js";

const WEIGHT_KEYS = [
	"bias",
	"std",
	"weightRange",
	"standardize",
	"rateFactor",
	...NEURON_KEYS,
	"name",
	"from",
] as const;
const DENSE_KEYS = ["type", "units", "bias", "recurrentStd", ...WEIGHT_KEYS.filter((key) => key !== "bias")] as const;
const CONV_KEYS = ["type", "filters", "kernel", "stride", "padding", "dilation", "groups", ...WEIGHT_KEYS] as const;
const RANGES = [1, 2, 4, 8, 16, 32];
/** Weights of 8 bits have few bits to waste. */
const BYTE_RANGES = [2 ** -6, 2 ** -5, 2 ** -4, 2 ** -3, 2 ** -2, 2 ** -1, ...RANGES];

type Without<T> = Omit<T, "name" | "sources" | "divisor" | "most">;

/** Checks a dense or recurrent layer. */
export function checkDense(
	{ at, input }: Place,
	given: Record<string, unknown>,
	spec: Record<string, unknown>,
	type: "dense" | "recurrent",
): Without<FullDense> {
	const layer = check.object(at, given, DENSE_KEYS);
	const units = check.integer(`${at}.units`, layer.units, 1, 65_536);
	const neurons = checkNeurons(at, layer, spec);
	const leak = gatheringLeak(neurons);
	const usualOwn = usualRecurrentStd(units, leak, layer.standardize === true);
	const recurrentStd = check.number(`${at}.recurrentStd`, layer.recurrentStd, 0, 8, usualOwn);
	const shape = { channels: units, height: 1, width: 1 };
	return {
		type,
		units,
		shape,
		recurrentStd,
		...neurons,
		...checkWeights(at, layer, spec, {
			fanIn: elementsOf(input.shape),
			inputDivisor: input.divisor,
			leak,
			leastRange: leastRange(neurons.decay),
			shape,
			fromItself: type === "recurrent" ? recurrentStd : 0,
		}),
	};
}

/** Checks a convolution. */
export function checkConv(
	place: Place,
	given: Record<string, unknown>,
	spec: Record<string, unknown>,
): Without<FullConv> {
	const { at, input } = place;
	const layer = check.object(at, given, CONV_KEYS);
	needMap(place, "a convolution");
	const { channels } = input.shape;
	const filters = check.integer(`${at}.filters`, layer.filters, 1, 65_536);
	const padding = check.integer(`${at}.padding`, layer.padding, 0, 1024, 0);
	const stride = check.integer(`${at}.stride`, layer.stride, 1, 1024, 1);
	const dilation = check.integer(`${at}.dilation`, layer.dilation, 1, 1024, 1);
	const groups = check.integer(`${at}.groups`, layer.groups, 1, 65_536, 1);
	if (channels % groups !== 0 || filters % groups !== 0) {
		throw new OptionError(
			`${at}.groups`,
			groups,
			`a divisor of the input's ${channels} channels and of ${filters} filters`,
		);
	}
	const kernel = checkKernel(`${at}.kernel`, layer.kernel, input.shape, padding, dilation);
	const along = (size: number, length: number) =>
		Math.floor((size + 2 * padding - dilation * (length - 1) - 1) / stride) + 1;
	const [height, width] = [along(input.shape.height, kernel[0]), along(input.shape.width, kernel[1])];
	const shape = { channels: filters, height, width };
	const neurons = checkNeurons(at, layer, spec);
	return {
		type: "conv",
		filters,
		kernel,
		stride,
		padding,
		dilation,
		groups,
		shape,
		...neurons,
		...checkWeights(at, layer, spec, {
			fanIn: (channels / groups) * kernel[0] * kernel[1],
			inputDivisor: input.divisor,
			leak: gatheringLeak(neurons),
			leastRange: leastRange(neurons.decay),
			shape,
			fromItself: 0,
		}),
	};
}

function checkKernel(
	option: string,
	given: unknown,
	input: Shape,
	padding: number,
	dilation: number,
): [number, number] {
	const sides = Array.isArray(given) ? given : [given, given];
	if (sides.length !== 2) throw new OptionError(option, given, "an integer, or [height, width]");
	const side = (index: number) =>
		check.integer(Array.isArray(given) ? `${option}[${index}]` : option, sides[index], 1, 65_536);
	const kernel: [number, number] = [side(0), side(1)];
	const room = [input.height + 2 * padding, input.width + 2 * padding] as const;
	const spans = kernel.map((length) => dilation * (length - 1) + 1) as [number, number];
	if (spans[0] > room[0] || spans[1] > room[1]) {
		const shown = Array.isArray(given) ? kernel.join(" x ") : kernel[0];
		const dilated = dilation === 1 ? "" : `; with dilation ${dilation} this kernel spans ${spans.join(" x ")}`;
		throw new OptionError(option, shown, `at most the padded input, ${room.join(" x ")}${dilated}`);
	}
	return kernel;
}

/** What the rest of a layer says of its weights. */
interface Around extends Pick<FullDense, "fanIn" | "inputDivisor" | "leak" | "shape"> {
	/** Ranges of weights below this are too fine. */
	readonly leastRange: number;
	/** Deviation of recurrent weights. */
	readonly fromItself: number;
}

/** Checks a layer's weights. */
function checkWeights(
	at: string,
	layer: Record<string, unknown>,
	spec: Record<string, unknown>,
	{ fanIn, inputDivisor, leak, leastRange, shape, fromItself }: Around,
): Pick<FullDense, "fanIn" | "bias" | "std" | "weightRange" | "standardize" | "rateFactor" | "inputDivisor"> {
	const standardize = check.flag(`${at}.standardize`, layer.standardize, false);
	const std = check.number(`${at}.std`, layer.std, 0, 8, usualStd(fanIn, leak, standardize));
	const usualFactor = hasRatesByLayer(spec) ? usualRateFactor(leak, shape) : 1;
	if (fromItself > 0 && inputDivisor > 1 && !standardize) {
		// What comes from below is divided and the layer's own spikes are not: without gains they would want two rates.
		throw new OptionError(
			`${at}.type`,
			"recurrent behind average pooling",
			'"dense", or standardize: true, or pooling by sums',
		);
	}
	const ranges = (spec.weights === 8 ? BYTE_RANGES : RANGES).filter((range) => range >= leastRange);
	// Standardised weights are held as they are drawn, and are as large as this when they work; twice that to learn.
	const working = 2 / Math.sqrt(fanIn) / inputDivisor;
	// Those that are drawn have 16 bits always, and so a range of 1 at least.
	const drawn = spec.weights === 8 && 4 * std <= 1 ? 0 : std;
	const held = standardize ? Math.max(drawn, working) : std / inputDivisor;
	const widest = 4 * Math.max(held, fromItself);
	const weightRange = layer.weightRange ?? ranges.find((range) => range >= widest);
	if (!ranges.some((range) => range === weightRange)) {
		throw new OptionError(`${at}.weightRange`, weightRange, ranges.join(", "));
	}
	return {
		fanIn,
		bias: check.flag(`${at}.bias`, layer.bias, false),
		std,
		weightRange: Number(weightRange),
		standardize,
		rateFactor: checkRateFactor(`${at}.rateFactor`, layer.rateFactor, usualFactor),
		inputDivisor,
	};
}

function checkRateFactor(option: string, given: unknown, usual: number): number {
	const factor = check.number(option, given, 0, 1, usual);
	if (factor !== 0 && factor < 2 ** -24) throw new OptionError(option, factor, "0, or 2^-24 to 1");
	return factor;
}
