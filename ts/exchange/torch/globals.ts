// The names that a PyTorch checkpoint may use, and what stands for each here: dicts, storages and tensors, and nothing that runs.

import type { Fault } from "../../zip/directory.js";
import { bytesOf, countOf, type ElementType, sizeText } from "../elements.js";
import { kindOf, PickleDict, PickleGlobal, PickleMade, PickleTuple, type PickleValue } from "../pickle/values.js";

/** Dimensions of a tensor. */
const MOST_DIMENSIONS = 8;

const STORAGES = new Map<string, ElementType | undefined>([
	["torch.DoubleStorage", "float64"],
	["torch.FloatStorage", "float32"],
	["torch.HalfStorage", "float16"],
	["torch.BFloat16Storage", "bfloat16"],
	["torch.LongStorage", "int64"],
	["torch.IntStorage", "int32"],
	["torch.ShortStorage", "int16"],
	["torch.CharStorage", "int8"],
	["torch.ByteStorage", "uint8"],
	["torch.BoolStorage", "bool"],
	["torch.storage.UntypedStorage", undefined],
]);

const TYPES = new Map<string, ElementType>(
	(
		[
			...["float64", "float32", "float16", "bfloat16", "int64", "int32", "int16", "int8"],
			...["uint64", "uint32", "uint16", "uint8", "bool"],
		] as const
	).map((type) => [`torch.${type}`, type]),
);

/** Numbers that tensors lie in; they are read later. */
export class Storage extends PickleMade {
	readonly kind = "a storage";
	/** None where the tensors say it. */
	readonly type: ElementType | undefined;
	readonly key: string;
	/** Bytes that it is said to have. */
	readonly bytes: number;
	/** Where the file tells of it. */
	readonly byteOffset: number;

	constructor(type: ElementType | undefined, key: string, bytes: number, byteOffset: number) {
		super();
		this.type = type;
		this.key = key;
		this.bytes = bytes;
		this.byteOffset = byteOffset;
	}
}

/** A tensor as a pickle tells of it: all of it lies in its storage, and none of its elements is another's. */
export class TensorMade extends PickleMade {
	readonly kind = "a tensor";
	readonly storage: Storage;
	readonly type: ElementType;
	/** Of its first element in the storage, in elements; like the strides. */
	readonly offset: number;
	readonly shape: readonly number[];
	readonly strides: readonly number[];
	readonly byteOffset: number;

	constructor(storage: Storage, type: ElementType, layout: Layout, byteOffset: number) {
		super();
		this.storage = storage;
		this.type = type;
		this.offset = layout.offset;
		this.shape = layout.shape;
		this.strides = layout.strides;
		this.byteOffset = byteOffset;
	}
}

interface Layout {
	readonly offset: number;
	readonly shape: readonly number[];
	readonly strides: readonly number[];
}

/** The table of names for a pickle. */
export function torchGlobals(fault: Fault): ReadonlyMap<string, PickleGlobal> {
	const tensor = (args: readonly PickleValue[], at: number) => rebuild(args, at, fault);
	const globals = [
		new PickleGlobal("collections.OrderedDict", (args, at) => {
			if (args.length > 0) throw fault(at, `collections.OrderedDict of ${args.length} arguments`, "none");
			return new PickleDict();
		}),
		new PickleGlobal("torch._utils._rebuild_tensor", tensor),
		new PickleGlobal("torch._utils._rebuild_tensor_v2", tensor),
		new PickleGlobal("torch._utils._rebuild_tensor_v3", tensor),
		new PickleGlobal("torch._utils._rebuild_parameter", ([data], at) => {
			if (data instanceof TensorMade) return data;
			throw fault(at, `a parameter of ${kindOf(data)}`, "a parameter of a tensor");
		}),
		new PickleGlobal("torch.Size", ([sizes], at) => {
			if (sizes instanceof PickleTuple) return sizes;
			throw fault(at, `torch.Size of ${kindOf(sizes)}`, "torch.Size of a tuple");
		}),
		new PickleGlobal("torch.device", (args) => new PickleTuple(args)),
		...[...STORAGES.keys(), ...TYPES.keys()].map((name) => new PickleGlobal(name)),
	];
	return new Map(globals.map((global) => [global.name, global]));
}

/** The storage that a persistent id stands for: `("storage", type, key, location, count)`, in old files with a view behind it. */
export function storageOf(id: PickleValue, at: number, fault: Fault): Storage {
	const [what, global, key, , count, view] = id instanceof PickleTuple ? id.items : [];
	if (what !== "storage" || !(global instanceof PickleGlobal) || typeof key !== "string")
		throw fault(at, `the persistent id ${kindOf(id)}`, '("storage", type, key, location, count)');
	if (!STORAGES.has(global.name)) throw fault(at, `a storage of ${global.name}`, [...STORAGES.keys()].join(", "));
	if (view !== undefined && view !== null) throw fault(at, `storage ${key} as a view of another`, "whole storages");
	const type = STORAGES.get(global.name);
	const bytes = natural(count, at, `the size of storage ${key}`, fault) * (type === undefined ? 1 : bytesOf(type));
	return new Storage(type, key, bytes, at);
}

/** `(storage, offset, shape, strides, requires_grad, hooks)`, in the third version with the type behind them. */
function rebuild(args: readonly PickleValue[], at: number, fault: Fault): TensorMade {
	const [storage, offset, shape, strides, , , told] = args;
	if (!(storage instanceof Storage)) throw fault(at, `a tensor in ${kindOf(storage)}`, "a tensor in a storage");
	const type = storage.type ?? (told instanceof PickleGlobal ? TYPES.get(told.name) : undefined);
	if (type === undefined) throw fault(at, `a tensor of ${kindOf(told)}`, [...TYPES.keys()].join(", "));
	const layout: Layout = {
		offset: natural(offset, at, "a tensor's offset", fault),
		shape: naturals(shape, at, "a tensor's shape", fault),
		strides: naturals(strides, at, "a tensor's strides", fault),
	};
	checkLayout(layout, Math.floor(storage.bytes / bytesOf(type)), at, fault);
	return new TensorMade(storage, type, layout, at);
}

/** Is every element in the storage, and each a number of its own? */
function checkLayout({ offset, shape, strides }: Layout, room: number, at: number, fault: Fault): void {
	const said = `a tensor of ${sizeText(shape)} with strides (${strides.join(", ")}) from element ${offset}`;
	if (strides.length !== shape.length) throw fault(at, said, "a stride for each dimension");
	if (countOf(shape) === 0) return;
	const steps = shape
		.map((length, axis) => ({ length, stride: strides[axis] ?? 0 }))
		.filter(({ length }) => length > 1);
	const last = steps.reduce((sum, { length, stride }) => sum + (length - 1) * stride, offset);
	if (!(last < room)) throw fault(at, `${said}, up to element ${last}`, `up to the storage's last, ${room - 1}`);
	let reach = 0;
	for (const { length, stride } of steps.sort((a, b) => a.stride - b.stride)) {
		if (stride <= reach) throw fault(at, `${said}, which overlap`, "elements of their own: save tensor.clone()");
		reach += (length - 1) * stride;
	}
}

function naturals(value: PickleValue | undefined, at: number, what: string, fault: Fault): number[] {
	if (!(value instanceof PickleTuple)) throw fault(at, `${what}: ${kindOf(value)}`, "a tuple");
	if (value.items.length > MOST_DIMENSIONS)
		throw fault(at, `${what}: ${kindOf(value)}`, `${MOST_DIMENSIONS} dimensions at most`);
	return value.items.map((item) => natural(item, at, what, fault));
}

function natural(value: PickleValue | undefined, at: number, what: string, fault: Fault): number {
	if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
	throw fault(at, `${what}: ${kindOf(value)}`, "an integer from 0 to 2^53 - 1");
}
