// What turns the bytes of a transport into events.

import type { Events } from "../../events/chunk.js";

/** A decoder of what comes live. It knows nothing of where the bytes come from. */
export interface LiveDecoder {
	/** Do its events have the sensor's own times? Else they get the time at which they came. */
	readonly hasTimes: boolean;
	/** Faulty records left out so far; a number that only grows. */
	readonly faults: number;
	/** Messages that never came, by the sender's own numbers. */
	readonly lost?: number;
	/**
	 * The events of the next bytes, in parts; each part may lie in memory that the next one overwrites.
	 *
	 * @param isWhole do the bytes end where a message ends?
	 */
	push(bytes: Uint8Array, isWhole: boolean): Iterable<Events>;
	/** The connection has ended: the last events. A record that it has cut is a fault; the next bytes are of a new stream. */
	end(): Iterable<Events>;
	/** Gives its memory back. */
	close(): void;
}
