// Writes of one path, one behind the other: one runs, at most one waits.

/** A write that waits for its turn. */
interface Waiting {
	write: () => Promise<void>;
	readonly done: Promise<void>;
	readonly settle: (outcome: Promise<void>) => void;
}

/** The writes of one path. */
class Line {
	readonly #idle: () => void;
	#isRunning = false;
	#waiting: Waiting | undefined;

	/** @param idle called when nothing runs and nothing waits */
	constructor(idle: () => void) {
		this.#idle = idle;
	}

	add(write: () => Promise<void>): Promise<void> {
		if (!this.#isRunning) {
			this.#isRunning = true;
			return this.#run(write);
		}
		// Who waited is told what becomes of the later write: it holds what theirs held, and more.
		if (this.#waiting !== undefined) this.#waiting.write = write;
		else this.#waiting = { write, ...promise() };
		return this.#waiting.done;
	}

	async #run(write: () => Promise<void>): Promise<void> {
		try {
			await write();
		} finally {
			const next = this.#waiting;
			this.#waiting = undefined;
			if (next === undefined) {
				this.#isRunning = false;
				this.#idle();
			} else next.settle(this.#run(next.write));
		}
	}
}

/** All lines of this process, by file system and path. */
const lines = new WeakMap<object, Map<string, Line>>();

/** Writes when it is the path's turn. Where another write waits already, it is left out, and shares this one's outcome. */
export function inLine(files: object, path: string, write: () => Promise<void>): Promise<void> {
	const ofFiles = lines.get(files) ?? new Map<string, Line>();
	lines.set(files, ofFiles);
	const line = ofFiles.get(path) ?? new Line(() => ofFiles.delete(path));
	ofFiles.set(path, line);
	return line.add(write);
}

function promise(): { done: Promise<void>; settle: (outcome: Promise<void>) => void } {
	let settle: (outcome: Promise<void>) => void = () => undefined;
	const done = new Promise<void>((resolve) => {
		settle = resolve;
	});
	return { done, settle };
}
