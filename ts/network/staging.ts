// The way of events into WASM: one staging buffer for all networks of a module, and kept views of it.

import type { Events } from "../events/chunk.js";
import type { StllrModule } from "../wasm/module.js";

/** Events that are staged at once: 13 bytes each. */
const CAPACITY = 16_384;

/** The staging buffer of a module. */
export class EventStaging {
	/** Bytes of WASM memory that it takes, once for all networks of a module. */
	static readonly bytes = 13 * CAPACITY;
	/** Events that it holds. */
	readonly capacity = CAPACITY;
	readonly buffer: InstanceType<StllrModule["Staging"]>;
	readonly #memory: WebAssembly.Memory;
	#views: Events | undefined;

	/** The one of this module; made at the first call. */
	static of(module: StllrModule): EventStaging {
		let staging = stagings.get(module);
		if (staging === undefined) {
			staging = new EventStaging(module);
			stagings.set(module, staging);
		}
		return staging;
	}

	private constructor(module: StllrModule) {
		this.#memory = module.memory;
		this.buffer = new module.Staging(CAPACITY);
	}

	/** Copies events `from..until` to the begin of the buffer; at most `capacity`. Returns how many. */
	put(events: Events, from: number, until: number): number {
		const { t, x, y, p } = this.#current();
		if (from === 0 && until === events.t.length) {
			t.set(events.t);
			x.set(events.x);
			y.set(events.y);
			p.set(events.p);
		} else {
			t.set(events.t.subarray(from, until));
			x.set(events.x.subarray(from, until));
			y.set(events.y.subarray(from, until));
			p.set(events.p.subarray(from, until));
		}
		return until - from;
	}

	#current(): Events {
		const { buffer } = this.#memory;
		// A view of a memory that has grown is empty, and writes to it vanish.
		if (this.#views === undefined || this.#views.t.buffer !== buffer) {
			this.#views = {
				t: new Float64Array(buffer, this.buffer.tPtr(), CAPACITY),
				x: new Uint16Array(buffer, this.buffer.xPtr(), CAPACITY),
				y: new Uint16Array(buffer, this.buffer.yPtr(), CAPACITY),
				p: new Uint8Array(buffer, this.buffer.pPtr(), CAPACITY),
			};
		}
		return this.#views;
	}
}

const stagings = new WeakMap<StllrModule, EventStaging>();
