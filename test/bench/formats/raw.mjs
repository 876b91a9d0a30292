// Prophesee's RAW formats, each for test/bench/decode.mjs: the sensor, a writer, and a plain decoder.

const SENSOR = { width: 1280, height: 720 };

const headOf = (version) => new TextEncoder().encode(`% evt ${version}\n% geometry 1280x720\n% end\n`);

/** A head, then words. */
function file(head, words) {
	const body = new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
	const made = new Uint8Array(head.length + body.length);
	made.set(head);
	made.set(body, head.length);
	return made;
}

const viewOf = (bytes, head) => new DataView(bytes.buffer, bytes.byteOffset + head.length);

const EVT2 = headOf("2.0");

const evt2 = {
	sensor: SENSOR,
	write({ t, x, y, p }) {
		const words = [];
		let high = -1;
		for (const at of t.keys()) {
			if (t[at] >> 6 !== high) {
				high = t[at] >> 6;
				words.push(((8 << 28) | high) >>> 0);
			}
			words.push(((p[at] << 28) | ((t[at] & 63) << 22) | (x[at] << 11) | y[at]) >>> 0);
		}
		return file(EVT2, Uint32Array.from(words));
	},
	plain(bytes, { t, x, y, p }) {
		const view = viewOf(bytes, EVT2);
		const until = view.byteLength;
		let [count, high] = [0, 0];
		for (let at = 0; at < until; at += 4) {
			const word = view.getUint32(at, true);
			const kind = word >>> 28;
			if (kind < 2) {
				t[count] = high + ((word >> 22) & 63);
				x[count] = (word >> 11) & 0x7ff;
				y[count] = word & 0x7ff;
				p[count] = kind;
				count += 1;
			} else if (kind === 8) high = (word & 0xfffffff) * 64;
		}
		return count;
	},
};

const EVT21 = headOf("2.1");

const evt21 = {
	sensor: SENSOR,
	/** A word for the events of a run: those that follow within 32 columns of a row. */
	write({ t, x, y, p }) {
		const words = [];
		let high = -1;
		for (let at = 0; at < t.length; ) {
			if (t[at] >> 6 !== high) {
				high = t[at] >> 6;
				words.push(0, ((8 << 28) | high) >>> 0);
			}
			const first = at;
			let mask = 0;
			do {
				mask |= 1 << (x[at] - x[first]);
				at += 1;
			} while (at < t.length && follows(at, first));
			words.push(mask >>> 0, ((p[first] << 28) | ((t[first] & 63) << 22) | (x[first] << 11) | y[first]) >>> 0);
		}
		return file(EVT21, Uint32Array.from(words));

		function follows(at, first) {
			const isSame = t[at] === t[first] && y[at] === y[first] && p[at] === p[first];
			return isSame && x[at] > x[at - 1] && x[at] < x[first] + 32;
		}
	},
	plain(bytes, { t, x, y, p }) {
		const view = viewOf(bytes, EVT21);
		const until = view.byteLength;
		let [count, high] = [0, 0];
		for (let at = 0; at < until; at += 8) {
			const word = view.getUint32(at + 4, true);
			const kind = word >>> 28;
			if (kind < 2) {
				for (let mask = view.getUint32(at, true); mask !== 0; mask &= mask - 1) {
					t[count] = high + ((word >> 22) & 63);
					x[count] = ((word >> 11) & 0x7ff) + 31 - Math.clz32(mask & -mask);
					y[count] = word & 0x7ff;
					p[count] = kind;
					count += 1;
				}
			} else if (kind === 8) high = (word & 0xfffffff) * 64;
		}
		return count;
	},
};

const EVT3 = headOf("3.0");

const evt3 = {
	sensor: SENSOR,
	write({ t, x, y, p }) {
		const words = [];
		let [high, low, row] = [-1, -1, -1];
		for (const at of t.keys()) {
			if (t[at] >> 12 !== high) {
				high = t[at] >> 12;
				low = 0;
				words.push((8 << 12) | (high & 0xfff));
			}
			if ((t[at] & 0xfff) !== low) {
				low = t[at] & 0xfff;
				words.push((6 << 12) | low);
			}
			if (y[at] !== row) {
				row = y[at];
				words.push(row);
			}
			words.push((2 << 12) | (p[at] << 11) | x[at]);
		}
		return file(EVT3, Uint16Array.from(words));
	},
	plain(bytes, { t, x, y, p }) {
		const view = viewOf(bytes, EVT3);
		const until = view.byteLength;
		let [count, high, low, row] = [0, 0, 0, 0];
		for (let at = 0; at < until; at += 2) {
			const word = view.getUint16(at, true);
			switch (word >> 12) {
				case 0:
					row = word & 0x7ff;
					break;
				case 2:
					t[count] = high + low;
					x[count] = word & 0x7ff;
					y[count] = row;
					p[count] = (word >> 11) & 1;
					count += 1;
					break;
				case 6:
					low = word & 0xfff;
					break;
				case 8:
					high = (word & 0xfff) * 4096;
					low = 0;
					break;
			}
		}
		return count;
	},
};

/** By name. `code` is the format's number in the Rust source. */
export const RAW = { evt2: { code: 7, ...evt2 }, evt21: { code: 8, ...evt21 }, evt3: { code: 9, ...evt3 } };
