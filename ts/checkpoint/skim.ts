// A look through MessagePack before it is unpacked: does everything fit in the bytes, and is it plain data?
//
// Lengths that lie would make an unpacker allocate what is not there; extensions could stand for more than data. Here each token
// is passed over without anything being made of it.

/** How deep data may lie in data. */
const MOST_DEPTH = 32;
/** Items of a message, all levels together: an item of a byte becomes tens of bytes of objects. */
const MOST_ITEMS = 1 << 20;
/** The extension in which typed arrays are packed: its first byte says of which type. */
const TYPED_ARRAY = 0x74;
/** Bytes of an element by that first byte: Int8, Uint8, Uint8Clamped, Int16, Uint16, Int32, Uint32, Float32, Float64, BigInt64, BigUint64. */
const SIZES = [1, 1, 1, 2, 2, 4, 4, 4, 8, 8, 8];

/** What is wrong with a message, and where. */
export interface Flaw {
	readonly byteOffset: number;
	readonly found: string;
	readonly allowed: string;
}

/** Looks through a message of plain data; returns what is wrong with it, or nothing. Takes no memory. */
export function skim(bytes: Uint8Array): Flaw | undefined {
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	const left: number[] = [1];
	let [at, items] = [0, 0];
	while (left.length > 0) {
		const last = left.length - 1;
		if (left[last] === 0) {
			left.pop();
			continue;
		}
		left[last] = (left[last] ?? 0) - 1;
		items += 1;
		if (items > MOST_ITEMS) return { byteOffset: at, found: "one item more", allowed: `at most ${MOST_ITEMS} items` };
		if (at >= bytes.length) return { byteOffset: at, found: "the end", allowed: "an item" };
		const token = tokenAt(view, at);
		if (typeof token === "string") return { byteOffset: at, found: token, allowed: "plain data and typed arrays" };
		if (at + token.bytes > bytes.length) {
			const found = `an item of ${token.bytes} bytes, of which ${bytes.length - at} are there`;
			return { byteOffset: at, found, allowed: "items that are whole" };
		}
		// Each item takes a byte at least.
		if (token.items > bytes.length - at - token.bytes) {
			const found = `${token.items} items in ${bytes.length - at - token.bytes} bytes`;
			return { byteOffset: at, found, allowed: "as many items as there are" };
		}
		at += token.bytes;
		if (token.items === 0) continue;
		if (left.length === MOST_DEPTH) {
			return { byteOffset: at, found: "data within more data", allowed: `at most ${MOST_DEPTH} levels` };
		}
		left.push(token.items);
	}
	if (at === bytes.length) return undefined;
	return { byteOffset: at, found: `${bytes.length - at} bytes more`, allowed: "the end" };
}

/** Bytes of a token with what belongs to it alone, and items that follow as its own; or what it is instead. */
interface Token {
	readonly bytes: number;
	readonly items: number;
}

function tokenAt(view: DataView, at: number): Token | string {
	const code = view.getUint8(at);
	if (code < 0x80 || code >= 0xe0) return { bytes: 1, items: 0 };
	if (code < 0x90) return { bytes: 1, items: 2 * (code - 0x80) };
	if (code < 0xa0) return { bytes: 1, items: code - 0x90 };
	if (code < 0xc0) return { bytes: 1 + code - 0xa0, items: 0 };
	const length = (bytes: number): number => {
		if (at + 1 + bytes > view.byteLength) return Number.MAX_SAFE_INTEGER;
		return bytes === 1 ? view.getUint8(at + 1) : bytes === 2 ? view.getUint16(at + 1) : view.getUint32(at + 1);
	};
	switch (code) {
		case 0xc0:
		case 0xc2:
		case 0xc3:
			return { bytes: 1, items: 0 };
		// Bytes and strings, by the size of their length.
		case 0xc4:
		case 0xd9:
			return { bytes: 2 + length(1), items: 0 };
		case 0xc5:
		case 0xda:
			return { bytes: 3 + length(2), items: 0 };
		case 0xc6:
		case 0xdb:
			return { bytes: 5 + length(4), items: 0 };
		case 0xc7:
			return typedArray(view, at + 2, length(1));
		case 0xc8:
			return typedArray(view, at + 3, length(2));
		case 0xc9:
			return typedArray(view, at + 5, length(4));
		case 0xca:
		case 0xce:
		case 0xd2:
			return { bytes: 5, items: 0 };
		case 0xcb:
		case 0xcf:
		case 0xd3:
			return { bytes: 9, items: 0 };
		case 0xcc:
		case 0xd0:
			return { bytes: 2, items: 0 };
		case 0xcd:
		case 0xd1:
			return { bytes: 3, items: 0 };
		case 0xd4:
		case 0xd5:
		case 0xd6:
		case 0xd7:
		case 0xd8:
			return typedArray(view, at + 1, 2 ** (code - 0xd4));
		case 0xdc:
			return { bytes: 3, items: length(2) };
		case 0xdd:
			return { bytes: 5, items: length(4) };
		case 0xde:
			return { bytes: 3, items: 2 * length(2) };
		case 0xdf:
			return { bytes: 5, items: 2 * length(4) };
	}
	return `the code 0x${code.toString(16)}`;

	function typedArray(of: DataView, type: number, bytes: number): Token | string {
		const whole = { bytes: type + 1 + bytes - at, items: 0 };
		// What is cut is told by its length.
		if (type + 1 >= of.byteLength || bytes === 0) return bytes === 0 ? "an extension of no bytes" : whole;
		if (of.getUint8(type) !== TYPED_ARRAY) return `the extension ${of.getUint8(type)}`;
		const size = SIZES[of.getUint8(type + 1)];
		if (size === undefined) return `a typed array of the type ${of.getUint8(type + 1)}`;
		if ((bytes - 1) % size !== 0) return `a typed array of ${bytes - 1} bytes, ${size} to an element`;
		return whole;
	}
}
