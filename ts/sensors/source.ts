// A source: a transport and a decoder, kept going. Bytes are read as they come, made into events on one clock, and queued for
// whoever reads the source; what fails is tried again, what is lost is counted and told.

import { StateError } from "../errors.js";
import type { Events, LiveEvents } from "../events/chunk.js";
import { Backoff, type BackoffOptions } from "./backoff.js";
import type { LiveDecoder } from "./decoders/decoder.js";
import { EventQueue, type QueueOptions } from "./queue.js";
import { type SourceCounts, type SourceStatus, StatusFeed } from "./status.js";
import { Timeline, type TimelineOptions } from "./timeline.js";
import { machineTimer, orAborted, type Timer, wait } from "./timer.js";
import type { Connection, Transport } from "./transport.js";

/** Events as they come, from a sensor or a recording of one: what `Network.follow` takes. Can be read once. */
export interface Source extends AsyncIterable<LiveEvents> {
	/** Where from, for people. */
	readonly name: string;
	/** What it has counted so far. */
	readonly counts: SourceCounts;
	/** What happens to it, from now on, up to its end. Each call listens for itself. */
	status(): AsyncIterableIterator<SourceStatus>;
	/** Ends it at once, whatever it is at: connecting, waiting to try again, reading. The loop over it ends. */
	close(): Promise<void>;
}

/** What a source is made of. */
export interface SourceParts {
	readonly transport: Transport;
	readonly decoder: LiveDecoder;
	readonly queue: QueueOptions;
	readonly timeline: TimelineOptions;
	readonly backoff?: BackoffOptions | undefined;
	/** After how long without a byte a silence is told, in ms; 0: never. */
	readonly silenceMs: number;
	/** After how long an attempt to connect has failed, in ms. */
	readonly connectMs: number;
	/** With the wall's clock: how often it ticks, in ms. */
	readonly tickMs: number;
	readonly timer?: Timer | undefined;
}

/** When a part came, and what came. */
interface Arrival {
	readonly events: LiveEvents;
	/** In us since the source was opened. */
	readonly arrivalUs: number;
}

/** A source that reads its transport from the moment it is made. */
export class LiveSource implements Source {
	readonly #parts: SourceParts;
	readonly #timer: Timer;
	readonly #beginMs: number;
	readonly #queue: EventQueue;
	readonly #timeline: Timeline;
	readonly #backoff: Backoff;
	readonly #feed = new StatusFeed();
	readonly #controller = new AbortController();
	readonly #running: Promise<void>;
	readonly #alarms = new Set<() => void>();
	#connection: Connection | undefined;
	#isRead = false;
	#given = 0;
	#told = { overflowed: 0, steps: 0, faults: 0, lost: 0, unread: 0 };
	#unreadBefore = 0;
	#heardUs = 0;
	#isSilent = false;
	#counts = { bytes: 0, received: 0, late: 0, moved: 0, connections: 0, gaps: 0 };

	constructor(parts: SourceParts) {
		this.#parts = parts;
		this.#timer = parts.timer ?? machineTimer;
		this.#beginMs = this.#timer.now();
		this.#queue = new EventQueue(parts.queue);
		this.#timeline = new Timeline(parts.timeline);
		this.#backoff = new Backoff(parts.backoff);
		if (parts.timeline.clock === "wall") this.#every(parts.tickMs, () => this.#tick());
		if (parts.silenceMs > 0) this.#every(parts.silenceMs, () => this.#listen());
		this.#running = this.#run();
	}

	get name(): string {
		return this.#parts.transport.name;
	}

	get counts(): SourceCounts {
		const { bytes, received, late, moved, connections, gaps } = this.#counts;
		const { waiting, overflowed, overflowedSteps } = this.#queue;
		const { faults, lost = 0 } = this.#parts.decoder;
		const unread = this.#unreadBefore + (this.#connection?.unread ?? 0);
		const queue = { given: this.#given, waiting, overflowed, overflowedSteps };
		return { bytes, received, ...queue, late, moved, faults, lost, unread, connections, gaps };
	}

	/** Us since the source was opened. */
	get nowUs(): number {
		return Math.floor(1000 * (this.#timer.now() - this.#beginMs));
	}

	status(): ReturnType<StatusFeed["listen"]> {
		return this.#feed.listen();
	}

	async close(): Promise<void> {
		this.#controller.abort();
		this.#connection?.close();
		this.#queue.clear();
		await this.#running;
	}

	/** Events with the time at which they came, for whoever keeps them. */
	async *arrivals(): AsyncGenerator<Arrival> {
		if (this.#isRead) throw new StateError(`${this.name} is being read already: a source can be read once`);
		this.#isRead = true;
		try {
			for (;;) {
				const next = await this.#queue.next();
				if (next === undefined || this.#controller.signal.aborted) return;
				this.#tellDropped();
				this.#given += next.events.t.length;
				yield next;
			}
		} finally {
			await this.close();
		}
	}

	async *[Symbol.asyncIterator](): AsyncGenerator<LiveEvents> {
		for await (const { events } of this.arrivals()) yield events;
	}

	/** Reads connection after connection, until it is closed, the transport is over for good, or gives up. */
	async #run(): Promise<void> {
		const { signal } = this.#controller;
		let reason = "closed";
		let failure: unknown;
		try {
			for (;;) {
				const broken = await this.#connect(signal);
				if (signal.aborted) break;
				reason = broken instanceof Error ? broken.message : "the peer has ended the connection";
				if (this.#parts.transport.isOnce) {
					failure = broken;
					if (broken === undefined) reason = "the stream has ended";
					break;
				}
				const delayMs = this.#backoff.next();
				if (delayMs === undefined) {
					failure = broken ?? new Error(`${this.name}: ${reason}`);
					break;
				}
				this.#tell({ type: "reconnecting", us: this.nowUs, attempt: this.#backoff.failed, delayMs, reason });
				if (!(await wait(this.#timer, delayMs, signal))) break;
			}
		} catch (error) {
			// Bytes that are refused: trying again would not make them better.
			failure = error;
			reason = error instanceof Error ? error.message : String(error);
		} finally {
			this.#finish(signal.aborted ? "closed" : reason, failure);
		}
	}

	#finish(reason: string, failure: unknown): void {
		for (const cancel of this.#alarms) cancel();
		this.#alarms.clear();
		this.#queue.end(failure);
		this.#tellDropped();
		this.#parts.decoder.close();
		this.#tell({ type: "closed", us: this.nowUs, reason });
		this.#feed.end();
	}

	/** One connection from its begin to its end. Returns why it ended: nothing where the peer wished so. */
	async #connect(signal: AbortSignal): Promise<unknown> {
		const { transport, decoder } = this.#parts;
		let connection: Connection | undefined;
		try {
			connection = await this.#open(signal);
		} catch (error) {
			return error;
		}
		if (connection === undefined) return undefined;
		this.#connection = connection;
		this.#timeline.restart();
		this.#counts.connections += 1;
		const { address } = connection;
		const attempt = this.#backoff.failed + 1;
		this.#tell({ type: "connected", us: this.nowUs, attempt, ...(address !== undefined && { address }) });
		let isFirst = this.#counts.connections > 1;
		const parts = connection[Symbol.asyncIterator]();
		let broken: unknown;
		try {
			for (;;) {
				let part: IteratorResult<Uint8Array> | undefined;
				try {
					part = await orAborted(parts.next(), signal);
				} catch (error) {
					broken = error;
					break;
				}
				if (part === undefined || part.done === true) break;
				const nowUs = this.nowUs;
				if (isFirst && !this.#isSilent) this.#gap("connection", nowUs);
				isFirst = false;
				this.#backoff.reset();
				await this.#take(part.value, nowUs, transport.isMessages);
			}
			if (!signal.aborted) await this.#place(decoder.end(), this.nowUs);
			this.#tellFaults(this.nowUs);
			return broken;
		} finally {
			connection.close();
			this.#unreadBefore += connection.unread ?? 0;
			this.#connection = undefined;
		}
	}

	/** Connects, or gives up after a while. `undefined` where the source is closed meanwhile. */
	async #open(signal: AbortSignal): Promise<Connection | undefined> {
		const attempt = new AbortController();
		const stop = () => attempt.abort();
		signal.addEventListener("abort", stop, { once: true });
		const { connectMs, transport } = this.#parts;
		const cancel = this.#timer.after(connectMs, stop);
		try {
			const connecting = transport.connect(attempt.signal);
			// One that comes too late is ended.
			connecting.then((late) => attempt.signal.aborted && late.close()).catch(() => undefined);
			const connection = await orAborted(connecting, attempt.signal);
			if (connection !== undefined || signal.aborted) return signal.aborted ? undefined : connection;
			throw new Error(`no connection within ${connectMs} ms`);
		} catch (error) {
			if (signal.aborted) return undefined;
			throw attempt.signal.aborted ? new Error(`no connection within ${connectMs} ms`) : error;
		} finally {
			cancel();
			signal.removeEventListener("abort", stop);
		}
	}

	async #take(bytes: Uint8Array, nowUs: number, isWhole: boolean): Promise<void> {
		this.#counts.bytes += bytes.length;
		if (this.#isSilent) this.#gap("silence", nowUs);
		this.#isSilent = false;
		this.#heardUs = nowUs;
		await this.#place(this.#parts.decoder.push(bytes, isWhole), nowUs);
		this.#tellFaults(nowUs);
	}

	/** Puts events on the one clock and into the queue. */
	async #place(decoded: Iterable<Events>, nowUs: number): Promise<void> {
		const { signal } = this.#controller;
		for (const events of decoded) {
			this.#counts.received += events.t.length;
			const placed = this.#timeline.place(events, nowUs);
			const { late, moved, shiftUs } = placed;
			if (shiftUs !== undefined) this.#tell({ type: "clock", us: nowUs, shiftUs });
			this.#counts.late += late;
			this.#counts.moved += moved;
			if (late > 0) this.#tell({ type: "dropped", us: nowUs, why: "late", events: late });
			const full = placed.events.t.length > 0 ? this.#queue.put(placed.events, nowUs) : undefined;
			if (full !== undefined) await orAborted(full, signal);
			if (signal.aborted) return;
		}
	}

	#tick(): void {
		const nowUs = this.nowUs;
		const untilUs = this.#timeline.tick(nowUs);
		if (untilUs === undefined) return;
		this.#queue.put({ ...NOTHING, untilUs }, nowUs);
	}

	/** Has nothing come since it listened last? */
	#listen(): void {
		const lastedUs = this.nowUs - this.#heardUs;
		if (this.#isSilent || this.#connection === undefined || lastedUs < 1000 * this.#parts.silenceMs) return;
		this.#isSilent = true;
		this.#tell({ type: "silent", us: this.nowUs, lastedUs });
	}

	#every(ms: number, call: () => void): void {
		let cancel = () => {};
		const again = () => {
			this.#alarms.delete(cancel);
			call();
			cancel = this.#timer.after(ms, again);
			this.#alarms.add(cancel);
		};
		cancel = this.#timer.after(ms, again);
		this.#alarms.add(cancel);
	}

	#gap(why: "connection" | "silence", us: number): void {
		this.#counts.gaps += 1;
		this.#tell({ type: "gap", us, why, lastedUs: us - this.#heardUs });
	}

	/** Tells what the decoder has left out or missed since it was asked last, and what the transport could not keep. */
	#tellFaults(us: number): void {
		const { faults, lost, unread } = this.counts;
		const told = this.#told;
		if (faults > told.faults) this.#tell({ type: "fault", us, records: faults - told.faults });
		if (lost > told.lost) {
			this.#counts.gaps += 1;
			this.#tell({ type: "gap", us, why: "sequence", lastedUs: 0, lost: lost - told.lost });
		}
		this.#told = { ...told, faults, lost, unread };
		if (unread > told.unread) this.#tell({ type: "unread", us, messages: unread - told.unread });
	}

	/** Tells what the queue has dropped since it was asked last: as a reader takes the next chunk, not chunk by chunk. */
	#tellDropped(): void {
		const { overflowed, overflowedSteps } = this.#queue;
		const events = overflowed - this.#told.overflowed;
		const steps = overflowedSteps - this.#told.steps;
		if (events === 0) return;
		this.#told = { ...this.#told, overflowed, steps: overflowedSteps };
		this.#tell({ type: "dropped", us: this.nowUs, why: "queue", events, ...(steps > 0 && { steps }) });
	}

	#tell(status: SourceStatus): void {
		this.#feed.tell(status);
	}
}

const NOTHING = { t: new Float64Array(0), x: new Uint16Array(0), y: new Uint16Array(0), p: new Uint8Array(0) };
