// Replaying: a recording as a source, at the pace at which it was made, faster, or as fast as it is read.

import { open } from "node:fs/promises";
import { DatasetError, FormatError, OptionError, StateError } from "../../errors.js";
import type { LiveEvents } from "../../events/chunk.js";
import type { OnFault } from "../../events/decode.js";
import { checkOnFault } from "../../events/stream.js";
import type { Source } from "../source.js";
import { type SourceCounts, type SourceStatus, StatusFeed } from "../status.js";
import { machineTimer, type Timer, wait } from "../timer.js";
import {
	checkHeader,
	FRAME_BYTES,
	type Frame,
	frameLength,
	HEADER_BYTES,
	readEvents,
	readFrame,
	readJson,
} from "./frames.js";
import type { Label } from "./write.js";

/** How to replay. */
export interface ReplayOptions {
	/** How many times as fast as it was recorded, or `"max"` (the default): without waiting. */
	readonly speed?: number | "max";
	/** At damage: throw a FormatError (`"refuse"`, the default), or end there (`"skip"`); `lostBytes` counts what was not read. */
	readonly onFault?: OnFault;
	/** Another clock, for tests. */
	readonly timer?: Timer;
}

/** A recording as a source. The loop over it ends as the session has: with the failure that ended the source, where one has. */
export interface Replay extends Source {
	/** What was recorded: the source's name, the label and the notes that were given. */
	readonly about: { readonly source: string; readonly label?: number | string; readonly notes?: unknown };
	/** The labels, for `follow`: those that were asked for then, else that of the whole session. */
	readonly labels: (us: number) => Label;
	/** Is its end missing: was it cut off, or is it being written? Known once it has been read. */
	readonly isCut: boolean;
	/** Bytes behind the last sound frame. */
	readonly lostBytes: number;
	/** Bytes read, and how many there are. */
	readonly bytesRead: number;
	readonly length: number;
	/** What the source had counted when it was closed, where the end is there. */
	readonly recorded: SourceCounts | undefined;
}

/**
 * Opens a recording. It holds at most two frames of events (8 MiB) and the labels that were not asked for again yet.
 *
 * @throws DatasetError for a file that cannot be read, FormatError for one that is no recording
 */
export async function openReplay(path: string, options: ReplayOptions = {}): Promise<Replay> {
	const { speed = "max" } = options;
	if (speed !== "max" && !(typeof speed === "number" && speed > 0 && speed < Number.POSITIVE_INFINITY)) {
		throw new OptionError("speed", speed, 'a number above 0, or "max"');
	}
	const onFault = checkOnFault(options.onFault);
	const frames = await FrameReader.open(path);
	try {
		const first = await frames.next();
		if (first?.kind !== "about")
			throw new FormatError(HEADER_BYTES, "no frame that says what was recorded", "one", path);
		const replay = new Replaying(frames, aboutOf(readJson(first, path)), speed, onFault, options.timer);
		await replay.begin();
		return replay;
	} catch (cause) {
		await frames.close();
		throw cause;
	}
}

function aboutOf({ source, label, notes }: Record<string, unknown>): Replay["about"] {
	const isLabel = typeof label === "string" || typeof label === "number";
	return { source: String(source), ...(isLabel && { label }), ...(notes !== undefined && { notes }) };
}

class Replaying implements Replay {
	readonly about: Replay["about"];
	readonly #frames: FrameReader;
	readonly #speed: number | "max";
	readonly #onFault: OnFault;
	readonly #timer: Timer;
	readonly #feed = new StatusFeed();
	readonly #controller = new AbortController();
	/** What stands before the first events, and those. */
	#early: Frame[] = [];
	readonly #labels: { us: number; label: Label }[] = [];
	#label: Label;
	#isRead = false;
	#isCut = true;
	#given = 0;
	#recorded: SourceCounts | undefined;
	#failure: string | undefined;

	constructor(frames: FrameReader, about: Replay["about"], speed: number | "max", onFault: OnFault, timer?: Timer) {
		this.#frames = frames;
		this.about = about;
		this.#label = about.label;
		this.#speed = speed;
		this.#onFault = onFault;
		this.#timer = timer ?? machineTimer;
	}

	/** Reads as far as the first events: labels may be asked for before those are. */
	async begin(): Promise<void> {
		for (;;) {
			const frame = await this.#read();
			if (frame === undefined) return;
			if (frame.kind === "label") this.#note(frame);
			else this.#early.push(frame);
			if (frame.kind === "events" || this.#early.length >= MOST_EARLY) return;
		}
	}

	get name(): string {
		return this.#frames.name;
	}

	get isCut(): boolean {
		return this.#isCut;
	}

	get lostBytes(): number {
		return this.#frames.lostBytes;
	}

	get bytesRead(): number {
		return this.#frames.offset;
	}

	get length(): number {
		return this.#frames.length;
	}

	get recorded(): SourceCounts | undefined {
		return this.#recorded;
	}

	get counts(): SourceCounts {
		const none = { overflowed: 0, overflowedSteps: 0, late: 0, moved: 0, faults: 0, lost: 0, unread: 0, gaps: 0 };
		const [bytes, given] = [this.#frames.offset, this.#given];
		return { ...none, bytes, received: given, given, waiting: 0, connections: 1 };
	}

	readonly labels = (us: number): Label => {
		// Each holds from its time up to that of the next.
		for (let next = this.#labels[0]; next !== undefined && next.us <= us; next = this.#labels[0]) {
			this.#label = next.label;
			this.#labels.shift();
		}
		return this.#label;
	};

	status(): AsyncIterableIterator<SourceStatus> {
		return this.#feed.listen();
	}

	async close(): Promise<void> {
		this.#controller.abort();
		await this.#frames.close();
		this.#feed.end();
	}

	async *[Symbol.asyncIterator](): AsyncGenerator<LiveEvents> {
		if (this.#isRead) throw new StateError(`${this.name} is being replayed already: open it once more`);
		this.#isRead = true;
		const { signal } = this.#controller;
		const begin = { ms: this.#timer.now(), us: undefined as number | undefined };
		try {
			// A label stands behind the events with which it was asked for: they are held until the next ones come.
			let held: { events: LiveEvents; us: number } | undefined;
			for (;;) {
				const frame = await this.#next();
				if (frame !== undefined && frame.kind !== "events") {
					this.#note(frame);
					continue;
				}
				if (held !== undefined) {
					begin.us ??= held.us;
					if (this.#speed !== "max") {
						const dueMs = begin.ms + (held.us - begin.us) / 1000 / this.#speed;
						const leftMs = dueMs - this.#timer.now();
						if (leftMs > 0 && !(await wait(this.#timer, leftMs, signal))) return;
					}
					if (signal.aborted) return;
					this.#given += held.events.t.length;
					yield held.events;
				}
				if (frame === undefined || signal.aborted) {
					// The session has ended so: who learned from it was told before its last step was run.
					if (this.#failure !== undefined && !signal.aborted) throw new Error(this.#failure);
					return;
				}
				held = { events: readEvents(frame, this.name), us: frame.us };
			}
		} finally {
			await this.close();
		}
	}

	async #next(): Promise<Frame | undefined> {
		return this.#early.shift() ?? this.#read();
	}

	async #read(): Promise<Frame | undefined> {
		try {
			return await this.#frames.next();
		} catch (error) {
			if (this.#onFault === "skip" && error instanceof FormatError) return undefined;
			throw error;
		}
	}

	#note(frame: Frame): void {
		const { offset } = frame;
		const json = readJson(frame, this.name);
		const status: unknown = json;
		if (frame.kind === "status" && isStatus(status)) this.#feed.tell(status);
		if (frame.kind === "label") {
			const { us, label } = json;
			if (typeof us !== "number") throw new FormatError(offset, "a label without a time", "one in us", this.name);
			const isLabel = typeof label === "string" || typeof label === "number";
			this.#labels.push({ us, label: isLabel ? label : undefined });
			// Where nobody asks for them, the earlier ones are let go.
			if (this.#labels.length > MOST_LABELS) this.#label = this.#labels.shift()?.label;
		}
		if (frame.kind === "end") {
			this.#isCut = false;
			if (isCounts(json.counts)) this.#recorded = json.counts;
			if (typeof json.failure === "string") this.#failure = json.failure;
		}
	}
}

/** The most that is read before the first events: what is told of them waits until the loop begins. */
const MOST_EARLY = 1024;
/** The most labels that wait to be asked for. */
const MOST_LABELS = 4096;

/** A file may hold anything. */
function isStatus(json: unknown): json is SourceStatus {
	if (typeof json !== "object" || json === null || !("type" in json) || !("us" in json)) return false;
	return typeof json.type === "string" && typeof json.us === "number";
}

function isCounts(json: unknown): json is SourceCounts {
	return typeof json === "object" && json !== null && Object.values(json).every((count) => typeof count === "number");
}

/** Reads frames one after the other. What is cut off at the end is no fault: it is counted. */
class FrameReader {
	readonly name: string;
	readonly length: number;
	readonly #file: Awaited<ReturnType<typeof open>>;
	#offset = HEADER_BYTES;
	#isOpen = true;

	static async open(path: string): Promise<FrameReader> {
		try {
			const file = await open(path);
			const reader = new FrameReader(path, file, (await file.stat()).size);
			try {
				checkHeader(await reader.#read(0, HEADER_BYTES), path);
				return reader;
			} catch (cause) {
				await file.close();
				throw cause;
			}
		} catch (cause) {
			if (cause instanceof FormatError) throw cause;
			const reason = cause instanceof Error ? cause.message : String(cause);
			throw new DatasetError(`${path}: cannot be read: ${reason}`, { cause });
		}
	}

	private constructor(name: string, file: Awaited<ReturnType<typeof open>>, length: number) {
		this.name = name;
		this.#file = file;
		this.length = length;
	}

	/** Where the next frame begins. */
	get offset(): number {
		return this.#offset;
	}

	get lostBytes(): number {
		return this.length - this.#offset;
	}

	async next(): Promise<Frame | undefined> {
		try {
			return await this.#next();
		} catch (error) {
			// Closed while it was read.
			if (!this.#isOpen) return undefined;
			throw error;
		}
	}

	async #next(): Promise<Frame | undefined> {
		if (!this.#isOpen) return undefined;
		const head = await this.#read(this.#offset, FRAME_BYTES);
		if (head.length < FRAME_BYTES) return undefined;
		const length = frameLength(head, this.#offset, this.name);
		if (this.#offset + length > this.length) return undefined;
		const bytes = await this.#read(this.#offset, length);
		if (bytes.length < length) return undefined;
		const frame = readFrame(bytes, this.#offset, this.name);
		this.#offset += length;
		return frame;
	}

	async close(): Promise<void> {
		if (!this.#isOpen) return;
		this.#isOpen = false;
		await this.#file.close();
	}

	async #read(from: number, length: number): Promise<Uint8Array> {
		const bytes = new Uint8Array(length);
		let at = 0;
		while (at < length) {
			const { bytesRead } = await this.#file.read(bytes, at, length - at, from + at);
			if (bytesRead === 0) break;
			at += bytesRead;
		}
		return bytes.subarray(0, at);
	}
}
