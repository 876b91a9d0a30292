// Files of some 40 MB, of a camera's events, for the tests of memory.

import { once } from "node:events";
import { createWriteStream, writeFileSync } from "node:fs";
import { type Zippable, zipSync } from "fflate";
import { File as Hdf5File, ready } from "h5wasm/node";
import { type Events, type WriteFormat, writeEvents } from "../../dist/index.js";
import { Random } from "../../dist/random.js";
import { RAW } from "../bench/formats/raw.mjs";

const SENSOR = { width: 1280, height: 720 };
const CHUNK = 1 << 14;

/** Events anywhere, some microseconds apart. */
function recording(count: number): Events {
	const random = new Random(1, 0);
	const made = {
		t: new Float64Array(count),
		x: new Uint16Array(count),
		y: new Uint16Array(count),
		p: new Uint8Array(count),
	};
	for (let at = 0, us = 0; at < count; at += 1) {
		us += random.below(3);
		made.t[at] = us;
		made.x[at] = random.below(SENSOR.width);
		made.y[at] = random.below(SENSOR.height);
		made.p[at] = random.below(2);
	}
	return made;
}

/** The events some thousand at a time, as often as they are asked for. */
function chunksOf({ t, x, y, p }: Events): AsyncIterable<Events> {
	return {
		async *[Symbol.asyncIterator]() {
			for (let at = 0; at < t.length; at += CHUNK) {
				const end = at + CHUNK;
				yield { t: t.subarray(at, end), x: x.subarray(at, end), y: y.subarray(at, end), p: p.subarray(at, end) };
			}
		},
	};
}

function npy(descr: string, values: ArrayBufferView, count: number): Uint8Array {
	const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${count},), }`.padEnd(117);
	const head = Buffer.from(`\x93NUMPY\x01\0v\0${text}\n`, "latin1");
	return Buffer.concat([head, new Uint8Array(values.buffer, values.byteOffset, values.byteLength)]);
}

/** By another writer than ours. */
function npz(events: Events, level: 0 | 6): Uint8Array {
	const count = events.t.length;
	const arrays = {
		t: npy(
			"<f8",
			events.t.map((us) => us / 1e6),
			count,
		),
		x: npy("<u2", events.x, count),
		y: npy("<u2", events.y, count),
		p: npy("|u1", events.p, count),
	};
	const files: Zippable = {};
	for (const [name, bytes] of Object.entries(arrays)) files[`${name}.npy`] = [new Uint8Array(bytes), { level }];
	return zipSync(files);
}

async function write(path: string, parts: AsyncIterable<Uint8Array>): Promise<void> {
	const to = createWriteStream(path);
	for await (const part of parts) if (!to.write(part.slice())) await once(to, "drain");
	to.end();
	await once(to, "close");
}

const written = (format: WriteFormat) => (path: string, events: Events) =>
	write(path, writeEvents(chunksOf(events), format, { sensor: SENSOR }));

async function hdf5(path: string, events: Events): Promise<void> {
	await ready;
	const file = new Hdf5File(path, "w");
	file.create_group("events");
	const columns = { ts: events.t.map((us) => us / 1e6), xs: events.x, ys: events.y, ps: events.p };
	for (const [name, data] of Object.entries(columns)) {
		const shape = [data.length];
		file.create_dataset({
			name: `events/${name}`,
			data,
			shape,
			chunks: [Math.min(data.length, 1 << 15)],
			compression: "gzip",
		});
	}
	file.close();
}

/** What writes a file of each kind, and how many events make 40 MB of it, or more. */
export const KINDS: readonly {
	readonly name: string;
	readonly ending: string;
	readonly events: number;
	/** Is it read by a library that is not ours? */
	readonly library?: boolean;
	readonly write: (path: string, events: Events) => Promise<void> | void;
}[] = [
	{ name: "npz, deflated", ending: "npz", events: 7.2e6, write: (to, events) => writeFileSync(to, npz(events, 6)) },
	{ name: "npz, stored", ending: "npz", events: 3.2e6, write: (to, events) => writeFileSync(to, npz(events, 0)) },
	{ name: "csv", ending: "csv", events: 2.6e6, write: written("csv") },
	{ name: "aedat4", ending: "aedat4", events: 2.6e6, write: written("aedat4") },
	{
		name: "evt3",
		ending: "raw",
		events: 7.2e6,
		write: (to, { t, x, y, p }) => writeFileSync(to, RAW.evt3.write({ t, x, y, p })),
	},
	{ name: "hdf5", ending: "h5", events: 7.2e6, library: true, write: hdf5 },
];

/** Writes a file of so many events, and gives the digest of them that `read.mjs` prints. */
export async function writeRecording(kind: (typeof KINDS)[number], path: string, count: number): Promise<number> {
	const { t, x, y, p } = recording(count);
	await kind.write(path, { t, x, y, p });
	let digest = 0;
	for (const [at, us] of t.entries()) {
		const sum = us + 7 * (x[at] ?? 0) + 11 * (y[at] ?? 0) + 13 * (p[at] ?? 0);
		digest = (Math.imul(digest, 31) + sum) | 0;
	}
	return digest;
}
