// Ctrl-C: once to stop with the result so far, twice to end at once.

/** npm sends on a Ctrl-C that the terminal has sent already; what comes so soon after the first is no second one. */
const ECHO_MS = 500;

/** The exit codes that shells know: 128 and the signal's number. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 };

/** Turns signals into an AbortSignal while it is open. */
export class Interrupt {
	readonly #controller = new AbortController();
	#exitCode = 0;
	#since = 0;

	/** @param note told of the first signal */
	constructor(note: (line: string) => void) {
		for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, this.#stop);
		this.#controller.signal.addEventListener("abort", () => note("stopping; Ctrl-C again ends at once"));
	}

	/** Aborted by the first signal. */
	get signal(): AbortSignal {
		return this.#controller.signal;
	}

	/** The program's exit code: 0 where no signal has come. */
	get exitCode(): number {
		return this.#exitCode;
	}

	/** Leaves signals to Node again. */
	close(): void {
		for (const name of ["SIGINT", "SIGTERM"] as const) process.off(name, this.#stop);
	}

	readonly #stop = (name: "SIGINT" | "SIGTERM"): void => {
		const now = performance.now();
		if (this.#exitCode === 0) {
			this.#exitCode = EXIT_CODES[name];
			this.#since = now;
			this.#controller.abort();
		} else if (now - this.#since > ECHO_MS) {
			process.exit(this.#exitCode);
		}
	};
}
