// Saves of tests: numbered, and with a checksum that tells a whole one.
import { createHash } from "node:crypto";

const SUM_BYTES = 8;

/** Save number `index`, of some 20 bytes or as many as are asked for. */
export function saveOf(index: number, bytes = 20, writer = 0): Uint8Array {
	const body = new Uint8Array(Math.max(bytes, 17) - SUM_BYTES);
	const view = new DataView(body.buffer);
	view.setUint32(0, index);
	view.setUint8(4, writer);
	for (let at = 5; at < body.length; at += 1) body[at] = (index * 31 + at * 7 + 1) & 255;
	return Uint8Array.from([...body, ...sumOf(body)]);
}

/** Which save it is. Throws where it is not a whole one. */
export function indexOf(bytes: Uint8Array): number {
	const body = bytes.subarray(0, Math.max(0, bytes.length - SUM_BYTES));
	if (bytes.length <= SUM_BYTES || !sumOf(body).equals(bytes.subarray(body.length))) {
		throw new Error(`${bytes.length} bytes whose checksum is another`);
	}
	return new DataView(body.buffer, body.byteOffset).getUint32(0);
}

/** Who made it. */
export function writerOf(bytes: Uint8Array): number {
	return bytes[4] ?? -1;
}

/** A store's `validate`. */
export function validate(bytes: Uint8Array): void {
	indexOf(bytes);
}

function sumOf(body: Uint8Array): Buffer {
	return createHash("sha256").update(body).digest().subarray(0, SUM_BYTES);
}
