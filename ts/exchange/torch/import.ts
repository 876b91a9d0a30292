// From a file of tensors to a network.

import { FormatError, OptionError } from "../../errors.js";
import * as check from "../../network/check.js";
import { Network } from "../../network/network.js";
import type { Rounding } from "../../network/parameters.js";
import { fullSpec, type NetworkSpec } from "../../network/spec/mod.js";
import { sizeText } from "../elements.js";
import { LENGTH_BYTES } from "../safetensors/header.js";
import { openSafetensors } from "../safetensors/read.js";
import type { TensorFile, TensorFormat } from "../tensor.js";
import { openTorch, type TorchFileOptions } from "./file.js";
import { type Choice, fillHidden, fillReadout } from "./fill.js";
import { checkShapes, layersOf, type Pair, pair, weightedAt } from "./match.js";
import { type LeftOut, modulesOf, type TorchModule } from "./modules.js";
import { SPEC_KEY } from "./names.js";
import { rangeOf, readWeights } from "./weights.js";

/**
 * What a file of tensors does not say. `layers` may be left out where all of them are dense or recurrent, and `input` where the first is; of
 * layers that are given, what the file says of them (leak, threshold, rule, bias, standardisation) may be. What a layer says counts more
 * than the file, and the file more than options for all layers.
 */
export type TensorSpec = Omit<NetworkSpec, "input" | "layers"> & Partial<Pick<NetworkSpec, "input" | "layers">>;

/** How to import a file of tensors. */
export interface ImportOptions {
	/** The rest of the network. */
	readonly spec: TensorSpec;
	/** Names of tensors to leave out. Default none: a tensor of unknown use is refused. */
	readonly ignore?: readonly string[];
}

/** How to import a PyTorch checkpoint. */
export interface TorchOptions extends ImportOptions, TorchFileOptions {}

/** What a layer of a network was imported from, and how exactly. */
export interface ImportedLayer extends Omit<Rounding, "layer"> {
	/** `layers[0]`. */
	readonly layer: string;
	/** The module in the file. */
	readonly module: string;
	/** Where its options come from. */
	readonly choices: readonly Choice[];
}

/** What an import did. */
export interface ImportReport {
	readonly format: TensorFormat;
	/** The layers with weights, the readout last. */
	readonly layers: readonly ImportedLayer[];
	/** Tensors that were not used, and why. */
	readonly leftOut: readonly LeftOut[];
}

/** A network from a file, and what was chosen and rounded. */
export interface Imported {
	readonly network: Network;
	readonly report: ImportReport;
}

/**
 * A network from a PyTorch checkpoint: the state dict of the official code's linear, recurrent and convolutional layers, or of plain
 * Linear and Conv2d modules. It answers as the original does, within what weights are rounded by, and goes on learning. Nothing in
 * the file is run.
 *
 * @param source a path, a `file:` URL, or the bytes
 * @throws FormatError for a file that is damaged or holds more than tensors, for a tensor that is not of the layer's shape, holds NaN
 *   or an infinity, or has no use, by name; OptionError for what neither the file nor `spec` says
 */
export async function importTorch(source: string | URL | Uint8Array, options: TorchOptions): Promise<Imported> {
	const { spec, ignore, key } = check.object("options", options, ["spec", "ignore", "key"]);
	if (key !== undefined && typeof key !== "string") throw new OptionError("key", key, "a text");
	const [given, names] = [check.object("spec", spec), checkNames(ignore)];
	const file = await openTorch(source, key === undefined ? {} : { key });
	try {
		return await importTensors(file, given, names);
	} finally {
		file.close();
	}
}

/**
 * A network from a safetensors file, with the names as `importTorch` knows them. A file of `exportSafetensors` says its spec itself;
 * one that is given counts more.
 *
 * Throws as `importTorch` does.
 */
export async function importSafetensors(
	source: string | URL | Uint8Array,
	options: Partial<ImportOptions> = {},
): Promise<Imported> {
	const { spec, ignore } = check.object("options", options, ["spec", "ignore"]);
	const names = checkNames(ignore);
	const file = await openSafetensors(source);
	try {
		const text = spec === undefined ? file.metadata.get(SPEC_KEY) : undefined;
		if (text === undefined) return await importTensors(file, check.object("spec", spec), names);
		return await importOwn(file, text, names);
	} finally {
		file.close();
	}
}

/** By the spec that the file itself holds: what is wrong with that is a fault of the file. */
async function importOwn(file: TensorFile, text: string, ignore: readonly string[]): Promise<Imported> {
	try {
		return await importTensors(file, check.object("spec", JSON.parse(text)), ignore);
	} catch (cause) {
		const isOfSpec = cause instanceof SyntaxError || (cause instanceof OptionError && cause.option !== "ignore");
		if (!isOfSpec) throw cause;
		throw new FormatError(
			LENGTH_BYTES,
			`${SPEC_KEY}: ${cause.message}`,
			"a spec that exportSafetensors wrote",
			file.name,
		);
	}
}

function checkNames(given: unknown): readonly string[] {
	if (given === undefined) return [];
	if (Array.isArray(given) && given.every((name): name is string => typeof name === "string")) return given;
	throw new OptionError("ignore", given, "an array of names of tensors");
}

async function importTensors(
	file: TensorFile,
	given: Readonly<Record<string, unknown>>,
	ignore: readonly string[],
): Promise<Imported> {
	const { modules, leftOut } = modulesOf(file, ignore);
	const [first] = modules;
	if (first === undefined) throw new FormatError(0, "a file without weights", "tensors called weight", file.name);
	const layers = given.layers === undefined ? layersOf(modules) : given.layers;
	if (!Array.isArray(layers)) throw new OptionError("spec.layers", layers, "an array of layers");
	const pairs = pair(layers, modules, file.name);
	const input = given.input ?? inputOf(first);
	const choices = pairs.map((): Choice[] => []);
	const filled = layers.map((layer: unknown, index): unknown => {
		const order = pairs.findIndex((one) => one.index === index);
		const module = pairs[order]?.module;
		if (module === undefined || typeof layer !== "object" || layer === null) return layer;
		const filling = {
			at: `layers[${index}]`,
			module,
			place: file.name,
			spec: given,
			choices: choices[order] ?? [],
			leftOut,
		};
		return index === layers.length - 1 ? fillReadout({ ...layer }, filling) : fillHidden({ ...layer }, filling);
	});
	const spec = { ...given, input, layers: filled };
	// Weights are read only where their shapes are those of a network that can be.
	const full = fullSpec(asSpec(spec));
	checkShapes(full, pairs, file);
	const weights = pairs.map(({ index, module }) => readWeights(module, weightedAt(full, index), file.name));
	const ranged = spec.layers.map((layer, index): unknown => {
		const order = pairs.findIndex((one) => one.index === index);
		const held = weights[order];
		if (held === undefined || typeof layer !== "object" || layer === null || "weightRange" in layer) return layer;
		const weightRange = rangeOf(held, weightedAt(full, index), full.weights);
		return weightRange === undefined ? layer : { ...layer, weightRange };
	});
	const network = await Network.create(asSpec({ ...spec, layers: ranged }));
	const layerOf = ({ index }: Pair) => weightedAt(full, index).name ?? `layers[${index}]`;
	const roundings = network.setParameters(pairs.map((one, order) => ({ layer: layerOf(one), ...weights[order] })));
	return {
		network,
		report: {
			format: file.format,
			layers: pairs.map(({ index, module }, order) => {
				const { layer: _, ...rounding } = roundings[order] as Rounding;
				return { layer: `layers[${index}]`, module: module.name, choices: choices[order] ?? [], ...rounding };
			}),
			leftOut,
		},
	};
}

/** A sensor of as many pixels as the first layer has inputs. */
function inputOf({ weight }: TorchModule): unknown {
	if (weight.shape.length === 2) return { width: weight.shape[1] };
	const allowed = `the sensor: ${weight.name} is of ${sizeText(weight.shape)}, and the file does not say of what size its map is`;
	throw new OptionError("spec.input", undefined, allowed);
}

/** What the spec is checked as. */
function asSpec(given: object): NetworkSpec {
	return given as NetworkSpec;
}
