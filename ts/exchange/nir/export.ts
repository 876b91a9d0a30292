// From a network to a NIR file.

import { OptionError } from "../../errors.js";
import type { H5wasm } from "../../events/hdf5/library.js";
import type { Network } from "../../network/network.js";
import type { LayerParameters } from "../../network/parameters.js";
import type { FullConv, FullDense, FullLayer, FullReadout, FullSpec, Shape } from "../../network/spec/mod.js";
import { RESET_KEY } from "./build.js";
import { countOf, type Edge } from "./graph.js";
import { CLASSES_KEY, STEP_KEY } from "./import.js";
import { held } from "./ranges.js";
import { type NirChoice, type NirLayer, type NirReport, reportOf } from "./report.js";
import { inUse } from "./standard.js";
import { NIR_VERSION, type Written, type WrittenNode, writeGraph } from "./write.js";

/** How to export. */
export interface NirExportOptions {
	/** The package h5wasm, where it cannot be loaded by its name. */
	readonly h5wasm?: H5wasm;
}

/** A NIR file, and what was chosen. */
export interface NirExported {
	readonly bytes: Uint8Array;
	readonly report: NirReport;
}

/**
 * A network as a NIR graph (`.nir`, HDF5; needs the package `h5wasm`), with weights exactly as they are. Python's `nir` reads it; `importNir`
 * makes the same network of it again. What NIR has no word for (the length of a step, resets that subtract, names of classes) stands in its
 * metadata, and in the report.
 *
 * @throws OptionError for a layer that NIR has no node for, by its place: pooling by maxima, upsampling, joins of channels
 */
export async function exportNir(network: Network, options: NirExportOptions = {}): Promise<NirExported> {
	const { spec } = network;
	const exporting = new Exporting(spec, network.parameters());
	exporting.add();
	const { nodes, edges, layers, choices } = exporting;
	const metadata: Record<string, Written> = { [STEP_KEY]: { integers: [spec.stepUs], isScalar: true } };
	const { classes } = spec.readout;
	if (classes.length > 0) metadata[CLASSES_KEY] = JSON.stringify(classes);
	const bytes = await writeGraph(nodes, edges, metadata, options.h5wasm);
	return { bytes, report: reportOf({ version: NIR_VERSION, stepUs: spec.stepUs, layers, choices }) };
}

/** What a layer gives: the nodes whose outputs are added, and their shape in NIR. */
interface Given {
	readonly names: readonly string[];
	readonly shape: readonly number[];
	/** What weights of it count: the part that dropout keeps. */
	readonly share: number;
}

class Exporting {
	readonly nodes = new Map<string, WrittenNode>();
	readonly edges: Edge[] = [];
	readonly layers: NirLayer[] = [];
	readonly choices: NirChoice[] = [];
	readonly #spec: FullSpec;
	readonly #parameters: ReadonlyMap<string, LayerParameters>;
	readonly #given: Given[] = [];

	constructor(spec: FullSpec, parameters: readonly LayerParameters[]) {
		this.#spec = spec;
		this.#parameters = new Map(parameters.map((one) => [one.layer, one]));
	}

	add(): void {
		const { input, layers, readout, stepUs } = this.#spec;
		const { width, height, polarities } = input;
		// A row of inputs is a vector, where nothing wants a map.
		const takers = [...layers, readout].filter(({ sources }) => sources.includes(0));
		const isVector = height === 1 && polarities === 1 && takers.every(isDense);
		const shape = isVector ? [width] : [polarities, height, width];
		this.#given.push({ names: [this.#node("input", "Input", { shape: { integers: shape } }, [])], shape, share: 1 });
		this.choices.push({
			about: "stepUs",
			text: `tau is the time that leaks take in steps of ${stepUs} us by Euler's method: 1 - dt / tau; r is tau / dt, so that weights stay as they are`,
		});
		for (const [index, layer] of layers.entries()) this.#given.push(this.#layer(layer, index));
		const last = this.#readout(readout);
		this.#node("output", "Output", { shape: { integers: last.shape } }, last.names);
	}

	#layer(layer: FullLayer, index: number): Given {
		const at = layer.name === undefined ? `layers[${index}]` : `layers[${index}] ${JSON.stringify(layer.name)}`;
		const name = layer.name ?? `layers[${index}]`;
		switch (layer.type) {
			case "dense":
			case "recurrent":
			case "conv":
				return this.#neurons(layer, name, at);
			case "pool": {
				const source = this.#source(layer, at, true);
				if (layer.kind === "max") throw new OptionError(`${at}.kind`, "max", '"sum" or "average": NIR has no other');
				const { kernel, stride, shape } = layer;
				const type = layer.kind === "sum" ? "SumPool2d" : "AvgPool2d";
				const fields = { kernel_size: pair(kernel), stride: pair(stride), padding: pair(0) };
				const names = [this.#node(name, type, fields, source.names)];
				return { names, shape: shapeOf(shape), share: source.share };
			}
			case "flatten":
				return this.#flat(this.#source(layer, at, false), name);
			case "dropout": {
				// When nothing is dropped, what takes it counts it for the part that would be kept, a multiple of 2^-15.
				const kept = 1 - held(layer.rate);
				this.choices.push({
					about: `layer "${name}"`,
					text: `dropout is left out; weights behind it are times ${kept}`,
				});
				const source = this.#source(layer, at, false);
				return { ...source, share: source.share * kept };
			}
			case "add": {
				const sources = layer.sources.map((source) => this.#given[source] as Given);
				const [first] = sources as [Given];
				if (sources.some(({ share }) => share !== first.share)) {
					throw new OptionError(`${at}.with`, "layers behind unlike dropout", "the same dropout before all");
				}
				return { ...first, names: sources.flatMap(({ names }) => names) };
			}
			case "upsample":
			case "concat":
				throw new OptionError(`${at}.type`, layer.type, "layers that NIR has nodes for: it has none for this");
		}
	}

	#source(layer: { readonly sources: readonly number[] }, at: string, needsMap: boolean): Given {
		const given = this.#given[layer.sources[0] ?? 0] as Given;
		if (!needsMap || given.shape.length === 3) return given;
		throw new OptionError(`${at}.from`, "a vector taken as a map of one pixel", "a map: NIR makes none of a vector");
	}

	#flat(source: Given, name: string): Given {
		if (source.shape.length === 1) return source;
		const integer = (value: number): Written => ({ integers: [value], isScalar: true });
		const fields = { start_dim: integer(0), end_dim: integer(-1), input_type: { integers: source.shape } };
		const names = [this.#node(name, "Flatten", fields, source.names)];
		return { names, shape: [countOf(source.shape)], share: source.share };
	}

	#neurons(layer: FullDense | FullConv, name: string, at: string): Given {
		const isConv = layer.type === "conv";
		const given = this.#source(layer, at, isConv);
		const source = isConv ? given : this.#flat(given, `${name}.flatten`);
		const parameters = inUse(layer, this.#parameters.get(name) as LayerParameters);
		const shape = isConv ? shapeOf(layer.shape) : [layer.units];
		const weights = this.#weights(`${name}.weights`, parameters, source, isConv ? layer : undefined);
		const { decay, leak, threshold, reset } = layer;
		if (decay !== "leak") throw new OptionError(`${at}.decay`, decay, '"leak": NIR has no word for Loihi\'s integers');
		const kept = held(leak);
		const fields = { ...integrating(kept, shape, this.#spec.stepUs), ...firing(threshold, shape) };
		const metadata = { [RESET_KEY]: reset === "soft" ? "subtract" : "zero" };
		const neurons = this.#node(name, kept === 1 ? "IF" : "LIF", fields, [weights], metadata);
		const { recurrent } = parameters;
		if (recurrent !== undefined) {
			const weight = { values: recurrent, shape: [shape[0] ?? 0, shape[0] ?? 0] };
			const own = this.#node(`${name}.recurrent`, "Linear", { weight }, [neurons]);
			this.edges.push([own, neurons]);
		}
		this.#tell(name, leak, threshold, recurrent === undefined ? 0 : 1, [weights, neurons]);
		if (reset === "soft") {
			this.choices.push({
				about: `layer "${name}"`,
				text: `its neurons subtract their threshold at a spike; NIR knows only v_reset: the metadata ${RESET_KEY} says it`,
			});
		}
		if (layer.standardize) {
			this.choices.push({ about: `layer "${name}"`, text: "its weights are written as they are once standardised" });
		}
		return { names: [neurons], shape, share: 1 };
	}

	#weights(
		name: string,
		{ weights: own, bias }: Pick<LayerParameters, "weights" | "bias">,
		source: Given,
		conv: Pick<FullConv, "kernel" | "stride" | "padding" | "dilation" | "groups"> | undefined,
	): string {
		const rows = bias.length;
		const weights = source.share === 1 ? own : own.map((w) => w * source.share);
		const biases = { values: bias, shape: [rows] };
		if (conv === undefined) {
			const weight = { values: weights, shape: [rows, weights.length / rows] };
			if (bias.every((value) => value === 0)) return this.#node(name, "Linear", { weight }, source.names);
			return this.#node(name, "Affine", { weight, bias: biases }, source.names);
		}
		const [channels = 0, height = 0, width = 0] = source.shape;
		if (conv.groups > 1 || conv.kernel[0] !== conv.kernel[1]) {
			this.choices.push({
				about: `node "${name}"`,
				text: "Python's nir 1.0.8 mistakes the types of convolutions in groups or with kernels that are no squares: read it with type_check=False",
			});
		}
		const fields = {
			input_shape: { integers: [height, width] },
			weight: { values: weights, shape: [rows, channels / conv.groups, ...conv.kernel] },
			bias: biases,
			stride: pair(conv.stride),
			padding: pair(conv.padding),
			dilation: pair(conv.dilation),
			groups: { integers: [conv.groups], isScalar: true },
		};
		return this.#node(name, "Conv2d", fields, source.names);
	}

	#readout(readout: FullReadout): Given {
		const name = readout.name ?? `layers[${this.#spec.layers.length}]`;
		const parameters = this.#parameters.get(name) as LayerParameters;
		const given = this.#source(readout, `the readout`, false);
		const { kernel, shape: map, values } = readout;
		const isMap = values > 0 && given.shape.length === 3;
		const source = isMap ? given : this.#flat(given, `${name}.flatten`);
		const kept = held(readout.leak);
		if (!isMap && kept === 0 && source.share === 1 && isIdentity(parameters, countOf(source.shape))) {
			this.choices.push({ about: `layer "${name}"`, text: "it only counts spikes, and is left out" });
			return source;
		}
		const conv = isMap
			? { kernel: [kernel, kernel] as const, stride: 1, padding: (kernel - 1) / 2, dilation: 1, groups: 1 }
			: undefined;
		const shape = isMap ? shapeOf(map) : [map.channels];
		const weights = this.#weights(kept === 0 ? name : `${name}.weights`, parameters, source, conv);
		const fields = integrating(kept, shape, this.#spec.stepUs);
		const last = kept === 0 ? weights : this.#node(name, kept === 1 ? "I" : "LI", fields, [weights]);
		this.#tell(name, readout.leak, undefined, 0, last === weights ? [weights] : [weights, last]);
		return { names: [last], shape, share: 1 };
	}

	#tell(layer: string, leak: number, threshold: number | undefined, delay: 0 | 1, nodes: readonly string[]): void {
		this.layers.push({
			layer,
			nodes,
			leak: { wanted: leak, held: held(leak) },
			threshold: threshold === undefined ? undefined : heldThreshold(threshold),
			gain: [1, 1],
			rounding: undefined,
			recurrentDelaySteps: delay,
		});
	}

	/** Adds a node behind these. Names of groups in HDF5 have no slashes. */
	#node(
		wanted: string,
		type: string,
		fields: Readonly<Record<string, Written>>,
		from: readonly string[],
		metadata?: Readonly<Record<string, Written>>,
	): string {
		const clean = wanted.replaceAll("/", "_").replace(/^\.+$/, "_");
		let name = clean;
		for (let count = 2; this.nodes.has(name); count += 1) name = `${clean}_${count}`;
		this.nodes.set(name, { type, fields, ...(metadata && { metadata }) });
		for (const source of from) this.edges.push([source, name]);
		return name;
	}
}

function isDense({ type, ...layer }: FullLayer | FullReadout): boolean {
	return type === "dense" || type === "recurrent" || (type === "readout" && "values" in layer && layer.values === 0);
}

function shapeOf({ channels, height, width }: Shape): number[] {
	return [channels, height, width];
}

function pair(value: number): Written {
	return { integers: [value, value] };
}

function all(value: number, shape: readonly number[]): Written {
	return { values: new Float64Array(countOf(shape)).fill(value), shape };
}

/** Parameters of integrators whose leak, by Euler's method, is this, and whose gain is 1. */
function integrating(leak: number, shape: readonly number[], stepUs: number): Record<string, Written> {
	if (leak === 1) return { r: all(1, shape) };
	const steps = 1 / (1 - leak);
	return { tau: all(stepUs * 1e-6 * steps, shape), r: all(steps, shape), v_leak: all(0, shape) };
}

function firing(threshold: number, shape: readonly number[]): Record<string, Written> {
	return { v_threshold: all(heldThreshold(threshold), shape), v_reset: all(0, shape) };
}

/** A threshold as networks take it. */
function heldThreshold(threshold: number): number {
	return Math.round(threshold * 2 ** 16) / 2 ** 16;
}

function isIdentity({ weights, bias }: LayerParameters, count: number): boolean {
	return (
		bias.length === count &&
		bias.every((value) => value === 0) &&
		weights.every((value, k) => value === (k % (count + 1) === 0 ? 1 : 0))
	);
}
