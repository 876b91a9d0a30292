// A file system in memory that says what a power cut would leave, and in which any one operation can go wrong.
//
// What is certain after a power cut: the bytes of a file up to its last sync, and the names of the folder up to its last
// sync. Of what came since, each change may have reached the disk or not, in any order: names one by one (a rename is two
// changes, of which the second needs the first), bytes sector by sector, a file's length before its bytes.
import type { FileStat, Files, OpenFile } from "stllr/store";

/** What an operation does in place of what it should. */
export type Fault =
	/** It fails and does nothing. */
	| "fail"
	/** It does what it should and says that it failed. */
	| "fail-late"
	/** It does half of it (writes and reads alone can), and says so. */
	| "short"
	/** It does half of it and says that the disk is full. */
	| "full"
	/** The power is cut before it. */
	| "cut"
	/** The power is cut in the middle: a write has written half. */
	| "cut-half"
	/** The power is cut when it is done. */
	| "cut-late";

export const faults: readonly Fault[] = ["fail", "fail-late", "short", "full", "cut", "cut-half", "cut-late"];

/** The power is gone: no operation does anything any more. */
export class PowerCut extends Error {}

/** A sector, small so that a small file has several. */
const SECTOR = 8;

/** A file's bytes, whatever its names are. */
interface Inode {
	readonly id: number;
	mode: number;
	/** How often somebody has written to it. */
	version: number;
	/** As programs see it. */
	bytes: Uint8Array;
	/** As it certainly is on the disk. */
	synced: Uint8Array;
	/** A sync has failed: the system has forgotten what was not on the disk, and later syncs say that all is well. */
	isForgotten: boolean;
}

/** One change of a folder: a name that is given to a file, or taken from it. */
interface Change {
	readonly name: string;
	readonly inode: Inode;
	readonly isGiven: boolean;
	/** Takes place only where this one does. */
	readonly after?: Change;
}

/** Where chance is asked, so that all its answers can be gone through. */
export interface Chance {
	/** An integer from 0 to `count` - 1. */
	below(count: number): number;
}

/** The disk. All files are in one folder, `/data`. */
export class Disk {
	readonly hasLinks: boolean;
	readonly names = new Map<string, Inode>();
	readonly #synced = new Map<string, Inode>();
	#changes: Change[] = [];
	#inodes = 0;
	/** Operations so far. */
	operations = 0;
	/** What each was. */
	readonly log: string[] = [];
	/** What goes wrong, and at which operation. */
	fault: { readonly at: number; readonly kind: Fault } | undefined;
	/** All operations from now on fail with this. */
	refusal: string | undefined;
	isCut = false;
	readonly living = new Set<string>();

	constructor(options: { hasLinks?: boolean } = {}) {
		this.hasLinks = options.hasLinks ?? true;
	}

	/** This file system for one writer, who lives until `kill`. `turn` is waited for before each operation. */
	files(owner: string, turn: () => Promise<void> = async () => undefined): Files {
		this.living.add(owner);
		return new MemoryFiles(this, owner, turn);
	}

	/** How many changes a power cut could undo. */
	get uncertain(): number {
		return this.#changes.length;
	}

	/** Puts a file there that has always been there. */
	place(name: string, bytes: Uint8Array): void {
		const inode = this.inode(0o644);
		inode.bytes = bytes.slice();
		inode.synced = bytes.slice();
		this.names.set(name, inode);
		this.#synced.set(name, inode);
	}

	inode(mode: number): Inode {
		this.#inodes += 1;
		const empty = new Uint8Array();
		return { id: this.#inodes, mode, version: 0, bytes: empty, synced: empty, isForgotten: false };
	}

	change(name: string, inode: Inode, isGiven: boolean, after?: Change): Change {
		const change = { name, inode, isGiven, ...(after !== undefined && { after }) };
		apply(this.names, change);
		this.#changes.push(change);
		return change;
	}

	syncNames(): void {
		this.#synced.clear();
		for (const [name, inode] of this.names) this.#synced.set(name, inode);
		this.#changes = [];
	}

	/** The disk after a power cut. */
	afterCut(chance: Chance): Disk {
		const names = new Map(this.#synced);
		const done = new Set<Change>();
		for (const change of this.#changes) {
			if (chance.below(2) === 0 || (change.after !== undefined && !done.has(change.after))) continue;
			done.add(change);
			apply(names, change);
		}
		const left = new Map<Inode, Uint8Array>();
		for (const inode of names.values()) if (!left.has(inode)) left.set(inode, remains(inode, chance));
		return this.#copy(names, left);
	}

	/** The disk after the process was killed: the system writes all that it was given. */
	afterKill(): Disk {
		return this.#copy(this.names, new Map([...this.names.values()].map((inode) => [inode, inode.bytes])));
	}

	#copy(names: Map<string, Inode>, bytes: Map<Inode, Uint8Array>): Disk {
		const disk = new Disk({ hasLinks: this.hasLinks });
		const copies = new Map<Inode, Inode>();
		for (const [name, inode] of names) {
			const copy = copies.get(inode) ?? disk.inode(inode.mode);
			copies.set(inode, copy);
			copy.bytes = (bytes.get(inode) ?? new Uint8Array()).slice();
			copy.synced = copy.bytes.slice();
			disk.names.set(name, copy);
			disk.#synced.set(name, copy);
		}
		return disk;
	}

	/** Runs one operation, or what a fault makes of it. `half` does half of it; without, half is nothing. */
	run<T>(what: string, whole: () => T, half?: () => T): T {
		if (this.isCut) throw new PowerCut();
		const at = this.operations;
		this.operations += 1;
		this.log.push(what);
		if (this.refusal !== undefined && /^(write|create|link|rename|unlink)/.test(what)) throw systemError(this.refusal);
		const kind = this.fault?.at === at ? this.fault.kind : undefined;
		switch (kind) {
			case undefined:
				return whole();
			case "fail":
				throw systemError("EIO");
			case "fail-late":
				whole();
				throw systemError("EIO");
			case "short":
				return half === undefined ? whole() : half();
			case "full":
				half?.();
				throw systemError("ENOSPC");
			case "cut-half":
				half?.();
				break;
			case "cut-late":
				whole();
				break;
			case "cut":
				break;
		}
		this.isCut = true;
		throw new PowerCut();
	}
}

export function systemError(code: string): Error {
	return Object.assign(new Error(`${code}: as was asked for`), { code });
}

function apply(names: Map<string, Inode>, { name, inode, isGiven }: Change): void {
	if (isGiven) names.set(name, inode);
	else if (names.get(name) === inode) names.delete(name);
}

/** What a power cut leaves of a file's bytes. */
function remains(inode: Inode, chance: Chance): Uint8Array {
	const { bytes, synced } = inode;
	if (same(bytes, synced)) return synced;
	const way = chance.below(4);
	if (way === 0) return synced;
	if (way === 1) return bytes;
	// The length of the new, and some of its sectors: elsewhere the old ones, or nothing where it had none.
	const left = new Uint8Array(way === 2 ? bytes.length : SECTOR * chance.below(Math.ceil(bytes.length / SECTOR)));
	left.set(synced.subarray(0, left.length));
	for (let at = 0; at < left.length; at += SECTOR) {
		if (chance.below(2) === 1) left.set(bytes.subarray(at, Math.min(at + SECTOR, left.length)), at);
	}
	return left;
}

function same(a: Uint8Array, b: Uint8Array): boolean {
	return a.length === b.length && a.every((byte, at) => byte === b[at]);
}

class MemoryFiles implements Files {
	readonly owner: string;
	readonly #disk: Disk;
	readonly #turn: () => Promise<void>;

	constructor(disk: Disk, owner: string, turn: () => Promise<void>) {
		this.#disk = disk;
		this.owner = owner;
		this.#turn = turn;
	}

	isGone(owner: string): boolean {
		return owner === this.owner || !this.#disk.living.has(owner);
	}

	async #run<T>(what: string, whole: () => T, half?: () => T): Promise<T> {
		await this.#turn();
		return this.#disk.run(what, whole, half);
	}

	resolve(path: string): Promise<string> {
		return this.#run(`resolve ${path}`, () => path);
	}

	stat(path: string): Promise<FileStat> {
		return this.#run(`stat ${path}`, () => statOf(this.#find(path)));
	}

	create(path: string, mode: number): Promise<OpenFile> {
		return this.#run(`create ${path}`, () => {
			this.#mustBeFree(path);
			const inode = this.#disk.inode(mode);
			this.#disk.change(path, inode, true);
			return this.#opened(path, inode);
		});
	}

	open(path: string): Promise<OpenFile> {
		return this.#run(`open ${path}`, () => this.#opened(path, this.#find(path)));
	}

	link(from: string, to: string): Promise<void> {
		return this.#run(`link ${from} ${to}`, () => {
			if (!this.#disk.hasLinks) throw systemError("EPERM");
			const inode = this.#find(from);
			this.#mustBeFree(to);
			this.#disk.change(to, inode, true);
		});
	}

	rename(from: string, to: string): Promise<void> {
		return this.#run(`rename ${from} ${to}`, () => {
			const inode = this.#find(from);
			// POSIX: two names of one file stay as they are.
			if (this.#disk.names.get(to) === inode) return;
			const given = this.#disk.change(to, inode, true);
			this.#disk.change(from, inode, false, given);
		});
	}

	unlink(path: string): Promise<void> {
		return this.#run(`unlink ${path}`, () => {
			this.#disk.change(path, this.#find(path), false);
		});
	}

	list(folder: string): Promise<string[]> {
		return this.#run(`list ${folder}`, () => {
			const start = `${folder}/`;
			return [...this.#disk.names.keys()].map((path) => path.slice(start.length));
		});
	}

	syncFolder(folder: string): Promise<void> {
		return this.#run(`syncFolder ${folder}`, () => this.#disk.syncNames());
	}

	#find(path: string): Inode {
		const inode = this.#disk.names.get(path);
		if (inode === undefined) throw systemError("ENOENT");
		return inode;
	}

	#mustBeFree(path: string): void {
		if (this.#disk.names.has(path)) throw systemError("EEXIST");
	}

	#opened(path: string, inode: Inode): OpenFile {
		const write = (bytes: Uint8Array, offset: number) => {
			const grown = new Uint8Array(Math.max(inode.bytes.length, offset + bytes.length));
			grown.set(inode.bytes);
			grown.set(bytes, offset);
			inode.bytes = grown;
			inode.version += 1;
			return bytes.length;
		};
		const read = (into: Uint8Array, offset: number) => {
			const part = inode.bytes.subarray(offset, offset + into.length);
			into.set(part);
			return part.length;
		};
		const half = (bytes: Uint8Array) => bytes.subarray(0, Math.ceil(bytes.length / 2));
		return {
			read: (into, offset) =>
				this.#run(
					`read ${path}`,
					() => read(into, offset),
					() => read(half(into), offset),
				),
			write: (bytes, offset) =>
				this.#run(
					`write ${path}`,
					() => write(bytes, offset),
					() => write(half(bytes), offset),
				),
			sync: async () => {
				try {
					await this.#run(`sync ${path}`, () => {
						if (!inode.isForgotten) inode.synced = inode.bytes;
					});
				} catch (error) {
					inode.isForgotten = true;
					throw error;
				}
			},
			stat: () => this.#run(`stat ${path}`, () => statOf(inode)),
			close: () => this.#run(`close ${path}`, () => undefined),
		};
	}
}

function statOf({ id, mode, version, bytes }: Inode): FileStat {
	return { isFile: true, sizeBytes: bytes.length, mode, identity: `${id}:${version}` };
}
