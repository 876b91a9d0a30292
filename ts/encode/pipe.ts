// Events through filters: a whole recording, a stream, or chunk by chunk.

import { EventError, OptionError } from "../errors.js";
import { type Events, MAX_TIME_US } from "../events/chunk.js";
import * as check from "../network/check.js";
import { checkEvents } from "../network/fault.js";
import { type EncodeModule, loadEncodeModule } from "../wasm/module.js";
import type { Filter } from "./filters.js";
import { joined, Outlet, refusal } from "./outlet.js";

/** What a filter has left out, each event once. */
export interface Removed {
	/** The filter. */
	readonly filter: string;
	/** What it is for. */
	readonly byRule: number;
	/** Outside the sensor that it was told. */
	readonly outside: number;
	/** Times that lie before that of the event before: dropped by filters that look at times. */
	readonly late: number;
	/** For want of room: delay lines hold only so many. */
	readonly noRoom: number;
}

/** Filtered events. */
export interface FilteredEvents extends Events {
	/** What each filter has left out, in their order. */
	readonly removed: readonly Removed[];
}

/** A stream of filtered events. */
export interface EventPipe extends AsyncIterable<Events> {
	/** What each filter has left out so far. */
	readonly removed: readonly Removed[];
}

/**
 * Runs events through filters, in this order.
 *
 * Any split of the events gives the same ones. A recording is given back whole; chunks come as an async iterable, fresh arrays
 * each, which ends the source when its loop is left. Delayed events come when the next events show that it is their time, or
 * at the end.
 *
 * @param source a recording, or chunks: of `streamEvents`, of a live source, of a list
 * @throws OptionError for filters that are none or contradict themselves
 * @throws EventError, when it is met, for a time that is no whole number from 0 to 2^53 - 1 us
 */
export function pipe(source: Events, filters: readonly Filter[]): Promise<FilteredEvents>;
export function pipe(source: AsyncIterable<Events> | Iterable<Events>, filters: readonly Filter[]): EventPipe;
export function pipe(
	source: Events | AsyncIterable<Events> | Iterable<Events>,
	filters: readonly Filter[],
): Promise<FilteredEvents> | EventPipe {
	if (typeof source !== "object" || source === null) throw new OptionError("source", source, SOURCES);
	checkFilters(filters);
	if ("t" in source) return whole(source, filters);
	if (Symbol.asyncIterator in source || Symbol.iterator in source) return new Streaming(source, filters);
	throw new OptionError("source", source, SOURCES);
}

const SOURCES = "events, or an iterable of chunks of them";

async function whole(source: Events, filters: readonly Filter[]): Promise<FilteredEvents> {
	const filtering = await openPipe(filters);
	try {
		const parts = [...filtering.push(source), ...filtering.flush()];
		return { ...joined(parts), removed: filtering.removed };
	} finally {
		filtering.close();
	}
}

class Streaming implements EventPipe {
	readonly #source: AsyncIterable<Events> | Iterable<Events>;
	readonly #filters: readonly Filter[];
	#removed: readonly Removed[];

	constructor(source: AsyncIterable<Events> | Iterable<Events>, filters: readonly Filter[]) {
		this.#source = source;
		this.#filters = filters;
		this.#removed = filters.map(({ name }) => ({ filter: name, byRule: 0, outside: 0, late: 0, noRoom: 0 }));
	}

	get removed(): readonly Removed[] {
		return this.#removed;
	}

	async *[Symbol.asyncIterator](): AsyncGenerator<Events> {
		const filtering = await openPipe(this.#filters);
		try {
			for await (const chunk of this.#source) {
				const parts = filtering.push(chunk);
				this.#removed = filtering.removed;
				yield* parts;
			}
			yield* filtering.flush();
		} finally {
			this.#removed = filtering.removed;
			filtering.close();
		}
	}
}

/** Filters that are given events chunk by chunk. About 220 kB of WASM memory, and what the filters say. */
export class FilterPipe {
	readonly #memory: WebAssembly.Memory;
	readonly #pipe: InstanceType<EncodeModule["FilterPipe"]>;
	readonly #filters: readonly Filter[];
	readonly #outlet: Outlet;
	#input: Events | undefined;
	/** Of streams that have ended. */
	#ended: readonly Removed[] = [];

	/** Use `openPipe`. */
	constructor(module: EncodeModule, filters: readonly Filter[]) {
		this.#memory = module.memory;
		this.#filters = filters;
		this.#pipe = new module.FilterPipe();
		this.#outlet = new Outlet(module.memory, this.#pipe);
		for (const { kind, settings } of filters) {
			if (this.#pipe.add(kind, Float64Array.from(settings))) continue;
			const error = refusal(this.#pipe);
			this.#pipe.free();
			throw error;
		}
		this.#pipe.begin();
	}

	/** What becomes of these events, in parts of up to 4,096. @throws EventError for a time that is none; nothing is taken then */
	push(events: Events): Events[] {
		checkEvents(events);
		checkTimes(events.t);
		const given: Events[] = [];
		const capacity = this.#pipe.capacity();
		for (let offset = 0; offset < events.t.length; offset += capacity) {
			const count = Math.min(capacity, events.t.length - offset);
			this.#put(events, offset, count);
			this.#pipe.put(count);
			// A full output may hide that there is more of it.
			for (let [from, made] = [0, 0]; from < count || made === capacity; from = this.#pipe.consumed()) {
				made = this.#pipe.feed(from);
				if (made > 0) given.push(this.#outlet.take(made));
			}
		}
		return given;
	}

	/** Ends the stream: what is still to come. The next events are those of a new one; what is left out is counted on. */
	flush(): Events[] {
		const given: Events[] = [];
		do {
			const made = this.#pipe.finish();
			if (made > 0) given.push(this.#outlet.take(made));
		} while (!this.#pipe.isDone());
		this.#ended = this.removed;
		this.#pipe.reset();
		return given;
	}

	/** What each filter has left out so far, in their order. */
	get removed(): readonly Removed[] {
		return this.#filters.map(({ name }, index) => {
			const count = (why: number) => this.#pipe.removed(index, why);
			const before = this.#ended[index];
			return {
				filter: name,
				byRule: count(0) + (before?.byRule ?? 0),
				outside: count(1) + (before?.outside ?? 0),
				late: count(2) + (before?.late ?? 0),
				noRoom: count(3) + (before?.noRoom ?? 0),
			};
		});
	}

	/** Forgets the stream and what was left out. */
	reset(): void {
		this.#ended = [];
		this.#pipe.reset();
	}

	/** Gives the memory back. */
	close(): void {
		this.#pipe.free();
	}

	#put({ t, x, y, p }: Events, from: number, count: number): void {
		const { buffer } = this.#memory;
		if (this.#input === undefined || this.#input.t.buffer !== buffer) {
			const [pipe, capacity] = [this.#pipe, this.#pipe.capacity()];
			this.#input = {
				t: new Float64Array(buffer, pipe.inputTPtr(), capacity),
				x: new Uint16Array(buffer, pipe.inputXPtr(), capacity),
				y: new Uint16Array(buffer, pipe.inputYPtr(), capacity),
				p: new Uint8Array(buffer, pipe.inputPPtr(), capacity),
			};
		}
		this.#input.t.set(t.subarray(from, from + count));
		this.#input.x.set(x.subarray(from, from + count));
		this.#input.y.set(y.subarray(from, from + count));
		this.#input.p.set(p.subarray(from, from + count));
	}
}

/**
 * Filters one behind the other, to be given events chunk by chunk: `push`, `flush`, `close`.
 *
 * @throws OptionError for filters that are none or contradict themselves
 */
export async function openPipe(filters: readonly Filter[]): Promise<FilterPipe> {
	checkFilters(filters);
	return new FilterPipe(await loadEncodeModule(), filters);
}

function checkTimes(times: Float64Array): void {
	for (let index = 0; index < times.length; index += 1) {
		const time = times[index] as number;
		if (Number.isInteger(time) && time >= 0 && time <= MAX_TIME_US) continue;
		throw new EventError(index, `t ${time}`, `whole numbers from 0 to ${MAX_TIME_US} us`);
	}
}

function checkFilters(filters: readonly Filter[]): void {
	if (!Array.isArray(filters)) throw new OptionError("filters", filters, "a list of filters");
	for (const [index, filter] of filters.entries()) {
		check.object(`filters[${index}]`, filter, ["name", "kind", "settings"]);
	}
}
