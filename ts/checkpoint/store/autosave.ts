// Saves while learning goes on: when so much time has passed or so many samples have been learned since the last save.

import { OptionError, StateError } from "../../errors.js";
import { flag, integer, number } from "../../network/check.js";
import { Backoff, type BackoffOptions } from "../../sensors/backoff.js";
import { textOf } from "./failure.js";
import type { Store } from "./store.js";

/** When and what is saved. At least one of `everyMs` and `everySamples` must be given. */
export interface AutosaveOptions {
	/** Where to. */
	readonly store: Pick<Store, "write">;
	/** The bytes of what has been learned so far. They must not change while they are written. */
	readonly snapshot: () => Uint8Array | Promise<Uint8Array>;
	/** The longest that what was learned stays unsaved, in ms, from 1 to 2^31 - 1. */
	readonly everyMs?: number;
	/** The most samples that stay unsaved, from 1. */
	readonly everySamples?: number;
	/**
	 * With `everyMs`: saves in time even where no further sample comes. Default true. Without, time is looked at with
	 * each sample only.
	 */
	readonly inSilence?: boolean;
	/** How long to wait after a failed save; twice as long after each further one. Default: from 1 s up to 60 s. */
	readonly backoff?: Omit<BackoffOptions, "attempts">;
	/** Told of each failed save. Default: the first of several in a row is a warning of the process. */
	readonly onError?: (error: unknown) => void;
	/** Milliseconds since some moment; never goes back. Default `performance.now`. */
	readonly clock?: () => number;
	/** Calls back once after so many ms; what it returns calls that off. Default: a timer that does not keep the process alive. */
	readonly after?: (ms: number, call: () => void) => () => void;
}

/** What an Autosave has done. */
export interface AutosaveStats {
	/** Saves that are on the disk. */
	readonly saves: number;
	/** Saves that failed. */
	readonly failures: number;
	/** How many of the last saves failed, one after the other. */
	readonly failuresInRow: number;
	/** Samples that were learned since the last snapshot that is on the disk. */
	readonly unsavedSamples: number;
	/** Bytes of all saves. */
	readonly bytes: number;
	/** How long the last save took, from its snapshot to the disk, in ms; 0 before the first. */
	readonly lastMs: number;
	/** The longest call of `snapshot`, in ms: how long learning stood still, not how long its promise took. */
	readonly longestStopMs: number;
}

/** Saves by itself. A save that fails is told, and tried again later; learning never sees it. */
export class Autosave {
	readonly #store: Pick<Store, "write">;
	readonly #snapshot: () => Uint8Array | Promise<Uint8Array>;
	readonly #everyMs: number;
	readonly #everySamples: number;
	readonly #inSilence: boolean;
	readonly #backoff: Backoff;
	readonly #onError: (error: unknown) => void;
	readonly #clock: () => number;
	readonly #after: (ms: number, call: () => void) => () => void;

	/** Learned since the last snapshot that is on the disk or on its way there. */
	#unsaved = 0;
	/** Of a snapshot that is on its way. */
	#saving = 0;
	#running: Promise<void> | undefined;
	/** When the oldest of the unsaved samples was learned. */
	#sinceMs = 0;
	/** No save by itself before. */
	#notBeforeMs = Number.NEGATIVE_INFINITY;
	#cancelAlarm: (() => void) | undefined;
	#closed: Promise<void> | undefined;
	#lastError: unknown;
	#saves = 0;
	#failures = 0;
	#bytes = 0;
	#lastMs = 0;
	#longestStopMs = 0;

	/** @throws {OptionError} where an option is missing or out of its range */
	constructor(options: AutosaveOptions) {
		const { everyMs, everySamples } = options;
		if (typeof options.snapshot !== "function") {
			throw new OptionError("snapshot", options.snapshot, "a function that gives a Uint8Array");
		}
		if (typeof options.store?.write !== "function") throw new OptionError("store", options.store, "a Store");
		if (everyMs === undefined && everySamples === undefined) {
			throw new OptionError("everyMs", undefined, "a time in ms, where everySamples is not given either");
		}
		this.#store = options.store;
		this.#snapshot = options.snapshot;
		this.#everyMs = number("everyMs", everyMs, 1, 2 ** 31 - 1, Number.POSITIVE_INFINITY);
		this.#everySamples = integer("everySamples", everySamples, 1, Number.MAX_SAFE_INTEGER, Number.POSITIVE_INFINITY);
		this.#inSilence = flag("inSilence", options.inSilence, true) && everyMs !== undefined;
		this.#backoff = new Backoff({ firstMs: 1000, mostMs: 60_000, ...options.backoff });
		this.#onError = options.onError ?? ((error) => this.#warnOnce(error));
		this.#clock = options.clock ?? (() => performance.now());
		this.#after = options.after ?? quietly;
	}

	/** The error of the last save, or `undefined` where it went well. */
	get lastError(): unknown {
		return this.#lastError;
	}

	/** What has been done so far. */
	get stats(): AutosaveStats {
		return {
			saves: this.#saves,
			failures: this.#failures,
			failuresInRow: this.#backoff.failed,
			unsavedSamples: this.#unsaved + this.#saving,
			bytes: this.#bytes,
			lastMs: this.#lastMs,
			longestStopMs: this.#longestStopMs,
		};
	}

	/**
	 * So many samples have been learned. Calls `snapshot` before it returns where a save is due, and never waits for the
	 * disk.
	 *
	 * @throws {StateError} after `close`
	 */
	sampled(count = 1): void {
		if (this.#closed !== undefined) throw new StateError("this Autosave is closed: what is learned now is not saved");
		if (!Number.isSafeInteger(count) || count < 0) throw new OptionError("count", count, "an integer from 0");
		if (count === 0) return;
		if (this.#unsaved === 0) this.#sinceMs = this.#clock();
		this.#unsaved += count;
		this.#look();
	}

	/**
	 * Saves what is unsaved now, whether or not it is due. Resolves when it is on the disk.
	 *
	 * @throws what `snapshot` throws, or the StorageError of the store
	 */
	async flush(): Promise<void> {
		// The save that is running may have been begun before the last samples, and its failure is not this one's.
		await this.#running?.catch(() => undefined);
		// Another flush may have been faster, and then saves what this one is for.
		if (this.#running !== undefined) return this.#running;
		if (this.#unsaved > 0) await this.#save();
	}

	/**
	 * Saves what is unsaved, and ends saving by itself. Where that fails, `flush` tries again.
	 *
	 * @throws as `flush` does
	 */
	close(): Promise<void> {
		this.#closed ??= this.flush();
		return this.#closed;
	}

	/** Saves where that is due and may begin now; else waits for when it will be. */
	#look(mayBegin = true): void {
		if (this.#running !== undefined || this.#unsaved === 0 || this.#closed !== undefined) return;
		const byTime = this.#everyMs < Number.POSITIVE_INFINITY;
		const isWaiting = this.#notBeforeMs > Number.NEGATIVE_INFINITY;
		const isFull = this.#unsaved >= this.#everySamples;
		// Without need for it, not even the clock is asked.
		if (!byTime && !isFull) return;
		const now = byTime || isWaiting ? this.#clock() : 0;
		const isDue = isFull || now - this.#sinceMs >= this.#everyMs;
		if (mayBegin && isDue && now >= this.#notBeforeMs) {
			// Those whom it concerns are told by `onError`.
			this.#save().catch(() => undefined);
		} else if (this.#inSilence && this.#cancelAlarm === undefined) {
			const atMs = isDue ? this.#notBeforeMs : Math.max(this.#sinceMs + this.#everyMs, this.#notBeforeMs);
			// A timer may be early by less than 1 ms.
			const ms = Math.max(1, Math.ceil(atMs - now));
			this.#cancelAlarm = this.#after(ms, () => {
				this.#cancelAlarm = undefined;
				this.#look();
			});
		}
	}

	#save(): Promise<void> {
		this.#unsetAlarm();
		this.#saving = this.#unsaved;
		this.#unsaved = 0;
		const sinceMs = this.#sinceMs;
		const running = this.#attempt().then(
			() => {
				this.#running = undefined;
				this.#saving = 0;
				this.#look();
			},
			(error: unknown) => {
				this.#running = undefined;
				this.#unsaved += this.#saving;
				this.#saving = 0;
				this.#sinceMs = sinceMs;
				this.#failed(error);
				// Not before the next sample or the alarm, however short the wait is: nothing else would get its turn.
				this.#look(false);
				throw error;
			},
		);
		this.#running = running;
		return running;
	}

	async #attempt(): Promise<void> {
		const startMs = this.#clock();
		let taken: Uint8Array | Promise<Uint8Array>;
		try {
			taken = this.#snapshot();
		} finally {
			this.#longestStopMs = Math.max(this.#longestStopMs, this.#clock() - startMs);
		}
		const bytes = await taken;
		await this.#store.write(bytes);
		this.#lastMs = this.#clock() - startMs;
		this.#saves += 1;
		this.#bytes += bytes.length;
		this.#lastError = undefined;
		this.#backoff.reset();
		this.#notBeforeMs = Number.NEGATIVE_INFINITY;
	}

	#failed(error: unknown): void {
		this.#failures += 1;
		this.#lastError = error;
		const waitMs = this.#backoff.next() ?? Number.POSITIVE_INFINITY;
		this.#notBeforeMs = this.#clock() + waitMs;
		try {
			this.#onError(error);
		} catch (fault) {
			// A reporter that fails must not end learning, nor go unseen.
			process.emitWarning(`onError failed: ${textOf(fault)}`, "StllrWarning");
		}
	}

	#warnOnce(error: unknown): void {
		if (this.#backoff.failed === 1) process.emitWarning(`autosave failed: ${textOf(error)}`, "StllrWarning");
	}

	#unsetAlarm(): void {
		this.#cancelAlarm?.();
		this.#cancelAlarm = undefined;
	}
}

function quietly(ms: number, call: () => void): () => void {
	const handle = setTimeout(call, Math.min(ms, 2 ** 31 - 1));
	handle.unref();
	return () => clearTimeout(handle);
}
