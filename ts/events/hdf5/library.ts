// HDF5 by h5wasm, a package of its own that is loaded only when a file needs it.

import { DatasetError, EnvironmentError, FormatError } from "../../errors.js";
import { pathOf } from "../bytes.js";
import { checkHeaps } from "./heaps.js";

/** The version of h5wasm that this is tested with. */
export const H5WASM_VERSION = "0.10.3";

/** What is used of the package `h5wasm`: pass it where packages cannot be loaded by their names, as in browsers. */
export interface H5wasm {
	readonly ready: Promise<H5wasmNative>;
	readonly File: new (path: string, mode: "r" | "w") => H5wasmGroup & H5wasmWriting & { close(): unknown };
}

/** What a group of a file that is written can take. */
export interface H5wasmWriting {
	create_group(name: string): H5wasmWriting;
	create_dataset(made: { name: string; data: WrittenData; shape?: number[] }): unknown;
}

/** What an array is written from; texts are of variable length. */
export type WrittenData = string | string[] | Float32Array | Float64Array | BigInt64Array;

interface H5wasmNative {
	readonly FS: {
		writeFile(path: string, bytes: Uint8Array): void;
		readFile(path: string): Uint8Array;
		unlink(path: string): void;
	};
	/** Makes what HDF5 finds wrong an exception. Without it the library prints it, and gives bytes that it has not read. */
	activate_throwing_error_handler(): unknown;
	deactivate_throwing_error_handler(): unknown;
	/** Its memory; another view when that has grown. */
	readonly HEAPU8: Uint8Array;
	_malloc(bytes: number): number;
	_free(at: number): void;
	/** Reads a part of an array to a place in the memory: how many items of each dimension, from where on, in which steps. */
	get_dataset_data(
		file: bigint,
		path: string,
		count: readonly bigint[],
		offset: readonly bigint[],
		strides: readonly bigint[],
		to: bigint,
	): unknown;
}

interface H5wasmObject {
	readonly attrs: Readonly<Record<string, { readonly value: unknown }>>;
}

/** A group of an open file. */
interface H5wasmGroup extends H5wasmObject {
	keys(): string[];
	get(path: string): H5wasmObject | null;
}

/** An array of an open file. */
interface H5wasmDataset extends H5wasmObject {
	readonly file_id: bigint;
	readonly path: string;
	readonly metadata: Metadata;
	/** All of it: of an array without dimensions the number. */
	readonly value: unknown;
	slice(ranges: readonly (readonly [number, number])[]): unknown;
}

/** What an array is of. */
interface Metadata extends Kind {
	readonly shape: readonly number[] | null;
	readonly chunks: readonly number[] | null;
	readonly vlen_type?: Kind;
}

interface Kind {
	type: number;
	readonly size: number;
	readonly signed: boolean;
	readonly enum_type?: { readonly type: number };
}

/** Classes of types, by HDF5's numbers. */
const [INTEGER, FLOAT, TEXT, COMPOUND, ENUM, VARIABLE] = [0, 1, 3, 6, 8, 9];

/** The most bytes of a chunk, which is unpacked as a whole. */
const MOST_CHUNK_BYTES = 2 ** 26;

/** Opens a file: a path stays where it is and is read in parts, bytes are copied into the library's memory. */
export async function openHdf5(source: string | URL | Uint8Array, given?: H5wasm): Promise<Hdf5File> {
	if (source instanceof Uint8Array) {
		const library = given ?? (await load("h5wasm"));
		const native = await library.ready;
		filesInMemory += 1;
		const path = `stllr-${filesInMemory}.h5`;
		native.FS.writeFile(path, source);
		const forget = () => native.FS.unlink(path);
		let file: Hdf5File;
		try {
			file = new Hdf5File(library, native, path, undefined, forget);
		} catch (cause) {
			forget();
			throw cause;
		}
		return checked(file, source);
	}
	const name = await pathOf(source);
	const { resolve } = await import("node:path");
	const library = given ?? (await load("h5wasm/node"));
	return checked(new Hdf5File(library, await library.ready, resolve(name), name, () => undefined), name);
}

/** A file that was opened, its heaps looked through before anything of it is read. */
async function checked(file: Hdf5File, source: string | Uint8Array): Promise<Hdf5File> {
	try {
		await checkHeaps(source, file.name);
		return file;
	} catch (cause) {
		file.close();
		throw cause;
	}
}

let filesInMemory = 0;

/** Writes a file in memory, by what fills it. */
export async function writeHdf5(fill: (root: H5wasmWriting) => void, given?: H5wasm): Promise<Uint8Array> {
	const library = given ?? (await load("h5wasm"));
	const native = await library.ready;
	filesInMemory += 1;
	const path = `stllr-${filesInMemory}.h5`;
	// HDF5's errors would else only be printed.
	native.activate_throwing_error_handler();
	try {
		const file = new library.File(path, "w");
		try {
			fill(file);
		} finally {
			file.close();
		}
		return native.FS.readFile(path).slice();
	} finally {
		native.deactivate_throwing_error_handler();
		native.FS.unlink(path);
	}
}

async function load(name: "h5wasm" | "h5wasm/node"): Promise<H5wasm> {
	try {
		// By a variable: bundlers are not to look for a package that need not be there.
		return (await import(name)) as H5wasm;
	} catch (cause) {
		throw new EnvironmentError(
			`HDF5 files need the package h5wasm, which could not be loaded; install it: npm i h5wasm@${H5WASM_VERSION} (in a browser, pass it: { h5wasm: await import("h5wasm") })`,
			{ cause },
		);
	}
}

/** An open file. */
export class Hdf5File {
	/** The file's name, where it has one. */
	readonly name: string | undefined;
	readonly #native: H5wasmNative;
	readonly #file: H5wasmGroup & { close(): unknown };
	readonly #forget: () => void;
	#isOpen = true;

	constructor(library: H5wasm, native: H5wasmNative, path: string, name: string | undefined, forget: () => void) {
		this.name = name;
		this.#native = native;
		this.#forget = forget;
		this.#file = this.guard("the file", () => new library.File(path, "r"));
	}

	/** What stands before an object's path in errors. */
	placeOf(path: string): string {
		return this.name === undefined ? path : `${this.name}: ${path}`;
	}

	/** The names in a group; undefined where there is none of this path. */
	keys(path: string): readonly string[] | undefined {
		const found = this.#get(path);
		return found !== undefined && isGroup(found) ? this.guard(path, () => found.keys()) : undefined;
	}

	/** The array of this path, where there is one. */
	array(path: string): Hdf5Array | undefined {
		const found = this.#get(path);
		if (found === undefined || isGroup(found) || !isDataset(found)) return undefined;
		return new Hdf5Array(
			this,
			path,
			found,
			this.guard(path, () => found.metadata),
		);
	}

	/** The numbers of an attribute; none where there is none of this name. */
	attribute(path: string, name: string): readonly number[] {
		const found = this.#get(path);
		if (found === undefined) return [];
		const value = this.guard(path, () => found.attrs[name]?.value);
		return numbersOf(typeof value === "number" || typeof value === "bigint" ? [value] : value) ?? [];
	}

	/** Closes the file. */
	close(): void {
		if (!this.#isOpen) return;
		this.#isOpen = false;
		this.#file.close();
		this.#forget();
	}

	/** Does it, and says in one line what HDF5 found wrong. */
	guard<T>(path: string, action: () => T): T {
		this.#native.activate_throwing_error_handler();
		try {
			return action();
		} catch (cause) {
			throw unreadable(cause, path === "the file" ? this.name : this.placeOf(path));
		} finally {
			this.#native.deactivate_throwing_error_handler();
		}
	}

	/** Does something with so many bytes of the library's memory. */
	borrow<T>(bytes: number, use: (native: H5wasmNative, at: number) => T): T {
		const native = this.#native;
		const at = native._malloc(bytes);
		if (at === 0) throw new Error(`no memory for ${bytes} bytes`);
		try {
			return use(native, at);
		} finally {
			native._free(at);
		}
	}

	#get(path: string): H5wasmObject | undefined {
		if (path === "") return this.#file;
		return this.guard(path, () => this.#file.get(path) ?? undefined);
	}
}

function isGroup(found: H5wasmObject): found is H5wasmGroup {
	return "keys" in found;
}

function isDataset(found: H5wasmObject): found is H5wasmDataset {
	return "slice" in found;
}

/** HDF5 says what is wrong from the outside in: the last line that is no heading says most. */
function unreadable(cause: unknown, place: string | undefined): Error {
	const text = cause instanceof Error ? cause.message : String(cause);
	const filter = /required filter '([^']*)'/.exec(text)?.[1];
	if (filter !== undefined) {
		return new DatasetError(
			`${place ?? "HDF5"}: compressed by the filter ${filter}, which is not read; rewrite the file with gzip: h5repack -f GZIP=1 FROM TO`,
			{ cause },
		);
	}
	if (/errno = (2|44),/.test(text)) return new DatasetError(`${place ?? "HDF5"}: there is no such file`, { cause });
	const lines = [...text.matchAll(/#\d+: .* line \d+ in [^:]*: (.*)/g)].map(([, said]) => said ?? "");
	return new FormatError(0, lines.at(-1) ?? text.split("\n", 1)[0] ?? "", "a sound HDF5 file", place);
}

/** An array of an open file. */
export class Hdf5Array {
	readonly path: string;
	/** Its sizes, the last varying fastest. */
	readonly shape: readonly number[];
	readonly #file: Hdf5File;
	readonly #dataset: H5wasmDataset;
	readonly #metadata: Metadata;
	/** Where rows go. */
	#room = new Uint8Array(0);

	constructor(file: Hdf5File, path: string, dataset: H5wasmDataset, metadata: Metadata) {
		this.path = path;
		this.shape = metadata.shape ?? [];
		this.#file = file;
		this.#dataset = dataset;
		this.#metadata = metadata;
		const chunkBytes = (metadata.chunks ?? []).reduce((product, size) => product * size, metadata.size);
		if (chunkBytes > MOST_CHUNK_BYTES) {
			throw new FormatError(0, `chunks of ${chunkBytes} bytes`, `up to ${MOST_CHUNK_BYTES}`, this.name);
		}
		// The library makes views of what it reads, and knows none of floats of 16 bits: as integers it gives them bit by bit.
		const kind = this.#kind;
		this.numbers = numberOf(kind);
		if (kind.type === FLOAT && kind.size === 2) kind.type = INTEGER;
	}

	/** What the numbers are, as NumPy writes it (`<f8`); undefined where they are none. */
	readonly numbers: string | undefined;

	/** What it is called in errors. */
	get name(): string {
		return this.#file.placeOf(this.path);
	}

	/** Is it of texts? */
	get isText(): boolean {
		return this.#metadata.type === TEXT;
	}

	/** The text of an array without dimensions. */
	text(): string {
		const found = this.#file.guard(this.path, () => this.#dataset.value);
		if (typeof found === "string") return found;
		throw new FormatError(0, "an array of something else", "a text", this.name);
	}

	/** Is each item an array of its own length? */
	get isRagged(): boolean {
		return this.#metadata.type === VARIABLE;
	}

	/** Are the items records of several fields? */
	get isCompound(): boolean {
		return this.#metadata.type === COMPOUND;
	}

	/**
	 * The bytes of rows of numbers, until the next call. Not by `slice`, which leaves a new array each time: V8 lets 32 MB of them
	 * wait to be collected.
	 */
	rows(from: number, until: number): Uint8Array {
		return this.#file.guard(this.path, () => {
			const { file_id, path } = this.#dataset;
			const length = (until - from) * this.#rowBytes;
			const count = this.shape.map((size, dimension) => BigInt(dimension === 0 ? until - from : size));
			const offset = this.shape.map((_, dimension) => BigInt(dimension === 0 ? from : 0));
			const strides = this.shape.map(() => 1n);
			return this.#file.borrow(length, (native, at) => {
				native.get_dataset_data(file_id, path, count, offset, strides, BigInt(at));
				if (this.#room.length < length) this.#room = new Uint8Array(length);
				this.#room.set(native.HEAPU8.subarray(at, at + length));
				return this.#room.subarray(0, length);
			});
		});
	}

	/** The bytes of one item, where each is an array. */
	item(index: number): Uint8Array {
		const [item] = this.#slice(index, index + 1) as unknown[];
		return bytesOf(item, this.name);
	}

	/** The numbers of rows, in one array; those of whole numbers beyond 2^53 are rounded. Not for floats of 16 bits. */
	values(from = 0, until = this.shape[0] ?? 0): Float64Array {
		const numbers = from < until ? numbersOf(this.#slice(from, until)) : [];
		if (numbers === undefined) throw new FormatError(0, "an array of something else", "numbers", this.name);
		return Float64Array.from(numbers);
	}

	/** The number of an array without dimensions, or of one number. */
	scalar(): number {
		if (this.shape.reduce((product, size) => product * size, 1) !== 1)
			throw new FormatError(0, `an array of shape (${this.shape.join(", ")})`, "one number", this.name);
		const found = this.#file.guard(this.path, () => this.#dataset.value);
		const [value] = typeof found === "number" || typeof found === "bigint" ? [Number(found)] : (numbersOf(found) ?? []);
		if (value !== undefined) return value;
		throw new FormatError(0, "an array of something else", "a number", this.name);
	}

	/** The texts of an array of them. */
	texts(): string[] {
		const found = (this.shape[0] ?? 0) === 0 ? [] : this.#slice(0, this.shape[0] ?? 0);
		return Array.isArray(found) ? found.map(String) : [];
	}

	/** So many rows are read at once: whole chunks, as those are unpacked as a whole, and about as many bytes as this. */
	rowsAtOnce(bytes: number): number {
		const chunk = this.#metadata.chunks?.[0] ?? 1;
		return chunk * Math.max(1, Math.floor(bytes / Math.max(1, this.#rowBytes * chunk)));
	}

	get #rowBytes(): number {
		return this.shape.slice(1).reduce((product, size) => product * size, this.#metadata.size);
	}

	get #kind(): Kind {
		return this.#metadata.vlen_type ?? this.#metadata;
	}

	#slice(from: number, until: number): unknown {
		const ranges = this.shape.map((size, dimension): [number, number] => (dimension === 0 ? [from, until] : [0, size]));
		return this.#file.guard(this.path, () => this.#dataset.slice(ranges));
	}
}

/** HDF5 turns the bytes' order to the machine's, which in WebAssembly is little-endian. */
function numberOf({ type, size, signed, enum_type }: Kind): string | undefined {
	if (type === FLOAT) return `<f${size}`;
	// h5py's booleans are an enumeration.
	const isInteger = type === INTEGER || (type === ENUM && enum_type?.type === INTEGER);
	return isInteger ? `<${signed ? "i" : "u"}${size}` : undefined;
}

function bytesOf(found: unknown, name: string): Uint8Array {
	if (ArrayBuffer.isView(found)) return new Uint8Array(found.buffer, found.byteOffset, found.byteLength);
	throw new FormatError(0, "an array of something else", "numbers", name);
}

function numbersOf(found: unknown): readonly number[] | undefined {
	const list: readonly unknown[] = Array.isArray(found)
		? found
		: ArrayBuffer.isView(found) && !(found instanceof DataView)
			? Array.from(found as unknown as ArrayLike<unknown>)
			: [undefined];
	const isNumber = (value: unknown) => typeof value === "number" || typeof value === "bigint";
	return list.every(isNumber) ? list.map(Number) : undefined;
}
