// Temporary files: their names say whose they are, so that those of dead writers can be told from those in use.

import { randomBytes } from "node:crypto";
import { basename, dirname, join } from "node:path";
import type { Files } from "./files.js";

/** Those that this thread is using. */
const inUse = new Set<string>();

/** Runs with the name of a temporary file beside `path`, which nobody else has; it is gone afterwards, where it can be. */
export async function withTemporary<T>(files: Files, path: string, use: (temporary: string) => Promise<T>): Promise<T> {
	const temporary = `${path}.${files.owner}.${randomBytes(8).toString("hex")}.tmp`;
	inUse.add(temporary);
	try {
		return await use(temporary);
	} finally {
		// Most often a rename has taken it; where a disk failed, the next writer tries again.
		await files.unlink(temporary).catch(() => undefined);
		inUse.delete(temporary);
	}
}

/** Removes the temporary files of `path` whose writers are gone. */
export async function sweep(files: Files, path: string): Promise<void> {
	const folder = dirname(path);
	const start = `${basename(path)}.`;
	for (const name of await files.list(folder)) {
		if (!name.startsWith(start)) continue;
		const owner = /^([\w-]+)\.[0-9a-f]{16}\.tmp$/.exec(name.slice(start.length))?.[1];
		const temporary = join(folder, name);
		if (owner === undefined || inUse.has(temporary) || !files.isGone(owner)) continue;
		// Another sweeper may have been faster.
		await files.unlink(temporary).catch(() => undefined);
	}
}
