// The two layouts of torch.save: a zip with a pickle and a file for each storage, and before that (PyTorch 1.5 and older) pickles
// one after the other with the storages behind them.

import { openZip, portableCodec } from "../../datasets/zip.js";
import type { Ranges } from "../../events/ranges.js";
import { type Fault, faultsOf } from "../../zip/directory.js";
import { bytesOf } from "../elements.js";
import { type PickleRules, unpickle } from "../pickle/machine.js";
import { kindOf, PickleDict, PickleList, type PickleValue } from "../pickle/values.js";
import { type Storage, storageOf, torchGlobals } from "./globals.js";

/** Bytes of a pickle, which tells of tensors and does not hold them. */
const MOST_PICKLE = 2 ** 24;
/** A file in an archive may unpack to the archive's size and this. */
const MORE_BYTES = 2 ** 26;
/** What the first pickle of an old file holds, and the version in the second. */
const OLD_MAGIC = 0x1950a86a20f9469cfc6cn;
const OLD_VERSION = 1001;

/** What a checkpoint holds. */
export interface Archive {
	readonly root: PickleValue;
	/** What errors of the pickle call it. */
	readonly fault: Fault;
	/** The bytes of a storage, until the next call. */
	read(storage: Storage): Uint8Array;
}

/** Opens a checkpoint that is a zip. */
export async function openArchive(ranges: Ranges): Promise<Archive> {
	const place = ranges.name ?? "checkpoint";
	const read = (from: number, length: number) => ranges.read(from, length);
	const tree = openZip(place, ranges.size, read, ranges.size + MORE_BYTES, await portableCodec());
	const outer = faultsOf(place);
	const folders = tree.list("").filter((name) => name.endsWith("/"));
	const [folder, ...more] = folders.filter((name) => tree.list(name).includes("data.pkl"));
	if (folder === undefined || more.length > 0) {
		const found =
			folder === undefined ? "a zip without data.pkl in a folder" : `${1 + more.length} folders with data.pkl`;
		throw outer(0, found, "a checkpoint as torch.save writes it");
	}
	const names = new Set(tree.list(folder));
	if (names.has("constants.pkl"))
		throw outer(0, "a TorchScript archive", "a checkpoint of torch.save(model.state_dict())");
	if (names.has("byteorder")) {
		const order = new TextDecoder().decode(tree.read(`${folder}byteorder`).subarray(0, 16));
		if (order !== "little") throw outer(0, `byteorder ${JSON.stringify(order)}`, '"little"');
	}
	const inside = `${place}: ${folder}data.pkl`;
	const fault = faultsOf(inside);
	const pickle = tree.read(`${folder}data.pkl`);
	if (pickle.length > MOST_PICKLE) throw fault(0, `a pickle of ${pickle.length} bytes`, `${MOST_PICKLE} at most`);
	const { value, end } = unpickle(pickle, rulesOf(fault, inside, 0, new Map()));
	if (end !== pickle.length) throw fault(end, `${pickle.length - end} bytes behind the pickle`, "none");
	const held = new Set(tree.list(`${folder}data/`));
	return {
		root: value,
		fault,
		read: (storage) => {
			if (!held.has(storage.key))
				throw fault(storage.byteOffset, `storage ${storage.key}, which the zip lacks`, "a file data/KEY");
			const bytes = tree.read(`${folder}data/${storage.key}`);
			checkSize(bytes.length, storage, storage.byteOffset, fault);
			return bytes;
		},
	};
}

/** Opens a checkpoint of the old layout. It has no checksums: what is damaged in the numbers themselves cannot be seen. */
export function openOld(ranges: Ranges): Archive {
	const place = ranges.name ?? "checkpoint";
	const fault = faultsOf(place);
	// It stays: nothing else is read from this file.
	const bytes = ranges.read(0, ranges.size);
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	const told = new Map<string, Storage>();
	let at = 0;
	const next = (): PickleValue => {
		const { value, end } = unpickle(bytes.subarray(at, at + MOST_PICKLE), rulesOf(fault, place, at, told));
		at += end;
		return value;
	};
	const [magic, version, system] = [next(), next(), next()];
	if (magic !== OLD_MAGIC || version !== OLD_VERSION)
		throw fault(0, `${kindOf(magic)}, version ${kindOf(version)}`, `PyTorch's magic number, version ${OLD_VERSION}`);
	if (!(system instanceof PickleDict) || system.entries.get("little_endian") !== true)
		throw fault(0, "a file that is not little-endian", "little-endian numbers");
	const root = next();
	const keysAt = at;
	const keys = next();
	if (!(keys instanceof PickleList)) throw fault(keysAt, kindOf(keys), "a list of storages");
	const places = new Map<string, number>();
	for (const key of keys.items) {
		const storage = typeof key === "string" ? told.get(key) : undefined;
		if (storage === undefined || places.has(storage.key))
			throw fault(keysAt, `the storage ${kindOf(key)}`, "each storage of the tensors once");
		if (at + 8 > bytes.length) throw fault(at, "the end of the file", `the size of storage ${storage.key}`);
		const size = Number(view.getBigInt64(at, true)) * (storage.type === undefined ? 1 : bytesOf(storage.type));
		checkSize(size, storage, at, fault);
		at += 8;
		if (at + size > bytes.length) throw fault(at, `${bytes.length - at} bytes of storage ${storage.key}`, `${size}`);
		places.set(storage.key, at);
		at += size;
	}
	if (at !== bytes.length) throw fault(at, `${bytes.length - at} bytes behind the last storage`, "none");
	return {
		root,
		fault,
		read: (storage) => {
			const from = places.get(storage.key);
			if (from === undefined)
				throw fault(storage.byteOffset, `storage ${storage.key}, which the file lacks`, "its bytes");
			return bytes.subarray(from, from + storage.bytes);
		},
	};
}

/** Notes storages by their keys in `told`; each has one size. */
function rulesOf(fault: Fault, place: string, begin: number, told: Map<string, Storage>): PickleRules {
	const persistent = (id: PickleValue, at: number) => {
		const storage = storageOf(id, at, fault);
		checkSize(told.get(storage.key)?.bytes ?? storage.bytes, storage, at, fault);
		told.set(storage.key, storage);
		return storage;
	};
	return { place, begin, globals: torchGlobals(fault), persistent };
}

function checkSize(bytes: number, storage: Storage, at: number, fault: Fault): void {
	if (bytes !== storage.bytes)
		throw fault(at, `storage ${storage.key} has ${bytes} bytes`, `${storage.bytes}, as it is told`);
}
