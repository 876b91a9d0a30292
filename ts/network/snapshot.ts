// What a network was at a moment, in memory: the same as a checkpoint, without its file.

import { OptionError } from "../errors.js";
import type { Saved } from "./checkpoint.js";

/** What a network was when `Network.snapshot` was called. It does not change, and can be gone back to any number of times. */
export class Snapshot {
	/** Bytes that its arrays and numbers take. */
	readonly bytes: number;
	readonly #of: object;
	readonly #saved: Saved;

	constructor(of: object, saved: Saved) {
		const { numbers, arrays } = saved.state;
		this.#of = of;
		this.#saved = saved;
		this.bytes = arrays.reduce((sum, { bytes }) => sum + bytes.length, numbers.byteLength);
	}

	/** What is in it. @throws OptionError where it is none of this network's */
	static open(given: Snapshot, of: object): Saved {
		if (!(given instanceof Snapshot) || given.#of !== of) {
			throw new OptionError("snapshot", given, "a snapshot that this network made");
		}
		return given.#saved;
	}
}
