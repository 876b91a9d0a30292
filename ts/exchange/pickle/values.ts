// What a pickle may hold here: plain data, and what allowed globals make.

/** A value of a pickle. Integers beyond 2^53 are bigints. */
export type PickleValue =
	| null
	| boolean
	| number
	| bigint
	| string
	| Uint8Array
	| PickleTuple
	| PickleList
	| PickleDict
	| PickleGlobal
	| PickleMade;

/** A value that holds others; its depth is 1 more than that of the deepest of them. */
abstract class Nested {
	/** How deep what it holds is nested, when it was put in. */
	depth = 1;
}

/** A tuple: never changed. */
export class PickleTuple extends Nested {
	readonly is = "tuple";
	readonly items: readonly PickleValue[];

	constructor(items: readonly PickleValue[]) {
		super();
		this.items = items;
	}
}

/** A list. */
export class PickleList extends Nested {
	readonly is = "list";
	readonly items: PickleValue[] = [];
}

/** A dict, ordered or not. */
export class PickleDict extends Nested {
	readonly is = "dict";
	readonly entries = new Map<PickleValue, PickleValue>();
}

/** A name that stands for code; what it does here is all our own. */
export class PickleGlobal {
	/** `collections.OrderedDict`. */
	readonly name: string;
	/** What a call of it makes; none where it cannot be called. */
	readonly call: ((args: readonly PickleValue[], byteOffset: number) => PickleValue) | undefined;

	constructor(name: string, call?: (args: readonly PickleValue[], byteOffset: number) => PickleValue) {
		this.name = name;
		this.call = call;
	}
}

/** What a call of an allowed global, or a persistent id, has made. */
export abstract class PickleMade {
	/** What it is, for errors. */
	abstract readonly kind: string;
}

/** What kind of value it is, for errors. */
export function kindOf(value: PickleValue | undefined): string {
	if (value === undefined) return "nothing";
	if (value === null) return "None";
	if (typeof value === "string")
		return `the text ${JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}...` : value)}`;
	if (typeof value === "object") return kindOfObject(value);
	return `the ${typeof value === "boolean" ? "flag" : "number"} ${value}`;
}

function kindOfObject(value: Exclude<PickleValue, null | boolean | number | bigint | string>): string {
	if (value instanceof PickleTuple) return `a tuple of ${value.items.length}`;
	if (value instanceof PickleList) return `a list of ${value.items.length}`;
	if (value instanceof PickleDict) return `a dict of ${value.entries.size}`;
	if (value instanceof PickleGlobal) return value.name;
	if (value instanceof Uint8Array) return `${value.length} bytes`;
	return value.kind;
}
