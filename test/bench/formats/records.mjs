// Formats of records of one size, each for test/bench/decode.mjs: the sensor, a writer, and a plain decoder.

const text = (lines) => new TextEncoder().encode(lines);

/** A head, then `size` bytes an event as `put` writes them. */
function records({ t, x, y, p }, head, size, put) {
	const made = new Uint8Array(head.length + size * t.length);
	made.set(head);
	const view = new DataView(made.buffer, head.length);
	for (const at of t.keys()) put(view, size * at, t[at], x[at], y[at], p[at]);
	return made;
}

/** Calls `take` with the place of each record. */
function each(bytes, head, size, take) {
	const view = new DataView(bytes.buffer, bytes.byteOffset);
	let count = 0;
	for (let at = head.length; at < bytes.length; at += size) take(view, at, count++);
	return count;
}

const SMALL = { width: 240, height: 180 };
const NONE = new Uint8Array(0);

const bin = {
	sensor: SMALL,
	write: (made) =>
		records(made, NONE, 5, (view, at, t, x, y, p) => {
			view.setUint32(at + 1, (p << 23) | t);
			view.setUint8(at, x);
			view.setUint8(at + 1, y);
			view.setUint8(at + 2, (p << 7) | (t >> 16));
		}),
	plain: (bytes, { t, x, y, p }) =>
		each(bytes, NONE, 5, (view, at, to) => {
			const word = view.getUint32(at + 1);
			t[to] = word & 0x7fffff;
			x[to] = view.getUint8(at);
			y[to] = word >>> 24;
			p[to] = (word >> 23) & 1;
		}),
};

const bs1 = {
	sensor: { width: 1280, height: 1 },
	write: (made) =>
		records(made, NONE, 5, (view, at, t, x, _y, p) => {
			view.setUint8(at + 4, t);
			view.setUint32(at, (x << 16) | (p << 15) | (t >> 8));
		}),
	plain: (bytes, { t, x, y, p }) =>
		each(bytes, NONE, 5, (view, at, to) => {
			t[to] = view.getUint32(at + 1) & 0x7fffff;
			x[to] = view.getUint16(at);
			y[to] = 0;
			p[to] = view.getUint8(at + 2) >> 7;
		}),
};

const bs3 = {
	sensor: { width: 1280, height: 720 },
	write: (made) =>
		records(made, NONE, 7, (view, at, t, x, y, p) => {
			view.setUint32(at + 3, t);
			view.setUint16(at, (x << 4) | (y >> 8));
			view.setUint8(at + 2, y);
			view.setUint8(at + 3, p);
		}),
	plain: (bytes, { t, x, y, p }) =>
		each(bytes, NONE, 7, (view, at, to) => {
			const both = view.getUint16(at);
			t[to] = view.getUint32(at + 3) & 0xffffff;
			x[to] = both >> 4;
			y[to] = ((both & 15) << 8) | view.getUint8(at + 2);
			p[to] = view.getUint8(at + 3);
		}),
};

const DAVIS = text("#!AER-DAT2.0\r\n# AEChip: eu.seebetter.ini.chips.davis.Davis346blue\r\n#End Of ASCII Header\r\n");

const aedat2 = {
	sensor: { width: 346, height: 260 },
	write: (made) =>
		records(made, DAVIS, 8, (view, at, t, x, y, p) => {
			view.setUint32(at, (y << 22) | (x << 12) | (p << 11));
			view.setUint32(at + 4, t);
		}),
	plain: (bytes, { t, x, y, p }) =>
		each(bytes, DAVIS, 8, (view, at, to) => {
			const word = view.getUint32(at);
			t[to] = view.getUint32(at + 4);
			x[to] = (word >> 12) & 0x3ff;
			y[to] = (word >> 22) & 0x1ff;
			p[to] = (word >> 11) & 1;
		}),
};

const DAT = Uint8Array.of(
	...text("% Data file containing CD events.\n% Version 2\n% Width 1280\n% Height 720\n"),
	12,
	8,
);

const dat = {
	sensor: { width: 1280, height: 720 },
	write: (made) =>
		records(made, DAT, 8, (view, at, t, x, y, p) => {
			view.setUint32(at, t, true);
			view.setUint32(at + 4, x | (y << 14) | (p << 28), true);
		}),
	plain: (bytes, { t, x, y, p }) =>
		each(bytes, DAT, 8, (view, at, to) => {
			const word = view.getUint32(at + 4, true);
			t[to] = view.getUint32(at, true);
			x[to] = word & 0x3fff;
			y[to] = (word >> 14) & 0x3fff;
			p[to] = (word >> 28) & 1;
		}),
};

const FIELDS =
	"{'descr': [('t', '<i8'), ('x', '<i2'), ('y', '<i2'), ('p', '|i1')], 'fortran_order': False, 'shape': (N,), }";

/** The head of an array of so many events, padded to 128 bytes. */
function npyHead(count) {
	const dictionary = FIELDS.replace("N", String(count))
		.padEnd(127 - 10)
		.concat("\n");
	return Uint8Array.of(0x93, ...text("NUMPY"), 1, 0, dictionary.length, 0, ...text(dictionary));
}

const npy = {
	sensor: { width: 1280, height: 720 },
	write: (made) =>
		records(made, npyHead(made.t.length), 13, (view, at, t, x, y, p) => {
			view.setUint32(at, t, true);
			view.setUint16(at + 8, x, true);
			view.setUint16(at + 10, y, true);
			view.setUint8(at + 12, p);
		}),
	plain: (bytes, { t, x, y, p }) =>
		each(bytes, npyHead(0), 13, (view, at, to) => {
			t[to] = view.getUint32(at, true) + view.getInt32(at + 4, true) * 2 ** 32;
			x[to] = view.getUint16(at + 8, true);
			y[to] = view.getUint16(at + 10, true);
			p[to] = view.getUint8(at + 12);
		}),
};

/** By name. `code` is the format's number in the Rust source. */
export const RECORDS = {
	bin: { code: 0, ...bin },
	bs2: { code: 1, ...bin },
	bs1: { code: 2, ...bs1 },
	bs3: { code: 3, ...bs3 },
	aedat2: { code: 4, ...aedat2 },
	dat: { code: 6, ...dat },
	npy: { code: 13, ...npy },
};
