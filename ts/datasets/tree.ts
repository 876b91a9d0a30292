// What a dataset lies in: named files in folders, on disk or in a zip, read one at a time.

import { DatasetError } from "../errors.js";
import { fill } from "../events/ranges.js";
import type { ReadRange } from "../zip/directory.js";

/** A read-only tree of files. Paths are relative, with "/" between names. */
export interface FileTree {
	/** What the user called it, for errors. */
	readonly place: string;
	/** The names directly in a folder ("" is the root), folders with a "/" at the end, sorted; none where there is no such folder. */
	list(folder: string): readonly string[];
	/** The bytes of a file, until the next call. Throws a typed error where it is missing, damaged or longer than the limit. */
	read(path: string): Uint8Array;
}

/** Bytes that are written over again and again, so that reading many files leaves no garbage. */
export class Scratch {
	#bytes = new Uint8Array(0);

	/** The first `length` bytes, with whatever they hold; they share memory with those of every earlier call. */
	take(length: number): Uint8Array {
		if (this.#bytes.length < length) this.#bytes = new Uint8Array(length);
		return this.#bytes.subarray(0, length);
	}
}

/** The folder that holds a dataset: the root, or the only folder in it. */
export function rootOf(tree: FileTree): string {
	const names = tree.list("").filter((name) => name !== "__MACOSX/" && !name.startsWith("."));
	const [only] = names;
	return names.length === 1 && only?.endsWith("/") ? only : "";
}

/** Names in the order of their characters, the same on every machine; numbers among themselves by value. */
export function sortNames(names: Iterable<string>): string[] {
	const list = [...names];
	if (list.every((name) => /^\d{1,9}$/.test(name))) return list.sort((a, b) => Number(a) - Number(b));
	return list.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}

/** Opens a folder on disk. `maxBytes` is the most that one file may hold. */
export async function openFolder(root: string, maxBytes: number): Promise<FileTree> {
	const [fs, path] = await Promise.all([import("node:fs"), import("node:path")]);
	const scratch = new Scratch();
	const read = (file: string): Uint8Array => {
		const full = path.join(root, file);
		return attempt(full, () => {
			const handle = fs.openSync(full, "r");
			try {
				const { size } = fs.fstatSync(handle);
				if (size > maxBytes) throw new DatasetError(`it has ${size} bytes; allowed: ${maxBytes} (maxBytes)`);
				return fill(fs, handle, scratch.take(size), 0);
			} finally {
				fs.closeSync(handle);
			}
		});
	};
	const list = (folder: string): string[] => {
		const full = path.join(root, folder);
		if (!fs.existsSync(full)) return [];
		const entries = attempt(full, () => fs.readdirSync(full, { withFileTypes: true }));
		const isFolder = (entry: (typeof entries)[number]) =>
			entry.isDirectory() ||
			(entry.isSymbolicLink() && fs.statSync(path.join(full, entry.name), { throwIfNoEntry: false })?.isDirectory());
		return sortNames(entries.map((entry) => (isFolder(entry) ? `${entry.name}/` : entry.name)));
	};
	return { place: root, list, read };
}

/** A file on disk as ranges of bytes; it is open only during a call. */
export async function openRanges(file: string): Promise<{ size: number; readRange: ReadRange }> {
	const fs = await import("node:fs");
	const scratch = new Scratch();
	const readRange = (offset: number, length: number): Uint8Array =>
		attempt(file, () => {
			const handle = fs.openSync(file, "r");
			try {
				return fill(fs, handle, scratch.take(length), offset);
			} finally {
				fs.closeSync(handle);
			}
		});
	return { size: attempt(file, () => fs.statSync(file).size), readRange };
}

/** Does it, and says of which file where it fails. */
function attempt<T>(place: string, action: () => T): T {
	try {
		return action();
	} catch (cause) {
		throw new DatasetError(`${place}: cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, {
			cause,
		});
	}
}
