// A file that survives: it is replaced whole or not at all, and the one before it is kept.
//
// docs/storage.md says what is guaranteed and why. The order of the operations in `#replace` is the guarantee: the new
// bytes are on the disk before any name points to them, and no name that the last whole file has is taken from it
// before another one has been given.

import { resolve as absolute, dirname } from "node:path";
import { OptionError, StorageError } from "../../errors.js";
import { integer } from "../../network/check.js";
import { failure, named, textOf } from "./failure.js";
import type { FileStat, Files, OpenFile } from "./files.js";
import { inLine } from "./line.js";
import { codeOf, nodeFiles } from "./node-files.js";
import { sweep, withTemporary } from "./temporary.js";

/** How a store reads and writes. */
export interface StoreOptions {
	/** Throws, or rejects, with the reason where these bytes are not a whole save; must neither change nor keep them. */
	readonly validate: (bytes: Uint8Array) => void | Promise<void>;
	/** Told what is odd and was mended: an older file loaded instead, a damaged one put aside. Default: a warning of the process. */
	readonly warn?: (text: string) => void;
	/** Files larger than this are neither read nor written, in bytes, from 1 to 2^32. Default 2^30. */
	readonly maxBytes?: number;
	/** Another file system. Default: Node's. */
	readonly files?: Files;
}

/** What was read. */
export interface Saved {
	readonly bytes: Uint8Array;
	/** `"previous"` where the newest file is missing or damaged. */
	readonly generation: "newest" | "previous";
	/** With `"previous"`: which file cannot be used, why, and which is loaded instead. */
	readonly warning?: string;
}

/** A read that came to nothing, and how far it came. */
type Loaded = { readonly bytes: Uint8Array; readonly identity: string } | StorageError;

/** The most that one call writes, so that a failing disk is noticed early. */
const PART_BYTES = 2 ** 23;

/** What file systems without links say: FAT, some network shares, Android. */
const NO_LINKS = new Set(["EPERM", "EACCES", "ENOSYS", "ENOTSUP", "EOPNOTSUPP", "EMLINK", "EXDEV"]);

/** A file of two generations: `path` and `path.previous`. Where there are links, a damaged newest file that is replaced is kept as `path.damaged`. */
export class Store {
	/** The newest file. */
	readonly path: string;
	readonly #files: Files;
	readonly #validate: (bytes: Uint8Array) => void | Promise<void>;
	readonly #warn: (text: string) => void;
	readonly #maxBytes: number;
	/** The identity of a newest file that is known to be whole. */
	#whole: string | undefined;
	#isSwept = false;
	#hasWarnedOfFolders = false;

	/**
	 * Touches no file yet.
	 *
	 * @throws {OptionError} where an option is missing or out of its range
	 */
	constructor(path: string, options: StoreOptions) {
		if (typeof path !== "string" || path === "") throw new OptionError("path", path, "a file's path");
		if (typeof options?.validate !== "function") {
			throw new OptionError("validate", options?.validate, "a function that throws where bytes are not whole");
		}
		this.path = absolute(path);
		this.#files = options.files ?? nodeFiles;
		this.#validate = options.validate;
		this.#warn = options.warn ?? ((text) => process.emitWarning(text, "StllrWarning"));
		this.#maxBytes = integer("maxBytes", options.maxBytes, 1, 2 ** 32, 2 ** 30);
	}

	/**
	 * Replaces the file; the one before becomes `path.previous`. Resolves when these bytes, or those of a later call, are
	 * on the disk and will be found there after a power cut. Of the calls that come while another writes, the last alone
	 * is carried out, and all of them settle as it does. The bytes must stay as they are until then.
	 *
	 * @throws {StorageError} where they could not be written: the files are as they were, or the new one is whole in its
	 * place but may not outlast a power cut
	 * @throws {OptionError} where there are more than `maxBytes`
	 */
	async write(bytes: Uint8Array): Promise<void> {
		if (!(bytes instanceof Uint8Array)) throw new OptionError("bytes", bytes, "a Uint8Array");
		if (bytes.length > this.#maxBytes) {
			throw new OptionError("bytes", bytes.length, `at most ${this.#maxBytes} bytes (maxBytes)`);
		}
		await inLine(this.#files, this.path, () => this.#replace(bytes));
	}

	/**
	 * The newest file that is whole. Where that is the older one, `warn` is told.
	 *
	 * @throws {StorageError} of kind `"missing"` where nothing was ever saved; of another where nothing that is there can be used
	 */
	async read(): Promise<Saved> {
		const path = await this.#resolve();
		const newest = await this.#load(path);
		if (!(newest instanceof StorageError)) {
			this.#whole = newest.identity;
			return { bytes: newest.bytes, generation: "newest" };
		}
		const previous = await this.#load(previousOf(path));
		if (previous instanceof StorageError) throw neither(path, newest, previous);
		const warning = `${newest.message}; ${previousOf(path)}, the save before it, is loaded instead`;
		this.#warn(warning);
		return { bytes: previous.bytes, generation: "previous", warning };
	}

	#resolve(): Promise<string> {
		return named("resolve", this.path, () => this.#files.resolve(this.path));
	}

	async #replace(bytes: Uint8Array): Promise<void> {
		const files = this.#files;
		try {
			const path = await this.#resolve();
			const folder = dirname(path);
			// A folder that cannot be listed may be written to all the same; one that is not there refuses the next call.
			this.#isSwept ||= await sweep(files, path).then(
				() => true,
				() => false,
			);
			const current = await this.#current(path);
			this.#whole = await withTemporary(files, path, async (temporary) => {
				const file = await named("create", temporary, () => files.create(temporary, current?.mode ?? 0o666));
				const identity = await writeWhole(file, temporary, bytes);
				if (current !== undefined) await this.#keep(path, current.damage);
				await named("rename", path, () => files.rename(temporary, path));
				return identity;
			});
			await this.#syncFolder(folder, path);
		} catch (cause) {
			// A writer that died since may have left what fills the disk.
			this.#isSwept = false;
			throw failure("write", this.path, cause);
		}
	}

	/** The file that is to be replaced, and what is wrong with it. */
	async #current(path: string): Promise<{ readonly mode: number; readonly damage?: string } | undefined> {
		let stat: FileStat;
		try {
			stat = await this.#files.stat(path);
		} catch (cause) {
			if (codeOf(cause) === "ENOENT") return undefined;
			throw failure("stat", path, cause);
		}
		if (!stat.isFile) throw noFile(path, "write");
		const { mode } = stat;
		if (stat.identity === this.#whole) return { mode };
		const loaded = await this.#load(path);
		if (!(loaded instanceof StorageError)) return { mode };
		// Another process without links is about to replace it.
		return loaded.kind === "missing" ? undefined : { mode, damage: loaded.message };
	}

	/** Gives the current file another name; where there are links, it has both until it is replaced. */
	async #keep(path: string, damage: string | undefined): Promise<void> {
		const files = this.#files;
		// In place of the previous file, a damaged one would leave no whole one until the new one has its name.
		const keptAs = damage === undefined ? previousOf(path) : `${path}.damaged`;
		const isLinked = await withTemporary(files, path, async (temporary) => {
			try {
				await files.link(path, temporary);
			} catch (cause) {
				const code = codeOf(cause);
				// Another process without links has just given it its other name.
				if (code === "ENOENT") return true;
				if (code !== undefined && NO_LINKS.has(code)) return false;
				throw failure("link", path, cause);
			}
			await named("rename", keptAs, () => files.rename(temporary, keptAs));
			return true;
		});
		if (damage !== undefined) {
			// Without links it is not moved: another process may have put a whole one in its place by now.
			this.#warn(`${damage}; it is replaced${isLinked ? `, and kept as ${keptAs}` : ""}`);
			return;
		}
		if (isLinked) return;
		try {
			await files.rename(path, keptAs);
		} catch (cause) {
			if (codeOf(cause) !== "ENOENT") throw failure("rename", keptAs, cause);
		}
	}

	async #syncFolder(folder: string, path: string): Promise<void> {
		try {
			await this.#files.syncFolder(folder);
		} catch (cause) {
			if (codeOf(cause) !== "ENOTSUP") throw failure("sync of the folder", path, cause);
			if (!this.#hasWarnedOfFolders) {
				this.#warn(
					`${folder}: this file system cannot sync a folder; a power cut may bring back the save before the last`,
				);
			}
			this.#hasWarnedOfFolders = true;
		}
	}

	async #load(path: string): Promise<Loaded> {
		try {
			const file = await this.#files.open(path);
			try {
				const { isFile, sizeBytes, identity } = await file.stat();
				if (!isFile) return noFile(path, "read");
				if (sizeBytes > this.#maxBytes) {
					const reason = `it has ${sizeBytes} bytes; allowed: at most ${this.#maxBytes} (maxBytes)`;
					return new StorageError("too-large", path, "read", reason);
				}
				const bytes = await readWhole(file, sizeBytes);
				try {
					await this.#validate(bytes);
				} catch (cause) {
					return new StorageError("invalid", path, "check", textOf(cause), { cause });
				}
				return { bytes, identity };
			} finally {
				// Nothing was written to it: there is nothing that closing could lose.
				await file.close().catch(() => undefined);
			}
		} catch (cause) {
			if (codeOf(cause) === "ENOENT")
				return new StorageError("missing", path, "open", "nothing is saved there", { cause });
			return failure("read", path, cause);
		}
	}
}

/** Writes, syncs and closes; what the file is then, as long as nobody writes to it. */
async function writeWhole(file: OpenFile, path: string, bytes: Uint8Array): Promise<string> {
	let isClosed = false;
	try {
		for (let offset = 0; offset < bytes.length; ) {
			const part = bytes.subarray(offset, offset + PART_BYTES);
			const written = await named("write", path, () => file.write(part, offset));
			if (written === 0)
				throw new StorageError("failed", path, "write", "the system takes no bytes and says no reason");
			offset += written;
		}
		await named("sync", path, () => file.sync());
		const { identity } = await named("stat", path, () => file.stat());
		isClosed = true;
		await named("close", path, () => file.close());
		return identity;
	} finally {
		if (!isClosed) await file.close().catch(() => undefined);
	}
}

/** The bytes of a file that had so many; fewer where it has been cut since. */
async function readWhole(file: OpenFile, sizeBytes: number): Promise<Uint8Array> {
	const bytes = new Uint8Array(sizeBytes);
	let offset = 0;
	while (offset < sizeBytes) {
		const count = await file.read(bytes.subarray(offset, offset + PART_BYTES), offset);
		if (count === 0) break;
		offset += count;
	}
	return bytes.subarray(0, offset);
}

function previousOf(path: string): string {
	return `${path}.previous`;
}

function noFile(path: string, operation: string): StorageError {
	return new StorageError("no-file", path, operation, "what is there is no file but a folder or a device");
}

function neither(path: string, newest: StorageError, previous: StorageError): StorageError {
	if (previous.kind === "missing") return newest;
	const kind = newest.kind === "missing" ? previous.kind : newest.kind;
	const cause = new AggregateError([newest, previous]);
	return new StorageError(kind, path, "read", `neither save can be used: ${newest.message}; ${previous.message}`, {
		cause,
	});
}
