// How long to wait before the next attempt to connect: longer each time, and never as long as everybody else.

import { integer, number } from "../network/check.js";

/** How a source that lost its peer tries again. */
export interface BackoffOptions {
	/** The longest first wait, in ms. Default 100. */
	readonly firstMs?: number;
	/** The longest wait of all, in ms; each is at most twice the one before. Default 30,000. */
	readonly mostMs?: number;
	/** Which part of a wait is left to chance, from 0 to 1: many sensors that lost one peer must not all come back at once. Default 0.5. */
	readonly jitter?: number;
	/** How many attempts in a row may fail before the source gives up. Default: it never does. */
	readonly attempts?: number;
	/** Numbers from 0 to 1. Default `Math.random`. */
	readonly random?: () => number;
}

/** The waits of one source. */
export class Backoff {
	readonly #firstMs: number;
	readonly #mostMs: number;
	readonly #jitter: number;
	readonly #attempts: number;
	readonly #random: () => number;
	#failed = 0;

	constructor(options: BackoffOptions = {}) {
		this.#firstMs = number("backoff.firstMs", options.firstMs, 0, 3_600_000, 100);
		this.#mostMs = number("backoff.mostMs", options.mostMs, this.#firstMs, 86_400_000, Math.max(30_000, this.#firstMs));
		this.#jitter = number("backoff.jitter", options.jitter, 0, 1, 0.5);
		const { attempts } = options;
		this.#attempts =
			attempts === undefined ? Number.POSITIVE_INFINITY : integer("backoff.attempts", attempts, 1, 2 ** 31);
		this.#random = options.random ?? Math.random;
	}

	/** How many attempts in a row have failed. */
	get failed(): number {
		return this.#failed;
	}

	/** An attempt has failed: how long to wait in ms, or `undefined` where that was the last. */
	next(): number | undefined {
		this.#failed += 1;
		if (this.#failed >= this.#attempts) return undefined;
		// 2^1000 is a number still.
		const ms = Math.min(this.#mostMs, this.#firstMs * 2 ** Math.min(this.#failed - 1, 1000));
		return ms * (1 - this.#jitter * this.#random());
	}

	/** Something came: the next failure is a first one. */
	reset(): void {
		this.#failed = 0;
	}
}
