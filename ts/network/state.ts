// All of a learner's state, as it lies in WASM: numbers by value, arrays as views of its memory.

import { ARRAY_TYPES, type ArrayType, ELEMENT_BYTES } from "../checkpoint/format.js";
import { WEIGHT_PARTS } from "../checkpoint/weights.js";
import { FormatError } from "../errors.js";
import type { StllrModule } from "../wasm/module.js";

type Learner = InstanceType<StllrModule["Learner"]>;

/** What an array of state is, by its number in files. */
export const PARTS = [
	...["weights", "bias", "membrane", "postTrace", "spikes", "masks", "traces", "causal", "nonCausal", "gradient"],
	...["biasGradient", "moments", "biasMoments", "raw", "gain", "gainGradient", "gainMoments", "scores", "feedback"],
	...["localWeights", "localMembrane", "seen", "current"],
] as const;

/** An array of state. */
export interface StateArray {
	/** 0: the stream's; from 1: the hidden layers that have neurons or pass spikes on (flattening is none), then the readout. */
	readonly layer: number;
	readonly part: string;
	readonly type: ArrayType;
	/** Elements. */
	readonly length: number;
	/** Its elements, little-endian: a view of WASM memory, until anything else is called, or a copy. */
	readonly bytes: Uint8Array;
}

/** A learner's state. */
export interface LearnerState {
	readonly numbers: BigInt64Array;
	readonly arrays: readonly StateArray[];
}

/** What is to be set: arrays in the order in which `readState` gives them. */
export interface GivenState {
	readonly numbers: BigInt64Array;
	readonly arrays: readonly GivenArray[];
}

/** An array that is to be set. */
export interface GivenArray extends Pick<StateArray, "layer" | "part" | "type" | "bytes"> {
	/** Where it lies in its file, for errors. */
	readonly byteOffset: number;
}

/** Lays a learner's state open. */
export function readState(learner: Learner, module: StllrModule): LearnerState {
	learner.readState();
	return { numbers: learner.stateNumbers(), arrays: arraysOf(learner, module) };
}

/** A copy of a learner's state, which stays as it is: its arrays lie in `room`, where that is large enough, one after the other. */
export function copyState(learner: Learner, module: StllrModule, room?: Uint8Array): LearnerState {
	const { numbers, arrays } = readState(learner, module);
	const length = arrays.reduce((sum, { bytes }) => sum + bytes.length, 0);
	const to = room !== undefined && room.length >= length ? room : new Uint8Array(length);
	let at = 0;
	const copies = arrays.map((array) => {
		const bytes = to.subarray(at, at + array.bytes.length);
		bytes.set(array.bytes);
		at += bytes.length;
		return { ...array, bytes };
	});
	return { numbers, arrays: copies };
}

/**
 * Sets the state of a learner that was just made.
 *
 * @throws FormatError that says which number or array is not what it must be; the learner must not be used then
 */
export function setState(learner: Learner, module: StllrModule, state: GivenState, source?: string): void {
	const offsets = state.arrays.map(({ byteOffset }) => byteOffset);
	refuse(learner.setState(state.numbers), [], offsets, source);
	fill(arraysOf(learner, module), state.arrays, source);
	adopt(learner, module, offsets, source);
}

/** Sets the weights of a learner that was just made; everything else stays at rest. Throws as `setState` does. */
export function setWeights(learner: Learner, module: StllrModule, given: readonly GivenArray[], source?: string): void {
	const { arrays } = readState(learner, module);
	fill(
		arrays.filter(({ part }) => WEIGHT_PARTS.has(part)),
		given,
		source,
	);
	let next = 0;
	const offsets = arrays.map(({ part }) => (WEIGHT_PARTS.has(part) ? (given[next++]?.byteOffset ?? 96) : 96));
	adopt(learner, module, offsets, source);
}

/** Puts arrays where a learner's lie; they must be the same ones. */
export function fill(to: readonly StateArray[], from: GivenState["arrays"], source?: string): void {
	for (const [index, array] of to.entries()) {
		const given = from[index];
		const is = given === undefined ? "nothing" : nameOf(given, given.bytes.length);
		const wanted = nameOf(array, array.bytes.length);
		if (given === undefined || is !== wanted) {
			throw new FormatError(given?.byteOffset ?? 0, `array ${index}: ${is}`, wanted, source);
		}
		array.bytes.set(given.bytes);
	}
	const more = from[to.length];
	if (more !== undefined) throw new FormatError(more.byteOffset, `${from.length} arrays`, `${to.length}`, source);
}

/** Checks arrays that were put where `readState` or `setState` said (`offsets`: in their file), and makes anew what follows from them. */
export function adopt(
	learner: Learner,
	module: StllrModule,
	offsets: readonly number[] = [],
	source: string | undefined = undefined,
): void {
	const fault = learner.adoptState();
	refuse(fault, arraysOf(learner, module), offsets, source);
}

/** How an array is told in errors. */
export function nameOf({ layer, part, type }: Pick<StateArray, "layer" | "part" | "type">, bytes: number): string {
	return `${part} of layer ${layer}, ${bytes / ELEMENT_BYTES[type]} x ${type}`;
}

function arraysOf(learner: Learner, { memory }: StllrModule): StateArray[] {
	const words = learner.stateArrays();
	const { buffer } = memory;
	return Array.from({ length: words.length / 5 }, (_, index) => {
		const [layer = 0, part = 0, kind = 0, address = 0, length = 0] = words.subarray(5 * index, 5 * index + 5);
		const type = ARRAY_TYPES[kind] ?? "i8";
		const bytes = new Uint8Array(buffer, address, length * ELEMENT_BYTES[type]);
		return { layer, part: PARTS[part] ?? "", type, length, bytes };
	});
}

function refuse(
	fault: BigInt64Array,
	arrays: readonly StateArray[],
	offsets: readonly number[],
	source: string | undefined,
): void {
	const [array, at = 0n, found, least, most] = fault;
	if (array === undefined) return;
	const of = arrays[Number(array)];
	const what = of === undefined ? `number ${at} of its state` : `element ${at} of ${nameOf(of, of.bytes.length)}`;
	// Numbers are in the head, behind the frame.
	const byteOffset = of === undefined ? 96 : (offsets[Number(array)] ?? 0) + Number(at) * ELEMENT_BYTES[of.type];
	throw new FormatError(byteOffset, `${what}: ${found}`, `${least} to ${most}`, source);
}
