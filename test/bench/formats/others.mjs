// Packets, differences and text, each for test/bench/decode.mjs: the sensor, a writer, and a plain decoder.
import { writeEvents } from "stllr";

const SENSOR = { width: 1280, height: 720 };
const PACKET = 4096;

/** All that the package's writer gives of these events, some thousand a packet. */
async function written(made, format) {
	async function* chunks() {
		for (let at = 0; at < made.t.length; at += PACKET) {
			const [t, x, y, p] = [made.t, made.x, made.y, made.p].map((of) => of.slice(at, at + PACKET));
			yield { t: Float64Array.from(t), x: Uint16Array.from(x), y: Uint16Array.from(y), p: Uint8Array.from(p) };
		}
	}
	const parts = [];
	for await (const part of writeEvents(chunks(), format, { sensor: SENSOR })) parts.push(part.slice());
	return new Uint8Array(Buffer.concat(parts));
}

const viewOf = (bytes) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

const AEDAT3 = new TextEncoder().encode("#!AER-DAT3.1\r\n#Format: RAW\r\n#Source 1: DVS128\r\n#!END-HEADER\r\n");

const aedat3 = {
	sensor: { width: 128, height: 128 },
	write({ t, x, y, p }) {
		const packets = Math.ceil(t.length / PACKET);
		const made = new Uint8Array(AEDAT3.length + 28 * packets + 8 * t.length);
		made.set(AEDAT3);
		const view = viewOf(made);
		let to = AEDAT3.length;
		for (let first = 0; first < t.length; first += PACKET) {
			const count = Math.min(PACKET, t.length - first);
			view.setInt16(to, 1, true);
			for (const [at, number] of [8, 4, 0, count, count, count].entries()) view.setInt32(to + 4 + 4 * at, number, true);
			to += 28;
			for (let at = first; at < first + count; at += 1, to += 8) {
				view.setUint32(to, (x[at] << 17) | (y[at] << 2) | (p[at] << 1) | 1, true);
				view.setInt32(to + 4, t[at], true);
			}
		}
		return made;
	},
	plain(bytes, { t, x, y, p }) {
		const view = viewOf(bytes);
		let count = 0;
		for (let at = AEDAT3.length; at < bytes.length; ) {
			const end = at + 28 + 8 * view.getInt32(at + 20, true);
			for (at += 28; at < end; at += 8) {
				const word = view.getUint32(at, true);
				t[count] = view.getInt32(at + 4, true);
				x[count] = word >>> 17;
				y[count] = (word >> 2) & 0x7fff;
				p[count] = (word >> 1) & 1;
				count += 1;
			}
		}
		return count;
	},
};

const aedat4 = {
	sensor: SENSOR,
	write: (made) => written(made, "aedat4"),
	plain(bytes, { t, x, y, p }) {
		const view = viewOf(bytes);
		let count = 0;
		for (let at = 18 + view.getUint32(14, true); at < bytes.length; ) {
			const next = at + 8 + view.getInt32(at + 4, true);
			// A flatbuffer behind its size: the table, its first field, the list of events.
			const table = at + 12 + view.getUint32(at + 12, true);
			const field = table + view.getUint16(table - view.getInt32(table, true) + 4, true);
			const list = field + view.getUint32(field, true);
			const end = list + 4 + 16 * view.getUint32(list, true);
			for (let event = list + 4; event < end; event += 16) {
				t[count] = view.getUint32(event, true) + view.getInt32(event + 4, true) * 2 ** 32;
				x[count] = view.getInt16(event + 8, true);
				y[count] = view.getInt16(event + 10, true);
				p[count] = view.getUint8(event + 12);
				count += 1;
			}
			at = next;
		}
		return count;
	},
};

const es = {
	sensor: SENSOR,
	write: (made) => written(made, "es"),
	plain(bytes, { t, x, y, p }) {
		const view = viewOf(bytes);
		let [count, us] = [0, 0];
		for (let at = 20; at < bytes.length; ) {
			const first = bytes[at];
			if (first === 255) {
				us += 127;
				at += 1;
				continue;
			}
			us += first >> 1;
			t[count] = us;
			x[count] = view.getUint16(at + 1, true);
			y[count] = view.getUint16(at + 3, true);
			p[count] = first & 1;
			count += 1;
			at += 5;
		}
		return count;
	},
};

const text = {
	sensor: SENSOR,
	write: (made) => written(made, "csv"),
	plain(bytes, { t, x, y, p }) {
		const columns = [t, x, y, p];
		let [count, column, number] = [0, 0, 0];
		for (let at = bytes.indexOf(10) + 1; at < bytes.length; at += 1) {
			const byte = bytes[at];
			if (byte >= 48 && byte <= 57) {
				number = 10 * number + byte - 48;
				continue;
			}
			columns[column][count] = number;
			number = 0;
			column += 1;
			if (byte === 10) {
				count += 1;
				column = 0;
			}
		}
		return count;
	},
};

/** By name. `code` is the format's number in the Rust source. */
export const OTHERS = {
	aedat3: { code: 5, ...aedat3 },
	es: { code: 10, ...es },
	aedat4: { code: 11, ...aedat4 },
	text: { code: 12, ...text },
};
