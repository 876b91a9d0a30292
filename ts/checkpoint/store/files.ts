// What a store asks of a file system: few operations, each of which can fail.
//
// Failures are the system's errors, with a `code` as "ENOSPC". An operation that a file system does not have at all
// fails with "ENOTSUP" (`link`, `syncFolder`); the store then does without.

/** What a file system knows about a file. */
export interface FileStat {
	readonly isFile: boolean;
	readonly sizeBytes: number;
	/** Permissions, as in POSIX: 0o600. */
	readonly mode: number;
	/** Equal only where it is the same file and nobody has written to it since. */
	readonly identity: string;
}

/** An open file. */
export interface OpenFile {
	/** Reads into all of `into` or less, from a byte offset of the file on; returns how many bytes, 0 at the end. */
	read(into: Uint8Array, offset: number): Promise<number>;
	/** Writes all of `bytes` or less at a byte offset of the file; returns how many bytes. */
	write(bytes: Uint8Array, offset: number): Promise<number>;
	/** Returns when the file's bytes are on the disk. */
	sync(): Promise<void>;
	stat(): Promise<FileStat>;
	close(): Promise<void>;
}

/** A file system, as one writer sees it. */
export interface Files {
	/** This writer's name, of letters, digits and `-`. */
	readonly owner: string;
	/** Is the writer of this name certainly no more? */
	isGone(owner: string): boolean;
	/** The path behind symbolic links; the path itself where nothing is there yet. */
	resolve(path: string): Promise<string>;
	stat(path: string): Promise<FileStat>;
	/** Creates a file, which must not be there, to write to. */
	create(path: string, mode: number): Promise<OpenFile>;
	/** Opens a file to read it. */
	open(path: string): Promise<OpenFile>;
	/** A second name, which must not be taken, for a file. */
	link(from: string, to: string): Promise<void>;
	/** Another name for a file; what had that name is replaced in one step. */
	rename(from: string, to: string): Promise<void>;
	unlink(path: string): Promise<void>;
	/** The names of all files of a folder. */
	list(folder: string): Promise<string[]>;
	/** Returns when the names of the folder's files are on the disk. */
	syncFolder(folder: string): Promise<void>;
}
