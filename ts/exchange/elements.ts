// The numbers of tensors as files hold them: types, and how each is read.

/** What a tensor's elements are, by PyTorch's names. */
export type ElementType = keyof typeof ELEMENTS;

interface Element {
	readonly bytes: number;
	read(view: DataView, at: number): number;
}

const ELEMENTS = {
	float64: { bytes: 8, read: (view, at) => view.getFloat64(at, true) },
	float32: { bytes: 4, read: (view, at) => view.getFloat32(at, true) },
	float16: { bytes: 2, read: (view, at) => half(view.getUint16(at, true)) },
	bfloat16: { bytes: 2, read: (view, at) => brain(view.getUint16(at, true)) },
	int64: { bytes: 8, read: (view, at) => Number(view.getBigInt64(at, true)) },
	int32: { bytes: 4, read: (view, at) => view.getInt32(at, true) },
	int16: { bytes: 2, read: (view, at) => view.getInt16(at, true) },
	int8: { bytes: 1, read: (view, at) => view.getInt8(at) },
	uint64: { bytes: 8, read: (view, at) => Number(view.getBigUint64(at, true)) },
	uint32: { bytes: 4, read: (view, at) => view.getUint32(at, true) },
	uint16: { bytes: 2, read: (view, at) => view.getUint16(at, true) },
	uint8: { bytes: 1, read: (view, at) => view.getUint8(at) },
	bool: { bytes: 1, read: (view, at) => (view.getUint8(at) === 0 ? 0 : 1) },
} satisfies Record<string, Element>;

/** Bytes of an element. */
export function bytesOf(type: ElementType): number {
	return ELEMENTS[type].bytes;
}

/** Elements of a tensor of this shape; infinite where that is no safe integer. */
export function countOf(shape: readonly number[]): number {
	const count = shape.reduce((product, length) => product * length, 1);
	return Number.isSafeInteger(count) ? count : shape.includes(0) ? 0 : Number.POSITIVE_INFINITY;
}

/** A shape as it is said: `64 x 2 x 3 x 3`, or `a single number`. */
export function sizeText(shape: readonly number[]): string {
	return shape.length === 0 ? "a single number" : shape.join(" x ");
}

/** Steps from an element to the next along each dimension, row by row. */
export function rowStrides(shape: readonly number[]): number[] {
	const strides: number[] = [];
	let stride = 1;
	for (const length of [...shape].reverse()) {
		strides.unshift(stride);
		stride *= Math.max(1, length);
	}
	return strides;
}

/**
 * Reads a tensor's elements, row by row.
 *
 * @param bytes its storage, little-endian
 * @param offset its first element, in elements
 * @param strides steps from an element to the next along each dimension, in elements; all within the storage
 */
export function readElements(
	bytes: Uint8Array,
	type: ElementType,
	shape: readonly number[],
	offset: number,
	strides: readonly number[],
): Float64Array {
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	const element: Element = ELEMENTS[type];
	const values = new Float64Array(countOf(shape));
	const place = shape.map(() => 0);
	let at = offset;
	for (let index = 0; index < values.length; index += 1) {
		values[index] = element.read(view, at * element.bytes);
		for (let axis = shape.length - 1; axis >= 0; axis -= 1) {
			const stride = strides[axis] as number;
			const next = (place[axis] as number) + 1;
			at += stride;
			if (next < (shape[axis] as number)) {
				place[axis] = next;
				break;
			}
			at -= next * stride;
			place[axis] = 0;
		}
	}
	return values;
}

/** IEEE 754's 16 bits: 5 of exponent, 10 of fraction. */
function half(bits: number): number {
	const exponent = (bits >> 10) & 0x1f;
	const fraction = bits & 0x3ff;
	const sign = bits & 0x8000 ? -1 : 1;
	if (exponent === 0) return sign * fraction * 2 ** -24;
	if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
	return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const word = new DataView(new ArrayBuffer(4));

/** The upper half of a float32. */
function brain(bits: number): number {
	word.setUint32(0, bits << 16);
	return word.getFloat32(0);
}
