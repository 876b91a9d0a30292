// What a network has learned, as real numbers in the layouts that others use; and the way back, with what rounding did.

import { OptionError } from "../errors.js";
import type { FullConv, FullDense, FullReadout, FullSpec, Shape } from "./spec/mod.js";
import type { StateArray } from "./state.js";

/** Weights and biases of a layer of neurons, or of the readout. Every number is exactly what the network computes with. */
export interface LayerParameters {
	/** Its name, or `layers[k]` where it has none. */
	readonly layer: string;
	/**
	 * Dense layers: (units, inputs), a row a unit; the inputs from a map are numbered (channel, y, x), as PyTorch flattens.
	 * Convolutions and readouts of values: (filters, input channels of a group, kernel height, kernel width). Before they are standardised, where they are.
	 */
	readonly weights: Float64Array;
	/** Recurrent layers: (units to, units from). */
	readonly recurrent?: Float64Array;
	/** One a unit, filter, class or value. */
	readonly bias: Float64Array;
	/** Of standardised weights, one a unit or filter. */
	readonly gain?: Float64Array;
	/** Of standardised weights of a recurrent layer from itself, one a unit. */
	readonly recurrentGain?: Float64Array;
}

/** What is to be set of a layer; what is left out stays. */
export type GivenParameters = Pick<LayerParameters, "layer"> & Partial<LayerParameters>;

/** What rounding did to a layer's parameters. */
export interface Rounding {
	readonly layer: string;
	/** The largest distance between a number given and the one set. */
	readonly largest: number;
	/** How many were beyond the largest that can be held, and set to that. */
	readonly clipped: number;
	/** The step between weights that can be held, and the largest of them. */
	readonly step: number;
	readonly range: number;
}

type Weighted = FullDense | FullConv | FullReadout;
type Kind = Exclude<keyof LayerParameters, "layer">;

/** Some elements of arrays of state, with the value of a unit. */
interface Field {
	/** One array, or several with as many parameters each. */
	readonly arrays: readonly StateArray[];
	/** Where a parameter of an array lies in it. */
	readonly index: (k: number) => number;
	/** Parameters, of all arrays together. */
	readonly length: number;
	/** Of an element. */
	readonly unit: number;
	/** The largest magnitude of an element. */
	readonly most: number;
}

/** The parameters of all layers with weights, the readout's last. */
export function parametersOf(spec: FullSpec, arrays: readonly StateArray[]): LayerParameters[] {
	return weightedOf(spec).map(([name, layer, state]) => {
		const fields = fieldsOf(
			spec,
			layer,
			arrays.filter((array) => array.layer === state),
		);
		const read = (kind: Kind): { [K in Kind]?: Float64Array } => {
			const field = fields[kind];
			return field === undefined ? {} : { [kind]: get(field) };
		};
		const { weights, bias } = fields;
		return {
			layer: name,
			weights: weights === undefined ? new Float64Array() : get(weights),
			bias: bias === undefined ? new Float64Array() : get(bias),
			...read("recurrent"),
			...read("gain"),
			...read("recurrentGain"),
		};
	});
}

/**
 * Puts parameters into arrays of state, rounded to nearest; the core must adopt them then.
 *
 * @throws OptionError for a layer that there is not, an array of another length, or a number that is none; then nothing is set
 */
export function putParameters(
	spec: FullSpec,
	arrays: readonly StateArray[],
	given: readonly GivenParameters[],
): Rounding[] {
	const layers = weightedOf(spec);
	const found = given.map((parameters, index) => {
		const { layer: name } = parameters;
		const [, layer, state = 0] = layers.find(([known]) => known === name) ?? [];
		if (layer === undefined) {
			const names = layers.map(([known]) => `"${known}"`).join(", ");
			throw new OptionError(`parameters[${index}].layer`, name, names);
		}
		const fields = fieldsOf(
			spec,
			layer,
			arrays.filter((array) => array.layer === state),
		);
		for (const kind of KINDS) checkField(`parameters[${index}].${kind}`, parameters[kind], fields[kind]);
		return { name, parameters, fields };
	});
	return found.map(({ name, parameters, fields }) => {
		let [largest, clipped] = [0, 0];
		for (const kind of KINDS) {
			const [values, field] = [parameters[kind], fields[kind]];
			if (values === undefined || field === undefined) continue;
			const done = put(field, values);
			largest = Math.max(largest, done.largest);
			clipped += done.clipped;
		}
		const { unit = 0, most = 0 } = fields.weights ?? {};
		return { layer: name, largest, clipped, step: unit, range: unit * most };
	});
}

const KINDS = ["weights", "recurrent", "bias", "gain", "recurrentGain"] as const;
const [WEIGHT_MAX, BYTE_MAX, BIAS_MAX, GAIN_MAX, READOUT_MAX] = [8191, 127, 2 ** 28, 2 ** 26, 2 ** 27 - 2 ** 12];

function checkField(option: string, values: Float64Array | undefined, field: Field | undefined): void {
	if (values === undefined) return;
	if (field === undefined) throw new OptionError(option, values, "nothing: the layer has no such parameters");
	if (values.length !== field.length) throw new OptionError(`${option}.length`, values.length, `${field.length}`);
	const wrong = values.findIndex((value) => !Number.isFinite(value));
	if (wrong >= 0) throw new OptionError(`${option}[${wrong}]`, values[wrong], "a number");
}

/** Layers with weights: name, spec, and their number in the state. */
function weightedOf(spec: FullSpec): [name: string, layer: Weighted, state: number][] {
	let state = 0;
	const all: [string, Weighted, number][] = [];
	for (const [index, layer] of spec.layers.entries()) {
		if (layer.type !== "flatten") state += 1;
		if ("inputDivisor" in layer) all.push([layer.name ?? `layers[${index}]`, layer, state]);
	}
	all.push([spec.readout.name ?? `layers[${spec.layers.length}]`, spec.readout, state + 1]);
	return all;
}

function fieldsOf(spec: FullSpec, layer: Weighted, arrays: readonly StateArray[]): { [K in Kind]?: Field } {
	const part = (name: string) => arrays.filter((array) => array.part === name);
	const [raw] = part("raw");
	const array = raw ?? part("weights")[0];
	const [bias] = part("bias");
	if (array === undefined || bias === undefined) return {};
	const { units, bits } = layer.type === "readout" ? readoutUnits(layer) : hiddenUnits(layer);
	const isByte = array.type === "i8";
	// Standardised weights are held as they are; others over the divisor.
	const divisor = raw === undefined ? layer.inputDivisor : 1;
	const unit = 2 ** -bits * (isByte ? 64 : 1);
	const most = isByte ? BYTE_MAX : array.type === "i16" ? WEIGHT_MAX : READOUT_MAX;
	// Biases are in the membranes' format.
	const biasUnit = layer.type === "readout" ? 2 ** -24 : 2 ** -(Math.min(13, bits) + 8);
	const biasMost = layer.type === "readout" ? READOUT_MAX : BIAS_MAX;
	const fields: { [K in Kind]?: Field } = {
		bias: { arrays: [bias], index: (k) => k, length: units, unit: biasUnit, most: biasMost },
	};
	const weight = { arrays: [array], unit: (raw === undefined ? unit : 2 ** -Math.min(13, bits)) * divisor, most };
	const map = inputOf(spec, layer);
	const gains = part("gain");
	const gainField = (of: readonly StateArray[], divided: number): Field => {
		return { arrays: of, index: (k) => k, length: units, unit: 2 ** -20 * divided, most: GAIN_MAX };
	};
	if (layer.type === "conv" || (layer.type === "readout" && layer.values > 0)) {
		fields.weights = { ...weight, ...kernelIndex(layer, map.shape.channels, array) };
		// One array a group.
		if (gains.length > 0) fields.gain = gainField(gains, layer.inputDivisor);
		return fields;
	}
	const inputs = map.shape.channels * map.shape.height * map.shape.width;
	const recurrent = layer.type === "recurrent";
	const width = array.length / (inputs + (recurrent ? units : 0));
	fields.weights = {
		...weight,
		index: (k) => rowOf(k % inputs, map) * width + Math.floor(k / inputs),
		length: units * inputs,
	};
	if (recurrent) {
		const index = (k: number) => (inputs + (k % units)) * width + Math.floor(k / units);
		fields.recurrent = { ...weight, unit: weight.unit / divisor, index, length: units * units };
	}
	// One array for what comes from below, and one for the layer's own spikes.
	if (gains.length > 0) fields.gain = gainField(gains.slice(0, 1), layer.inputDivisor);
	if (gains.length > 1) fields.recurrentGain = gainField(gains.slice(1), 1);
	return fields;
}

function hiddenUnits(layer: FullDense | FullConv): { units: number; bits: number } {
	return { units: layer.type === "conv" ? layer.filters : layer.units, bits: 13 - Math.log2(layer.weightRange) };
}

function readoutUnits({ classes, values }: FullReadout): { units: number; bits: number } {
	return { units: classes.length + values, bits: 24 };
}

/** What a layer takes: a map, and whether it is the sensor's. Flattening changes nothing. */
function inputOf(spec: FullSpec, layer: Weighted): { shape: Shape; isSensor: boolean } {
	let [source = 0] = layer.sources;
	for (let from = spec.layers[source - 1]; from?.type === "flatten"; from = spec.layers[source - 1]) {
		source = from.sources[0] ?? 0;
	}
	const from = spec.layers[source - 1];
	if (from !== undefined) return { shape: from.shape, isSensor: false };
	const { width, height, polarities } = spec.input;
	return { shape: { channels: polarities, height, width }, isSensor: true };
}

/** The row of an input that is numbered (channel, y, x): between layers rows are numbered (y, x, channel). */
function rowOf(input: number, { shape: { channels, height, width }, isSensor }: ReturnType<typeof inputOf>): number {
	if (isSensor) return input;
	const places = height * width;
	return (input % places) * channels + Math.floor(input / places);
}

/** Weights of a kernel lie as rows of a group's outputs, by (group, kernel row, kernel column, input channel of the group). */
function kernelIndex(
	layer: FullConv | FullReadout,
	channels: number,
	array: StateArray,
): Pick<Field, "index" | "length"> {
	const [groups, kernel] =
		layer.type === "conv" ? [layer.groups, layer.kernel] : [1, [layer.kernel, layer.kernel] as const];
	const [height, width] = kernel;
	const filters = layer.shape.channels;
	const [inputs, outputs, taps] = [channels / groups, filters / groups, height * width];
	const row = array.length / (channels * taps);
	const index = (k: number) => {
		const [filter, input, tap] = [Math.floor(k / (inputs * taps)), Math.floor(k / taps) % inputs, k % taps];
		const group = Math.floor(filter / outputs);
		return ((group * taps + tap) * inputs + input) * row + (filter % outputs);
	};
	return { index, length: filters * inputs * taps };
}

function get(field: Field): Float64Array {
	const at = access(field);
	return Float64Array.from({ length: field.length }, (_, k) => at.get(k) * field.unit);
}

function put(field: Field, values: Float64Array): { largest: number; clipped: number } {
	const { unit, most } = field;
	const at = access(field);
	let [largest, clipped] = [0, 0];
	for (const [k, value] of values.entries()) {
		const rounded = Math.round(value / unit);
		const held = Math.max(-most, Math.min(most, rounded));
		if (held !== rounded) clipped += 1;
		largest = Math.max(largest, Math.abs(value - held * unit));
		at.set(k, held);
	}
	return { largest, clipped };
}

/** Reads and writes the parameters of a field, as the integers that they are. */
function access({ arrays, index, length }: Field): {
	get: (k: number) => number;
	set: (k: number, value: number) => void;
} {
	const each = length / arrays.length;
	const views = arrays.map(({ bytes, type }) => {
		const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
		if (type === "i8")
			return { get: (i: number) => view.getInt8(i), set: (i: number, to: number) => view.setInt8(i, to) };
		if (type === "i16") {
			return {
				get: (i: number) => view.getInt16(2 * i, true),
				set: (i: number, to: number) => view.setInt16(2 * i, to, true),
			};
		}
		return {
			get: (i: number) => view.getInt32(4 * i, true),
			set: (i: number, to: number) => view.setInt32(4 * i, to, true),
		};
	});
	return {
		get: (k) => views[Math.floor(k / each)]?.get(index(k % each)) ?? 0,
		set: (k, value) => views[Math.floor(k / each)]?.set(index(k % each), value),
	};
}
