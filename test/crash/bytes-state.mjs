// Something that learns, for crash tests: bytes of which each sample changes some, and which follow from nothing but how
// many samples there were.
import { createHash } from "node:crypto";

const BYTES = 150_000;
const CHANGES = 500;

/**
 * What a crash test needs of whatever learns.
 *
 * @typedef {object} State
 * @property {number} samples how many it has learned, in all its lives
 * @property {() => void | Promise<void>} advance learns the next sample, which follows from `samples`
 * @property {() => Uint8Array | Promise<Uint8Array>} snapshot its bytes now, which later samples leave as they are
 */

/**
 * A state as it was saved, or one that has learned nothing.
 *
 * @param {Uint8Array | undefined} bytes
 * @returns {Promise<State>}
 */
export async function openState(bytes) {
	const body = bytes === undefined ? new Uint8Array(BYTES) : bytes.slice(32);
	const view = new DataView(body.buffer);
	return {
		get samples() {
			return view.getUint32(0);
		},
		advance() {
			const sample = view.getUint32(0);
			let at = sample;
			for (let n = 0; n < CHANGES; n += 1) {
				at = (Math.imul(at, 1_664_525) + 1_013_904_223) >>> 0;
				const place = 4 + (at % (BYTES - 4));
				body[place] = body[place] * 5 + sample + n;
			}
			view.setUint32(0, sample + 1);
		},
		snapshot() {
			const save = new Uint8Array(32 + BYTES);
			save.set(sumOf(body));
			save.set(body, 32);
			return save;
		},
	};
}

/**
 * Throws where these are not the bytes of a snapshot.
 *
 * @param {Uint8Array} bytes
 * @returns {void | Promise<void>}
 */
export function validate(bytes) {
	if (bytes.length !== 32 + BYTES) throw new Error(`${bytes.length} bytes; allowed: ${32 + BYTES}`);
	if (!sumOf(bytes.subarray(32)).equals(bytes.subarray(0, 32))) throw new Error("the checksum is another");
}

/** @param {Uint8Array} body */
function sumOf(body) {
	return createHash("sha256").update(body).digest();
}
