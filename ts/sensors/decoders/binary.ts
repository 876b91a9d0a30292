// The formats that the WASM decodes, as they come live.

import type { Events } from "../../events/chunk.js";
import { Decoding, type OnFault } from "../../events/decode.js";
import type { EventFormat } from "../../events/formats.js";
import { loadEventsModule } from "../../wasm/module.js";
import type { LiveDecoder } from "./decoder.js";

/** A decoder of one of the formats of event files. `name` is for errors. */
export async function binary(format: EventFormat, onFault: OnFault, name: string): Promise<LiveDecoder> {
	const decoding = new Decoding(await loadEventsModule());
	decoding.start(format, onFault, name);
	return new Binary(decoding, format, onFault, name);
}

class Binary implements LiveDecoder {
	readonly hasTimes: boolean;
	readonly #decoding: Decoding;
	readonly #format: EventFormat;
	readonly #onFault: OnFault;
	readonly #name: string;
	/** Faults of the streams before this one. */
	#before = 0;
	#isOpen = true;

	constructor(decoding: Decoding, format: EventFormat, onFault: OnFault, name: string) {
		this.hasTimes = format !== "edvs0";
		this.#decoding = decoding;
		this.#format = format;
		this.#onFault = onFault;
		this.#name = name;
	}

	get faults(): number {
		return this.#before + (this.#isOpen ? this.#decoding.dropped : 0);
	}

	*push(bytes: Uint8Array, isWhole: boolean): Generator<Events> {
		yield* this.#decoding.push(bytes);
		if (isWhole) this.#decoding.border();
	}

	*end(): Generator<Events> {
		yield* this.#decoding.finish();
		this.#before = this.faults;
		this.#decoding.start(this.#format, this.#onFault, this.#name);
	}

	close(): void {
		this.#before = this.faults;
		this.#isOpen = false;
		this.#decoding.free();
	}
}
