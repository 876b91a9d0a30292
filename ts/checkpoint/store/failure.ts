// The system's errors, as a reader understands them.

import { StorageError, type StorageErrorKind } from "../../errors.js";
import { codeOf } from "./node-files.js";

const reasons: Record<string, readonly [StorageErrorKind, string]> = {
	ENOSPC: ["full", "no space is left on the disk"],
	EDQUOT: ["full", "the user's share of the disk is used up"],
	EFBIG: ["full", "the file would be larger than the system allows"],
	EROFS: ["read-only", "the disk is read-only"],
	EACCES: ["denied", "the system does not permit it"],
	EPERM: ["denied", "the system does not permit it"],
	ENOENT: ["no-folder", "there is no such file or folder"],
	ENOTDIR: ["no-folder", "a part of the path is a file, not a folder"],
	EISDIR: ["no-file", "it is a folder, not a file"],
	EIO: ["failed", "the disk failed"],
	EMFILE: ["failed", "too many files are open"],
	ENAMETOOLONG: ["failed", "the name is too long"],
};

/** Runs one operation on one file; the system's errors become StorageErrors that name both. */
export async function named<T>(operation: string, file: string, call: () => Promise<T>): Promise<T> {
	try {
		return await call();
	} catch (cause) {
		throw failure(operation, file, cause);
	}
}

/** The StorageError of what a system threw. */
export function failure(operation: string, file: string, cause: unknown): StorageError {
	if (cause instanceof StorageError) return cause;
	const systemCode = codeOf(cause);
	const [kind, reason] = reasonOf(operation, systemCode) ?? (["failed", textOf(cause)] as const);
	const said = systemCode === undefined ? reason : `${reason} (${systemCode})`;
	return new StorageError(kind, file, operation, said, { cause, ...(systemCode !== undefined && { systemCode }) });
}

function reasonOf(operation: string, systemCode: string | undefined): readonly [StorageErrorKind, string] | undefined {
	// The folder was there when the temporary file was made.
	if (operation === "rename" && systemCode === "ENOENT") return ["failed", "somebody removed the temporary file"];
	return reasons[systemCode ?? ""];
}

/** An error's text; anything else as it prints. */
export function textOf(cause: unknown): string {
	return cause instanceof Error ? cause.message : String(cause);
}
