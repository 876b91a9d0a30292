// NPZ: an array a field, as SpikingJelly and `numpy.savez_compressed` write them.

import { OptionError } from "../../errors.js";
import { writeZip, type ZipFile } from "../../zip/write.js";
import type { Events } from "../chunk.js";

const FIELDS = [
	{ name: "t", numbers: "<i8", size: 8, values: (events: Events) => new BigInt64Array(Array.from(events.t, BigInt)) },
	{ name: "x", numbers: "<u2", size: 2, values: ({ x }: Events) => x.slice() },
	{ name: "y", numbers: "<u2", size: 2, values: ({ y }: Events) => y.slice() },
	{ name: "p", numbers: "|u1", size: 1, values: ({ p }: Events) => p.slice() },
] as const;

/** See `writeEvents`. The chunks are gone over five times: to count, and once for each field. */
export async function* npz(chunks: AsyncIterable<Events>): AsyncGenerator<Uint8Array> {
	let count = 0;
	for await (const { t } of chunks) count += t.length;
	const files = FIELDS.map((field): ZipFile => {
		const first = head(field.numbers, count);
		const parts = async function* () {
			yield first;
			let found = 0;
			for await (const chunk of chunks) {
				found += chunk.t.length;
				if (found > count) break;
				yield new Uint8Array(field.values(chunk).buffer);
			}
			if (found !== count) {
				const what = `${found} events after ${count}`;
				throw new OptionError("chunks", what, "chunks that can be gone over again, for npz");
			}
		};
		return { name: `${field.name}.npy`, size: first.length + field.size * count, parts: parts() };
	});
	yield* writeZip(files);
}

/** As NumPy writes it: the numbers begin at a multiple of 64 bytes. */
function head(numbers: string, count: number): Uint8Array<ArrayBuffer> {
	const text = `{'descr': '${numbers}', 'fortran_order': False, 'shape': (${count},), }`;
	const made = new Uint8Array(128).fill(0x20);
	made.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, made.length - 10, 0]);
	made.set(new TextEncoder().encode(text), 10);
	made[made.length - 1] = 0x0a;
	return made;
}
