// Random numbers that are the same bytes on every machine and need no state but a counter.
//
// A stream is named by a seed and any number of further words (a recording's index, a purpose). Its n-th number is a
// hash of the stream's key and n, so a recording can be made without making those before it. Integers only inside:
// Math.imul, shifts and exclusive or.

/** The increment of a Weyl sequence: 2^32 divided by the golden ratio, made odd. */
const WEYL = 0x9e3779b9;

/** Spreads every bit of a 32-bit word over the whole word; one to one (the finaliser of MurmurHash3). */
export function mix32(word: number): number {
	let h = word | 0;
	h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
	h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
	return (h ^ (h >>> 16)) >>> 0;
}

/** A stream of random numbers, named by 32-bit words; equal words give equal numbers, on every machine. */
export class Random {
	readonly #key: number;
	#counter = 0;

	/** @param words what names the stream: integers, of which the low 32 bits count */
	constructor(...words: readonly number[]) {
		let key = 0;
		for (const word of words) key = mix32(mix32(key + WEYL) ^ mix32(word ^ WEYL));
		this.#key = key;
	}

	/** The next 32 bits, as an integer from 0 to 2^32 - 1. */
	bits(): number {
		this.#counter = (this.#counter + WEYL) | 0;
		return mix32(mix32(this.#key ^ this.#counter) + this.#key);
	}

	/** A number from 0 (included) to 1 (excluded), a multiple of 2^-32. */
	unit(): number {
		return this.bits() / 0x1_0000_0000;
	}

	/** A number from `low` (included) to `high`. */
	between(low: number, high: number): number {
		return low + (high - low) * this.unit();
	}

	/** An integer from 0 to `count` - 1, for a count of at most 2^21; off from uniform by less than count / 2^32. */
	below(count: number): number {
		return Math.floor(this.unit() * count);
	}

	/** True with a probability from 0 to 1. */
	chance(probability: number): boolean {
		return this.unit() < probability;
	}
}
