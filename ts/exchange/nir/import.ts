// From a NIR file to a network.

import { FormatError, OptionError } from "../../errors.js";
import type { H5wasm } from "../../events/hdf5/library.js";
import * as check from "../../network/check.js";
import { Network } from "../../network/network.js";
import type { NetworkSpec } from "../../network/spec/mod.js";
import { type Building, type Built, build } from "./build.js";
import type { NirGraph } from "./graph.js";
import { withGraph } from "./read.js";
import { type NirChoice, type NirReport, reportOf } from "./report.js";

/** What a NIR file leaves open. */
export interface NirOptions {
	/** The length of a time step in us, 1 to 2^32. Default: what a file of `exportNir` says, else 1,000. */
	readonly stepUs?: number;
	/**
	 * How a time constant tau becomes a leak in steps of dt: `"euler"` (the default), 1 - dt / tau, as most simulators do, or `"exact"`,
	 * exp(-dt / tau). The gain of the input is r (1 - leak) in both.
	 */
	readonly method?: "euler" | "exact";
	/**
	 * What a spike does to the membrane: `"zero"` sets it to v_reset, as NIR says; `"subtract"` takes the threshold (less v_reset) away, as
	 * some simulators do. Default: what a file of `exportNir` says, else `"zero"`.
	 */
	readonly reset?: "zero" | "subtract";
	/** What r of IF and I is by: a step (the default; r = 1 adds the weights as they are) or a second, as NIR's equation says. */
	readonly ifGain?: "step" | "second";
	/** What the network answers with. Default: classes, or values where there is one output or a map of them. */
	readonly answer?: "classes" | "values";
	/** Names of the classes. */
	readonly classes?: readonly string[];
	/** How it learns from then on: options of a `NetworkSpec`, besides `input`, `layers` and `stepUs`. */
	readonly learning?: Omit<NetworkSpec, "input" | "layers" | "stepUs" | "leak" | "threshold" | "reset" | "weights">;
	/** The package h5wasm, where it cannot be loaded by its name. */
	readonly h5wasm?: H5wasm;
}

/** A network from a NIR file, and what was chosen and rounded. */
export interface NirImported {
	readonly network: Network;
	readonly report: NirReport;
}

const KEYS = ["stepUs", "method", "reset", "ifGain", "answer", "classes", "learning", "h5wasm"] as const;
const RESETS: readonly ("zero" | "subtract")[] = ["zero", "subtract"];
const ANSWERS: readonly ("classes" | "values")[] = ["classes", "values"];
const LEARNING_KEYS = [
	...["steps", "maxGapUs", "psi", "rule", "signal", "loss", "optimizer", "window", "mode", "blockSteps", "rounding"],
	...["rates", "seed", "memoryLimitMiB"],
] as const;

/** Metadata of the graph that `exportNir` writes. */
export const [STEP_KEY, CLASSES_KEY] = ["stllr_step_us", "stllr_classes"];

/**
 * A network from a NIR graph (`.nir`, HDF5; needs the package `h5wasm`). It answers as the graph does in steps of `stepUs`, within what the report
 * says, and goes on learning. See docs/exchange.md for the nodes that are taken and how.
 *
 * @param source a path, a `file:` URL, or the bytes
 * @throws FormatError that names the file, the node and its parameter, what was found and what is allowed: for a file that is damaged or no NIR graph, a
 *   node that no layer can be, shapes that do not fit, NaN, a cycle that is no simple recurrence; OptionError for an option
 */
export async function importNir(source: string | URL | Uint8Array, options: NirOptions = {}): Promise<NirImported> {
	const given = check.object("options", options, KEYS);
	const { h5wasm, learning } = options;
	const others = check.object("learning", learning ?? {}, LEARNING_KEYS);
	return withGraph(source, h5wasm, async (graph) => {
		const choices: NirChoice[] = [];
		const building = readOptions(given, graph, choices);
		const built = build(graph, building);
		const spec = {
			...others,
			input: built.input,
			stepUs: building.stepUs,
			layers: built.layers,
			...(built.countsSpikes && { rates: { readout: 0, ...check.object("learning.rates", others.rates ?? {}) } }),
		};
		const network = await create(spec, graph);
		try {
			const roundings = network.setParameters(built.parameters);
			const layers = built.told.map((told, index) => ({ ...told, rounding: roundings[index] }));
			const { version } = graph;
			const { stepUs } = building;
			return { network, report: reportOf({ version, stepUs, layers, choices: [...choices, ...built.choices] }) };
		} catch (cause) {
			network.close();
			throw cause;
		}
	});
}

/** What the core refuses of the layers is the file's fault; of the rest, the caller's. */
async function create(spec: NetworkSpec & Pick<Built, "layers">, graph: NirGraph): Promise<Network> {
	try {
		return await Network.create(spec);
	} catch (cause) {
		if (!(cause instanceof OptionError) || !/^(layers|input)/.test(cause.option)) throw cause;
		throw new FormatError(0, `a network that cannot be: ${cause.message}`, "as that says", graph.source);
	}
}

function readOptions(
	given: Readonly<Record<string, unknown>>,
	{ metadata, source }: NirGraph,
	choices: NirChoice[],
): Building {
	const told = metadata.get(STEP_KEY)?.numbers()[0];
	if (told !== undefined && !(Number.isInteger(told) && told >= 1 && told <= 2 ** 32)) {
		throw new FormatError(0, `${STEP_KEY} ${told}`, "an integer from 1 to 2^32", source);
	}
	const stepUs = check.integer("stepUs", given.stepUs, 1, 2 ** 32, told ?? 1000);
	const why =
		given.stepUs !== undefined
			? "given"
			: told !== undefined
				? "as the file says"
				: "the default, as the file says none";
	const method = check.oneOf("method", given.method, ["euler", "exact"], "euler");
	const ifGain = check.oneOf("ifGain", given.ifGain, ["step", "second"], "step");
	choices.push(
		{ about: "stepUs", text: `${stepUs} (${why})` },
		{ about: "method", text: method === "euler" ? "euler: leak 1 - dt / tau" : "exact: leak exp(-dt / tau)" },
		{ about: "ifGain", text: `r of IF and I counts by ${ifGain}` },
	);
	return {
		stepUs,
		method,
		ifGain,
		reset: given.reset === undefined ? undefined : check.oneOf("reset", given.reset, RESETS),
		answer: given.answer === undefined ? undefined : check.oneOf("answer", given.answer, ANSWERS),
		classes: classesOf(given.classes, metadata.get(CLASSES_KEY)?.text, source),
	};
}

function classesOf(
	given: unknown,
	told: string | undefined,
	source: string | undefined,
): readonly string[] | undefined {
	if (given === undefined && told === undefined) return undefined;
	const names: unknown = given ?? parsed(told ?? "");
	if (Array.isArray(names) && names.every((name): name is string => typeof name === "string")) return names;
	if (given !== undefined) throw new OptionError("classes", given, "an array of names");
	throw new FormatError(0, `${CLASSES_KEY} ${told?.slice(0, 80)}`, "a JSON array of names", source);
}

function parsed(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return undefined;
	}
}
