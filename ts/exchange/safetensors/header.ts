// The header of a safetensors file: 8 bytes of length, then JSON that says where each tensor lies in the bytes behind it.

import { type Fault, faultsOf } from "../../zip/directory.js";
import { bytesOf, countOf, type ElementType, sizeText } from "../elements.js";

/** Bytes of a header; that of a network of 64 recurrent layers has 45,584. */
export const MOST_HEADER = 2 ** 22;
/** Bytes before the JSON. */
export const LENGTH_BYTES = 8;
const MOST_DIMENSIONS = 8;
/** The key that is no tensor. */
export const METADATA = "__metadata__";

const TYPES = new Map<string, ElementType>([
	["F64", "float64"],
	["F32", "float32"],
	["F16", "float16"],
	["BF16", "bfloat16"],
	["I64", "int64"],
	["I32", "int32"],
	["I16", "int16"],
	["I8", "int8"],
	["U64", "uint64"],
	["U32", "uint32"],
	["U16", "uint16"],
	["U8", "uint8"],
	["BOOL", "bool"],
]);

/** A tensor in a header. */
export interface Entry {
	readonly type: ElementType;
	readonly shape: readonly number[];
	/** Its bytes, from the file's begin. */
	readonly from: number;
	readonly to: number;
}

/** What a header says. */
export interface Header {
	readonly entries: ReadonlyMap<string, Entry>;
	readonly metadata: ReadonlyMap<string, string>;
}

/**
 * Reads a header.
 *
 * @param size bytes of the whole file, which tensors fill without gaps
 * @throws FormatError for a header that is no JSON, or tensors that do not lie as they should, by name
 */
export function readHeader(size: number, read: (from: number, length: number) => Uint8Array, name?: string): Header {
	const fault = faultsOf(name);
	if (size < LENGTH_BYTES) throw fault(0, `a file of ${size} bytes`, "a safetensors file: 8 bytes of length first");
	const first = read(0, LENGTH_BYTES);
	const told = new DataView(first.buffer, first.byteOffset, LENGTH_BYTES).getBigUint64(0, true);
	const most = Math.min(MOST_HEADER, size - LENGTH_BYTES);
	if (told > BigInt(most)) throw fault(0, `a header of ${told} bytes`, `${most} at most, in a file of ${size}`);
	const begin = LENGTH_BYTES + Number(told);
	const json = parse(read(LENGTH_BYTES, Number(told)), fault);
	const metadata = new Map<string, string>();
	const entries = new Map<string, Entry>();
	for (const [key, value] of Object.entries(json)) {
		if (key !== METADATA) entries.set(key, entryOf(key, value, begin, size, fault));
		else for (const [what, text] of Object.entries(texts(value, fault))) metadata.set(what, text);
	}
	checkGaps(entries, begin, size, fault);
	return { entries, metadata };
}

function parse(bytes: Uint8Array, fault: Fault): object {
	let json: unknown;
	try {
		json = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
	} catch {
		throw fault(LENGTH_BYTES, "a header that is no JSON", "JSON in UTF-8");
	}
	if (isObject(json)) return json;
	throw fault(LENGTH_BYTES, "a header that is no object", "{ name: { dtype, shape, data_offsets } }");
}

function isObject(value: unknown): value is object {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}

function texts(value: unknown, fault: Fault): Record<string, string> {
	if (isObject(value) && Object.values(value).every((text) => typeof text === "string"))
		return Object.fromEntries(Object.entries(value).map(([key, text]) => [key, String(text)]));
	throw fault(LENGTH_BYTES, `${METADATA} that holds more than texts`, "an object of texts");
}

function entryOf(name: string, value: unknown, begin: number, size: number, fault: Fault): Entry {
	const at = LENGTH_BYTES;
	const shown = JSON.stringify(name.slice(0, 100));
	const given = isObject(value) ? new Map<string, unknown>(Object.entries(value)) : new Map<string, unknown>();
	const [dtype, shape, offsets] = [given.get("dtype"), given.get("shape"), given.get("data_offsets")];
	if (given.size !== 3 || !given.has("dtype"))
		throw fault(at, `${shown} is no tensor`, "dtype, shape and data_offsets");
	const type = typeof dtype === "string" ? TYPES.get(dtype) : undefined;
	if (type === undefined)
		throw fault(at, `${shown} of type ${String(dtype).slice(0, 40)}`, [...TYPES.keys()].join(", "));
	if (!naturals(shape) || shape.length > MOST_DIMENSIONS)
		throw fault(at, `the shape of ${shown}`, `${MOST_DIMENSIONS} sizes at most, from 0 to 2^53 - 1`);
	const [from, to] = naturals(offsets) && offsets.length === 2 ? offsets : [];
	if (from === undefined || to === undefined || from > to || begin + to > size)
		throw fault(at, `the offsets of ${shown}`, `from and to, 0 to ${size - begin}`);
	const bytes = countOf(shape) * bytesOf(type);
	if (to - from !== bytes)
		throw fault(begin + from, `${shown} of ${to - from} bytes`, `${bytes} for ${sizeText(shape)} of ${dtype}`);
	return { type, shape, from: begin + from, to: begin + to };
}

function naturals(value: unknown): value is number[] {
	return Array.isArray(value) && value.every((item: unknown) => Number.isSafeInteger(item) && Number(item) >= 0);
}

/** Tensors lie one after the other up to the file's end. */
function checkGaps(entries: ReadonlyMap<string, Entry>, begin: number, size: number, fault: Fault): void {
	let at = begin;
	for (const [name, { from, to }] of [...entries].sort(([, a], [, b]) => a.from - b.from || a.to - b.to)) {
		if (from !== at)
			throw fault(at, `${JSON.stringify(name.slice(0, 100))} at byte ${from}`, `no gap and no overlap: byte ${at}`);
		at = to;
	}
	if (at !== size) throw fault(at, `${size - at} bytes behind the last tensor`, "none");
}
