// Time, as sources see it: the machine's clock, or one that a test turns by hand.

/** A clock and an alarm. */
export interface Timer {
	/** Milliseconds since some moment; never goes back. */
	now(): number;
	/** Calls back once, so many milliseconds from now; what it returns calls that off. */
	after(ms: number, call: () => void): () => void;
}

/** The machine's clock. */
export const machineTimer: Timer = {
	now: () => performance.now(),
	after(ms, call) {
		// Node takes longer waits for none at all.
		const handle = setTimeout(call, Math.min(ms, 2 ** 31 - 1));
		return () => clearTimeout(handle);
	},
};

/** Waits so long, or until the signal is aborted; says whether it waited to the end. */
export function wait(timer: Timer, ms: number, signal: AbortSignal): Promise<boolean> {
	return new Promise((resolve) => {
		if (signal.aborted) return resolve(false);
		const stop = () => {
			cancel();
			resolve(false);
		};
		const cancel = timer.after(ms, () => {
			signal.removeEventListener("abort", stop);
			resolve(true);
		});
		signal.addEventListener("abort", stop, { once: true });
	});
}

/** The promise, or `undefined` as soon as the signal is aborted; what the promise comes to then is nobody's concern. */
export function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
	return new Promise((resolve, reject) => {
		const stop = () => resolve(undefined);
		if (signal.aborted) stop();
		signal.addEventListener("abort", stop, { once: true });
		promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
	});
}
