// What looking at files of events and of sound has in common.

import { closeSync, openSync, readSync } from "node:fs";

/** A path, or standard input of which the beginning has been read. */
export type Source = string | AsyncIterable<Uint8Array>;

/** Enough of a file's beginning to tell whether it is sound, or its arrays lie apart. */
const PEEK_BYTES = 4096;

/** Looks at the first bytes of a file (`-` is standard input), which come again from the source. A file that cannot be opened has none. */
export async function peek(file: string): Promise<{ source: Source; head: Uint8Array }> {
	if (file !== "-") return { source: file, head: headOf(file) };
	const input: AsyncIterator<Uint8Array> = process.stdin[Symbol.asyncIterator]();
	const parts: Uint8Array[] = [];
	let length = 0;
	while (length < PEEK_BYTES) {
		const { done, value } = await input.next();
		if (done === true) break;
		parts.push(value);
		length += value.length;
	}
	const source = async function* () {
		yield* parts;
		for (let next = await input.next(); next.done !== true; next = await input.next()) yield next.value;
	};
	return { source: source(), head: Buffer.concat(parts) };
}

function headOf(file: string): Uint8Array {
	const head = new Uint8Array(PEEK_BYTES);
	try {
		const handle = openSync(file, "r");
		try {
			return head.subarray(0, readSync(handle, head, 0, head.length, 0));
		} finally {
			closeSync(handle);
		}
	} catch {
		// Whoever reads it says why that fails.
		return head.subarray(0, 0);
	}
}

/** A bar for each stretch of time, in eighths of the tallest. */
export function chart(counts: readonly number[]): string {
	const most = Math.max(...counts);
	return counts.map((count) => (count === 0 ? " " : "▁▂▃▄▅▆▇█"[Math.ceil((8 * count) / most) - 1])).join("");
}

/** A stretch of time. */
export function seconds(us: number): string {
	return us < 10_000 ? `${us} us` : us < 1e6 ? `${Math.round(us / 1000)} ms` : `${(us / 1e6).toFixed(1)} s`;
}
