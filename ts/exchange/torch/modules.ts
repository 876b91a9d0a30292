// The modules of a state dict: what has a weight, with all that belongs to it.
//
// The names are those of PyTorch's Linear and Conv2d, and of the layers of the official code (github.com/mapolinario94/S-TLLR),
// which have a gain, a leak before its sigmoid, a threshold and the rule's four factors besides, and in recurrent layers a second
// weight with its gain.

import { FormatError, OptionError } from "../../errors.js";
import { countOf, sizeText } from "../elements.js";
import type { Tensor, TensorFile } from "../tensor.js";

/** A module with a weight. */
export interface TorchModule {
	/** `conv1`; empty for a state dict of one module. */
	readonly name: string;
	/** Its weight: (units, inputs), or (filters, channels of a group, height, width). */
	readonly weight: Tensor;
	/** One a unit or filter, as are gains. */
	readonly bias: Tensor | undefined;
	/** Of a standardised weight. */
	readonly gain: Tensor | undefined;
	/** From its own spikes: (units to, units from). */
	readonly recurrent: Tensor | undefined;
	readonly recurrentGain: Tensor | undefined;
	/** Neurons of the official code. */
	readonly neurons: TorchNeurons | undefined;
}

/** What the official code keeps of neurons. */
export interface TorchNeurons {
	/** What stays of a membrane in a step is the logistic function of this. */
	readonly leak: Tensor;
	readonly threshold: Tensor;
	/** lambda_post, lambda_pre, alpha_post, alpha_pre. */
	readonly factors: Tensor;
}

/** A tensor that an import has no use for. */
export interface LeftOut {
	readonly tensor: string;
	readonly reason: string;
}

const PARTS = ["weight", "bias", "gain", "weight_rec", "gain_rec", "leak", "threshold", "factors"] as const;
type Part = (typeof PARTS)[number];
const NEURON_PARTS = ["leak", "threshold", "factors"] as const;
/** The random matrix of DFA; ours is drawn by the seed. */
const FEEDBACK = "fixed_fb_weights";

/**
 * Groups a file's tensors into modules, in the order of their weights.
 *
 * @param ignore names of tensors to leave out
 * @throws FormatError for a tensor that is none of the known ones, or not of the shape that its weight asks for, by name
 */
export function modulesOf(
	file: TensorFile,
	ignore: readonly string[],
): { modules: readonly TorchModule[]; leftOut: LeftOut[] } {
	for (const name of ignore) {
		if (!file.tensors.has(name)) throw new OptionError("ignore", name, "names of tensors that the file has");
	}
	const parts = new Map<string, Partial<Record<Part, Tensor>>>();
	const leftOut: LeftOut[] = [];
	for (const tensor of file.tensors.values()) {
		const dot = tensor.name.lastIndexOf(".");
		const last = tensor.name.slice(dot + 1);
		const part = PARTS.find((known) => known === last);
		if (ignore.includes(tensor.name)) leftOut.push({ tensor: tensor.name, reason: "ignored, as asked" });
		else if (last === FEEDBACK) leftOut.push({ tensor: tensor.name, reason: "feedback is drawn anew, by the seed" });
		else if (part === undefined) throw unknown(tensor, file);
		else {
			const name = tensor.name.slice(0, Math.max(0, dot));
			parts.set(name, { ...parts.get(name), [part]: tensor });
		}
	}
	return { modules: [...parts].map(([name, held]) => moduleOf(name, held, file)), leftOut };
}

function unknown({ name, shape, byteOffset }: Tensor, file: TensorFile): FormatError {
	const batch = /running_|num_batches/.test(name) ? "; fold batch normalisation into the weights first" : "";
	const allowed = `tensors called ${PARTS.join(", ")}; or name it in ignore${batch}`;
	return new FormatError(byteOffset, `${name} (${sizeText(shape)})`, allowed, file.name);
}

function moduleOf(name: string, parts: Partial<Record<Part, Tensor>>, file: TensorFile): TorchModule {
	const { weight, bias, gain, weight_rec: recurrent, gain_rec: recurrentGain } = parts;
	const [first] = Object.values(parts);
	const refuse = (tensor: Tensor | undefined, found: string, allowed: string) =>
		new FormatError(tensor?.byteOffset ?? 0, found, allowed, file.name);
	if (weight === undefined) throw refuse(first, `${first?.name} without a weight`, `${join(name, "weight")} beside it`);
	const { shape } = weight;
	if ((shape.length !== 2 && shape.length !== 4) || countOf(shape) === 0)
		throw refuse(weight, `${weight.name} of ${sizeText(shape)}`, "2 dimensions (Linear) or 4 (Conv2d), none of them 0");
	const units = shape[0] ?? 0;
	const check = (tensor: Tensor | undefined, count: number, allowed: string) => {
		if (tensor === undefined || countOf(tensor.shape) === count) return;
		throw refuse(
			tensor,
			`${tensor.name} of ${sizeText(tensor.shape)}`,
			`${allowed}, beside ${weight.name} of ${sizeText(shape)}`,
		);
	};
	check(bias, units, `${units}`);
	check(gain, units, `${units}`);
	check(recurrentGain, units, `${units}`);
	for (const part of ["leak", "threshold"] as const) check(parts[part], 1, "a single number");
	check(parts.factors, 4, "4");
	if (
		recurrent !== undefined &&
		(shape.length !== 2 || recurrent.shape.length !== 2 || recurrent.shape.some((n) => n !== units))
	)
		throw refuse(
			recurrent,
			`${recurrent.name} of ${sizeText(recurrent.shape)}`,
			`${units} x ${units}, beside a Linear's weight`,
		);
	if ((recurrentGain !== undefined) !== (recurrent !== undefined && gain !== undefined))
		throw refuse(first, `${name}: a gain of one of two weights`, "gain and gain_rec, beside weight and weight_rec");
	return { name, weight, bias, gain, recurrent, recurrentGain, neurons: neuronsOf(name, parts, refuse) };
}

/** All of leak, threshold and factors, beside a gain: then they mean what they do in the official code. */
function neuronsOf(
	name: string,
	{ gain, leak, threshold, factors }: Partial<Record<Part, Tensor>>,
	refuse: (tensor: Tensor | undefined, found: string, allowed: string) => FormatError,
): TorchNeurons | undefined {
	const some = leak ?? threshold ?? factors;
	if (some === undefined) return undefined;
	if (gain !== undefined && leak !== undefined && threshold !== undefined && factors !== undefined)
		return { leak, threshold, factors };
	const allowed = `all of ${["gain", ...NEURON_PARTS].map((part) => join(name, part)).join(", ")}, as the official code has; or name it in ignore`;
	throw refuse(some, `${some.name} without the others`, allowed);
}

function join(name: string, part: string): string {
	return name === "" ? part : `${name}.${part}`;
}
