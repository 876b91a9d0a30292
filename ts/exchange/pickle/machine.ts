// A pickle machine that runs nothing: it knows the opcodes of data, and calls only what it is given by name.
//
// Python's pickle is a program for a stack machine that may call anything. Here a global is a name in a table of our own, and all
// others are refused. Whatever the bytes say, each opcode takes at least a byte and makes at most one value; and opcodes, values
// that hold others, the stack, the memo and nesting are limited.

import { Cursor } from "./cursor.js";
import { OPCODES, opcodeName } from "./opcodes.js";
import { kindOf, PickleDict, PickleGlobal, PickleList, PickleTuple, type PickleValue } from "./values.js";

/** Opcodes of a pickle; a checkpoint of the official VGG with its optimiser's state has 4,341. */
const MOST_OPCODES = 2 ** 20;
/** Lists, dicts, tuples and calls; there 1,080. */
const MOST_NESTED = 2 ** 16;
const MOST_STACK = 2 ** 16;
const MOST_MEMO = 2 ** 18;
/** How deep values lie in others; there 6. */
const MOST_DEPTH = 32;

/** What a pickle may ask for. */
export interface PickleRules {
	/** The pickle's name, for errors. */
	readonly place: string | undefined;
	/** Added to byte offsets in errors. */
	readonly begin: number;
	/** What names stand for; all others are refused. */
	readonly globals: ReadonlyMap<string, PickleGlobal>;
	/** What a persistent id stands for. */
	persistent(id: PickleValue, byteOffset: number): PickleValue;
}

/**
 * Reads one pickle.
 *
 * @returns its value, and where the bytes after it begin
 * @throws FormatError with the byte offset for a global that is not allowed (by its name), an opcode that is not data, a limit, or a
 *   pickle that is damaged
 */
export function unpickle(bytes: Uint8Array, rules: PickleRules): { value: PickleValue; end: number } {
	return new Machine(bytes, rules).run();
}

class Machine {
	readonly #cursor: Cursor;
	readonly #rules: PickleRules;
	readonly #stack: PickleValue[] = [];
	/** How long the stack was at each mark. */
	readonly #marks: number[] = [];
	readonly #memo = new Map<number, PickleValue>();
	#nested = 0;

	constructor(bytes: Uint8Array, rules: PickleRules) {
		this.#cursor = new Cursor(bytes, rules.begin, rules.place);
		this.#rules = rules;
	}

	run(): { value: PickleValue; end: number } {
		for (let count = 0; count < MOST_OPCODES; count += 1) {
			const code = this.#cursor.opcode();
			if (code === OPCODES.STOP) {
				const value = this.#pop();
				const left = this.#stack.length + this.#marks.length;
				if (left > 0) throw this.#fault(`${left} values and marks left at its end`, "one value");
				return { value, end: this.#cursor.read };
			}
			if (this.#act(code)) continue;
			this.#stack.push(this.#make(code));
			if (this.#stack.length > MOST_STACK)
				throw this.#fault(`a stack of ${this.#stack.length}`, `${MOST_STACK} at most`);
		}
		throw this.#fault(`more than ${MOST_OPCODES} opcodes`, `${MOST_OPCODES} at most`);
	}

	/** Does what gives no value of its own; false where it is not of that kind. */
	#act(code: number): boolean {
		switch (code) {
			case OPCODES.PROTO: {
				const version = this.#cursor.unsigned(1);
				if (version > 5) throw this.#fault(`protocol ${version}`, "0 to 5");
				return true;
			}
			case OPCODES.FRAME:
				// How much follows; here nothing is fetched ahead.
				this.#cursor.unsigned(8);
				return true;
			case OPCODES.MARK:
				this.#marks.push(this.#stack.length);
				if (this.#marks.length > MOST_DEPTH) throw this.#deep(this.#marks.length);
				return true;
			case OPCODES.POP:
				this.#pop();
				return true;
			case OPCODES.POP_MARK:
				this.#popMark();
				return true;
			case OPCODES.APPEND: {
				const item = this.#pop();
				this.#append(this.#list(), [item]);
				return true;
			}
			case OPCODES.APPENDS: {
				const items = this.#popMark();
				this.#append(this.#list(), items);
				return true;
			}
			case OPCODES.SETITEM: {
				const items = this.#popMany(2);
				this.#setItems(this.#dict(), items);
				return true;
			}
			case OPCODES.SETITEMS: {
				const items = this.#popMark();
				this.#setItems(this.#dict(), items);
				return true;
			}
			case OPCODES.BUILD:
				// What an OrderedDict carries beside its items (PyTorch: the versions of modules) is no data of ours.
				this.#pop();
				this.#dict();
				return true;
			case OPCODES.BINPUT:
				this.#memorise(this.#cursor.unsigned(1));
				return true;
			case OPCODES.LONG_BINPUT:
				this.#memorise(this.#cursor.unsigned(4));
				return true;
			case OPCODES.MEMOIZE:
				this.#memorise(this.#memo.size);
				return true;
			default:
				return false;
		}
	}

	/** The value that an opcode makes. */
	#make(code: number): PickleValue {
		const cursor = this.#cursor;
		switch (code) {
			case OPCODES.NONE:
				return null;
			case OPCODES.NEWTRUE:
				return true;
			case OPCODES.NEWFALSE:
				return false;
			case OPCODES.BININT:
				return cursor.int32();
			case OPCODES.BININT1:
				return cursor.unsigned(1);
			case OPCODES.BININT2:
				return cursor.unsigned(2);
			case OPCODES.LONG1:
				return cursor.long(cursor.unsigned(1));
			case OPCODES.LONG4:
				return cursor.long(cursor.unsigned(4));
			case OPCODES.BINFLOAT:
				return cursor.float();
			case OPCODES.SHORT_BINUNICODE:
			case OPCODES.SHORT_BINSTRING:
				return cursor.string(cursor.unsigned(1));
			case OPCODES.BINUNICODE:
			case OPCODES.BINSTRING:
				return cursor.string(cursor.unsigned(4));
			case OPCODES.BINUNICODE8:
				return cursor.string(cursor.unsigned(8));
			case OPCODES.SHORT_BINBYTES:
				return cursor.binary(cursor.unsigned(1));
			case OPCODES.BINBYTES:
				return cursor.binary(cursor.unsigned(4));
			case OPCODES.EMPTY_TUPLE:
				return this.#tuple([]);
			case OPCODES.TUPLE1:
			case OPCODES.TUPLE2:
			case OPCODES.TUPLE3:
				return this.#tuple(this.#popMany(code - OPCODES.TUPLE1 + 1));
			case OPCODES.TUPLE:
				return this.#tuple(this.#popMark());
			case OPCODES.EMPTY_LIST:
				return this.#count(new PickleList());
			case OPCODES.LIST:
				return this.#append(this.#count(new PickleList()), this.#popMark());
			case OPCODES.EMPTY_DICT:
				return this.#count(new PickleDict());
			case OPCODES.DICT:
				return this.#setItems(this.#count(new PickleDict()), this.#popMark());
			case OPCODES.BINGET:
				return this.#recall(cursor.unsigned(1));
			case OPCODES.LONG_BINGET:
				return this.#recall(cursor.unsigned(4));
			case OPCODES.GLOBAL:
				return this.#global(cursor.line(), cursor.line());
			case OPCODES.STACK_GLOBAL: {
				const [module, name] = this.#popMany(2);
				if (typeof module === "string" && typeof name === "string") return this.#global(module, name);
				throw this.#fault(`a global named by ${kindOf(module)} and ${kindOf(name)}`, "two texts");
			}
			case OPCODES.REDUCE:
				return this.#call();
			case OPCODES.BINPERSID:
				return this.#count(this.#rules.persistent(this.#pop(), cursor.byteOffset));
			default:
				throw this.#fault(`the opcode ${opcodeName(code)}`, "opcodes of plain data, as torch.save writes them");
		}
	}

	#call(): PickleValue {
		const args = this.#pop();
		const callee = this.#pop();
		if (!(callee instanceof PickleGlobal) || callee.call === undefined)
			throw this.#fault(`a call of ${kindOf(callee)}`, `calls of ${this.#allowed(({ call }) => call !== undefined)}`);
		if (!(args instanceof PickleTuple))
			throw this.#fault(`${callee.name} with ${kindOf(args)}`, "a tuple of arguments");
		return this.#count(callee.call(args.items, this.#cursor.byteOffset));
	}

	#global(module: string, name: string): PickleGlobal {
		const found = this.#rules.globals.get(`${module}.${name}`);
		if (found !== undefined) return found;
		const shown = JSON.stringify(`${module}.${name}`.slice(0, 200));
		throw this.#fault(`the global ${shown}`, `${this.#allowed(() => true)}; save the state dict alone`);
	}

	#allowed(which: (global: PickleGlobal) => boolean): string {
		const names = [...this.#rules.globals.values()].filter(which).map(({ name }) => name);
		return names.join(", ");
	}

	#pop(): PickleValue {
		return this.#popMany(1)[0] as PickleValue;
	}

	#popMany(count: number): PickleValue[] {
		const left = this.#stack.length - (this.#marks.at(-1) ?? 0);
		if (left < count) throw this.#fault(`an opcode that takes ${count} of ${left} values`, "values before it");
		return this.#stack.splice(this.#stack.length - count, count);
	}

	#popMark(): PickleValue[] {
		const mark = this.#marks.pop();
		if (mark === undefined) throw this.#fault("an opcode that takes all since a mark, and no mark", "a mark before it");
		return this.#stack.splice(mark);
	}

	#list(): PickleList {
		const list = this.#top();
		if (list instanceof PickleList) return list;
		throw this.#fault(`items for ${kindOf(list)}`, "a list");
	}

	#dict(): PickleDict {
		const dict = this.#top();
		if (dict instanceof PickleDict) return dict;
		throw this.#fault(`entries or a state for ${kindOf(dict)}`, "a dict");
	}

	/** The top of the stack, above the last mark. */
	#top(): PickleValue | undefined {
		return this.#stack.length > (this.#marks.at(-1) ?? 0) ? this.#stack.at(-1) : undefined;
	}

	#append(list: PickleList, items: readonly PickleValue[]): PickleList {
		for (const item of items) {
			this.#deepen(list, item);
			list.items.push(item);
		}
		return list;
	}

	#setItems(dict: PickleDict, items: readonly PickleValue[]): PickleDict {
		if (items.length % 2 !== 0) throw this.#fault("a key without a value", "pairs");
		for (let index = 0; index < items.length; index += 2) {
			const [key, value] = [items[index] as PickleValue, items[index + 1] as PickleValue];
			if (typeof key === "object" && key !== null && !(key instanceof PickleTuple))
				throw this.#fault(`${kindOf(key)} as a key`, "texts and numbers as keys");
			if (dict.entries.has(key)) throw this.#fault(`${kindOf(key)} as a key a second time`, "each key once");
			this.#deepen(dict, value);
			dict.entries.set(key, value);
		}
		return dict;
	}

	#tuple(items: readonly PickleValue[]): PickleTuple {
		const tuple = this.#count(new PickleTuple(items));
		for (const item of items) this.#deepen(tuple, item);
		return tuple;
	}

	/** Notes that one value lies in another. */
	#deepen(outer: PickleTuple | PickleList | PickleDict, inner: PickleValue): void {
		const holds = inner instanceof PickleTuple || inner instanceof PickleList || inner instanceof PickleDict;
		outer.depth = Math.max(outer.depth, 1 + (holds ? inner.depth : 0));
		if (outer.depth > MOST_DEPTH) throw this.#deep(outer.depth);
	}

	#deep(depth: number): Error {
		return this.#fault(`values nested ${depth} deep`, `${MOST_DEPTH} at most`);
	}

	#count<T extends PickleValue>(value: T): T {
		this.#nested += 1;
		if (this.#nested <= MOST_NESTED) return value;
		throw this.#fault(`more than ${MOST_NESTED} lists, dicts, tuples and calls`, `${MOST_NESTED} at most`);
	}

	#recall(index: number): PickleValue {
		const value = this.#memo.get(index);
		if (value !== undefined) return value;
		throw this.#fault(`number ${index} of the memo, which is empty`, "one that was put there before");
	}

	#memorise(index: number): void {
		const value = this.#top();
		if (value === undefined) throw this.#fault("nothing to put into the memo", "a value");
		this.#memo.set(index, value);
		if (this.#memo.size > MOST_MEMO) throw this.#fault(`a memo of ${this.#memo.size}`, `${MOST_MEMO} at most`);
	}

	#fault(found: string, allowed: string): Error {
		return this.#cursor.fault(found, allowed);
	}
}
