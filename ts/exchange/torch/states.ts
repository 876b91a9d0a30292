// Which part of a checkpoint is the state dict: tensors by name.

import { kindOf, PickleDict } from "../pickle/values.js";
import type { Archive } from "./archive.js";
import { TensorMade } from "./globals.js";

/** Where PyTorch's users put a state dict among other things. */
const USUAL = "state_dict";
/** What DataParallel puts before every name. */
const PARALLEL = "module.";

/**
 * The tensors of a checkpoint by name, in its order: those of the dict under `key`; without one, of the dict that the file is, or of the
 * only one in it, or of that under "state_dict".
 *
 * @throws FormatError where there is none, or several and none is called "state_dict"
 */
export function stateOf({ root, fault }: Archive, key: string | undefined): Map<string, TensorMade> {
	if (root instanceof TensorMade) throw fault(root.byteOffset, "one tensor", "a dict of tensors: model.state_dict()");
	if (!(root instanceof PickleDict)) throw fault(0, kindOf(root), "a dict of tensors: model.state_dict()");
	if (key !== undefined) {
		const found = root.entries.get(key);
		if (found instanceof PickleDict && isState(found)) return tensorsOf(found);
		throw fault(0, `${JSON.stringify(key)} is ${kindOf(found)}`, "a key with a dict of tensors");
	}
	if (isState(root)) return tensorsOf(root);
	const states = [...root.entries].filter(
		(entry): entry is [string, PickleDict] =>
			typeof entry[0] === "string" && entry[1] instanceof PickleDict && isState(entry[1]),
	);
	const [first, ...more] = states;
	const usual = states.find(([name]) => name === USUAL) ?? (more.length === 0 ? first : undefined);
	if (usual !== undefined) return tensorsOf(usual[1]);
	const keys = [...root.entries.keys()]
		.slice(0, 20)
		.map((name) => (typeof name === "string" ? JSON.stringify(name) : kindOf(name)));
	throw fault(0, `a dict of ${keys.join(", ")}`, "a dict of tensors, or one dict of tensors in it; or say which: key");
}

/** Is it a dict of names, with a tensor among its values and no dict? */
function isState({ entries }: PickleDict): boolean {
	const held = [...entries.values()];
	const isNamed = [...entries.keys()].every((key) => typeof key === "string");
	return (
		isNamed && held.some((value) => value instanceof TensorMade) && !held.some((value) => value instanceof PickleDict)
	);
}

function tensorsOf(state: PickleDict): Map<string, TensorMade> {
	const tensors = new Map<string, TensorMade>();
	for (const [name, value] of state.entries) {
		if (typeof name === "string" && value instanceof TensorMade) tensors.set(name, value);
	}
	if (![...tensors.keys()].every((name) => name.startsWith(PARALLEL) && name.length > PARALLEL.length)) return tensors;
	return new Map([...tensors].map(([name, tensor]) => [name.slice(PARALLEL.length), tensor]));
}
