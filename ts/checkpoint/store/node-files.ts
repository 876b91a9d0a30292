// Files of Node.

import { type BigIntStats, constants } from "node:fs";
import { type FileHandle, link, open, readdir, readlink, realpath, rename, stat, unlink } from "node:fs/promises";
import { threadId } from "node:worker_threads";
import type { FileStat, Files, OpenFile } from "./files.js";

/** Node's file system. A thread is a writer. */
export const nodeFiles: Files = {
	owner: `${process.pid}-${threadId}`,
	isGone,
	async resolve(path) {
		try {
			return await realpath(path);
		} catch (error) {
			if (codeOf(error) !== "ENOENT") throw error;
			// A link that leads nowhere must not be replaced: the disk it leads to may not be there yet.
			const target = await readlink(path).catch(() => undefined);
			if (target !== undefined) throw error;
			return path;
		}
	},
	stat: async (path) => statOf(await stat(path, { bigint: true })),
	create: async (path, mode) => opened(await open(path, "wx", mode)),
	// Opening a pipe must not wait for somebody to write to it. Windows has neither pipes of this kind nor the flag.
	open: async (path) => opened(await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))),
	link,
	rename,
	unlink,
	list: (folder) => readdir(folder),
	syncFolder,
};

/** The system's word for an error, where it has one. */
export function codeOf(error: unknown): string | undefined {
	if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
	return typeof error.code === "string" ? error.code : undefined;
}

function isGone(owner: string): boolean {
	const [pid = 0, thread] = owner.split("-").map(Number);
	// A process of our number that was another's: only the thread tells. Our own files are known to the store.
	if (pid === process.pid) return thread === threadId;
	try {
		process.kill(pid, 0);
		return false;
	} catch (error) {
		// EPERM: somebody else's, and alive.
		return codeOf(error) === "ESRCH";
	}
}

async function syncFolder(folder: string): Promise<void> {
	// Windows opens no folders; its file systems keep the order of renames in their journal.
	if (process.platform === "win32") return;
	const handle = await open(folder, "r");
	try {
		await handle.sync();
	} catch (error) {
		// What file systems without such a thing say.
		if (codeOf(error) !== "EINVAL" && codeOf(error) !== "ENOSYS") throw error;
		throw Object.assign(new Error("this file system cannot sync a folder", { cause: error }), { code: "ENOTSUP" });
	} finally {
		await handle.close();
	}
}

function opened(handle: FileHandle): OpenFile {
	return {
		read: async (into, offset) => (await handle.read(into, 0, into.length, offset)).bytesRead,
		write: async (bytes, offset) => (await handle.write(bytes, 0, bytes.length, offset)).bytesWritten,
		sync: () => handle.sync(),
		stat: async () => statOf(await handle.stat({ bigint: true })),
		close: () => handle.close(),
	};
}

function statOf(stats: BigIntStats): FileStat {
	return {
		isFile: stats.isFile(),
		sizeBytes: Number(stats.size),
		mode: Number(stats.mode & 0o777n),
		identity: [stats.dev, stats.ino, stats.size, stats.mtimeNs].join(":"),
	};
}
