// NPZ: an array a field, as SpikingJelly and `numpy.savez_compressed` write them.

import { OptionError } from "../../errors.js";
import type { Events } from "../chunk.js";

const FIELDS = [
	{ name: "t", numbers: "<i8", bytes: (events: Events) => new BigInt64Array(Array.from(events.t, BigInt)) },
	{ name: "x", numbers: "<u2", bytes: ({ x }: Events) => x.slice() },
	{ name: "y", numbers: "<u2", bytes: ({ y }: Events) => y.slice() },
	{ name: "p", numbers: "|u1", bytes: ({ p }: Events) => p.slice() },
] as const;

/** What a zip without further headers can hold of times, of 8 bytes each. */
const MOST_EVENTS = 2 ** 29 - 1024;

/** See `writeEvents`. The chunks are gone over five times: to count, and once for each field. */
export async function* npz(chunks: AsyncIterable<Events>): AsyncGenerator<Uint8Array> {
	const { Zip, ZipDeflate } = await import("fflate");
	let count = 0;
	for await (const { t } of chunks) count += t.length;
	if (count > MOST_EVENTS) throw new OptionError("format", "npz", `another for ${count} events; npz: ${MOST_EVENTS}`);
	let pieces: Uint8Array[] = [];
	const zip = new Zip((error, piece) => {
		if (error) throw error;
		pieces.push(piece);
	});
	const written = () => {
		const ready = pieces;
		pieces = [];
		return ready;
	};
	for (const { name, numbers, bytes } of FIELDS) {
		const file = new ZipDeflate(`${name}.npy`);
		// The same chunks give the same bytes, whenever.
		file.mtime = new Date(1980, 0, 1);
		zip.add(file);
		file.push(head(numbers, count));
		let found = 0;
		for await (const chunk of chunks) {
			found += chunk.t.length;
			const { buffer } = bytes(chunk);
			file.push(new Uint8Array(buffer));
			yield* written();
		}
		if (found !== count) {
			throw new OptionError("chunks", `${found} events after ${count}`, "chunks that can be gone over again, for npz");
		}
		file.push(new Uint8Array(0), true);
		yield* written();
	}
	zip.end();
	yield* written();
}

/** As NumPy writes it: the numbers begin at a multiple of 64 bytes. */
function head(numbers: string, count: number): Uint8Array {
	const text = `{'descr': '${numbers}', 'fortran_order': False, 'shape': (${count},), }`;
	const made = new Uint8Array(128).fill(0x20);
	made.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, made.length - 10, 0]);
	made.set(new TextEncoder().encode(text), 10);
	made[made.length - 1] = 0x0a;
	return made;
}
