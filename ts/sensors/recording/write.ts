// Recording: a source that writes down what its reader is given, so that the session can be had again.

import { close as closeFile, fsync, openSync, writeSync } from "node:fs";
import { promisify } from "node:util";
import { DatasetError } from "../../errors.js";
import type { LiveEvents } from "../../events/chunk.js";
import type { LiveSource, Source } from "../source.js";
import type { SourceCounts, SourceStatus } from "../status.js";
import { machineTimer, type Timer } from "../timer.js";
import { eventsFrames, type FrameKind, frame, header } from "./frames.js";

/** A class, by index or name, or that nobody knows it. */
export type Label = number | string | undefined;

/** How to record. */
export interface RecordOptions {
	/** The label of the whole session, where there is one. */
	readonly label?: number | string;
	/** Anything to keep with it that JSON holds: which sensor, where, what was to be seen. */
	readonly notes?: Readonly<Record<string, unknown>>;
	/** After how long what was recorded is written to the file at the latest, in ms. Default 200. */
	readonly flushMs?: number;
	/** Another clock, for tests. */
	readonly timer?: Timer;
}

/** After how many bytes they are written. */
const FLUSH_BYTES = 2 ** 16;

/**
 * Records a source: the recorder is read in its place. It writes what it gives, when that came, what happened to the source, and
 * the labels that `labels` is asked for; a replay gives all of that again. The file holds everything up to 200 ms (or 64 KiB)
 * before it is cut off, whatever ends the program.
 *
 * @param path the file; it must not be there yet
 * @throws DatasetError for a file that cannot be written
 */
export function recordSource(source: LiveSource, path: string, options: RecordOptions = {}): Recorder {
	return new Recorder(source, new FrameFile(path, options), options);
}

/** A source that is being recorded. */
export class Recorder implements Source {
	readonly #source: LiveSource;
	readonly #file: FrameFile;
	readonly #status: ReturnType<LiveSource["status"]>;
	#isBeingRead = false;
	/** Why the source has ended, where that was no wish of its reader. */
	#failure: string | undefined;
	#lastLabel: { readonly us: number; readonly label: Label } | undefined;

	constructor(source: LiveSource, file: FrameFile, { label, notes }: RecordOptions) {
		this.#source = source;
		this.#file = file;
		this.#status = source.status();
		const about = { source: source.name, ...(label !== undefined && { label }), ...(notes !== undefined && { notes }) };
		file.write("about", source.nowUs, about);
	}

	get name(): string {
		return this.#source.name;
	}

	get counts(): SourceCounts {
		return this.#source.counts;
	}

	/** Bytes of the file so far, those that wait to be written with them. */
	get bytes(): number {
		return this.#file.bytes;
	}

	status(): AsyncIterableIterator<SourceStatus> {
		return this.#source.status();
	}

	/** The same labels, written down where they are asked for: for `follow`. */
	labels(of: (us: number) => Label): (us: number) => Label {
		return (us) => {
			const label = of(us);
			const last = this.#lastLabel;
			// A label that stays is not written anew.
			if (last === undefined || last.label !== label) {
				this.#file.write("label", this.#source.nowUs, { us, label: label ?? null });
				this.#lastLabel = { us, label };
			}
			return label;
		};
	}

	async *[Symbol.asyncIterator](): AsyncGenerator<LiveEvents> {
		this.#isBeingRead = true;
		try {
			for await (const { events, arrivalUs } of this.#source.arrivals()) {
				this.#writeStatus();
				for (const bytes of eventsFrames(events, arrivalUs)) this.#file.put(bytes);
				yield events;
			}
		} catch (error) {
			this.#failure = error instanceof Error ? error.message : String(error);
			throw error;
		} finally {
			await this.#end();
		}
	}

	/**
	 * Ends the source, and writes what there is to the file. The recording ends with the loop over it: what its reader still does
	 * with the last events, and asks of labels, is part of the session.
	 */
	async close(): Promise<void> {
		await this.#source.close();
		if (this.#isBeingRead) this.#file.flush();
		else await this.#end();
	}

	async #end(): Promise<void> {
		this.#isBeingRead = false;
		await this.#source.close();
		if (this.#file.isClosed) return;
		const failure = this.#failure === undefined ? {} : { failure: this.#failure };
		try {
			this.#writeStatus();
			this.#file.write("end", this.#source.nowUs, { counts: this.#source.counts, ...failure });
		} finally {
			await this.#file.close();
		}
	}

	#writeStatus(): void {
		for (const status of this.#status.take()) this.#file.write("status", status.us, status);
	}
}

/** A file of frames that is written behind the back of whoever fills it, a little later. */
class FrameFile {
	readonly #path: string;
	readonly #timer: Timer;
	readonly #flushMs: number;
	readonly #file: number;
	#held: Uint8Array[] = [];
	#heldBytes = 0;
	#bytes = 0;
	#cancel: (() => void) | undefined;
	#failure: unknown;
	#isClosed = false;

	constructor(path: string, { timer = machineTimer, flushMs = 200 }: RecordOptions) {
		this.#path = path;
		this.#timer = timer;
		this.#flushMs = flushMs;
		try {
			this.#file = openSync(path, "wx");
		} catch (cause) {
			throw this.#unwritable(cause);
		}
		this.put(header());
	}

	get bytes(): number {
		return this.#bytes;
	}

	get isClosed(): boolean {
		return this.#isClosed;
	}

	write(kind: FrameKind, us: number, json: object): void {
		this.put(frame(kind, us, new TextEncoder().encode(JSON.stringify(json))));
	}

	put(bytes: Uint8Array): void {
		// What failed behind our back is told to whoever comes next.
		if (this.#failure !== undefined) throw this.#failure;
		if (this.#isClosed) return;
		this.#held.push(bytes);
		this.#heldBytes += bytes.length;
		this.#bytes += bytes.length;
		if (this.#heldBytes >= FLUSH_BYTES) this.flush();
		else this.#cancel ??= this.#timer.after(this.#flushMs, () => this.#flushLater());
	}

	async close(): Promise<void> {
		if (this.#isClosed) return;
		this.#isClosed = true;
		try {
			this.flush();
			await promisify(fsync)(this.#file);
		} catch (cause) {
			throw this.#failure ?? this.#unwritable(cause);
		} finally {
			await promisify(closeFile)(this.#file);
		}
	}

	#flushLater(): void {
		try {
			this.flush();
		} catch {
			// It is kept, and told to whoever comes next.
		}
	}

	flush(): void {
		if (this.#failure !== undefined) throw this.#failure;
		this.#cancel?.();
		this.#cancel = undefined;
		const all = Buffer.concat(this.#held);
		this.#held = [];
		this.#heldBytes = 0;
		try {
			for (let from = 0; from < all.length; ) from += writeSync(this.#file, all, from);
		} catch (cause) {
			// What comes behind half a frame could not be read.
			this.#failure = this.#unwritable(cause);
			throw this.#failure;
		}
	}

	#unwritable(cause: unknown): DatasetError {
		const reason = cause instanceof Error ? cause.message : String(cause);
		return new DatasetError(`${this.#path}: cannot be written: ${reason}`, { cause });
	}
}
