// Event Stream 2.0, of a camera of two polarities.

import { EventError } from "../../errors.js";
import type { Events } from "../chunk.js";
import type { WriteOptions } from "./mod.js";

/** What a byte of overflow adds to the time. */
const OVERFLOW_US = 127;
const OVERFLOW = 0xff;
/** Without events the file grows by a byte for each 127 us; what is longer than this is taken for a mistake. */
const MOST_GAP_US = 3600e6;
const DVS = 1;

/** See `writeEvents`. */
export async function* es(chunks: AsyncIterable<Events>, { sensor }: WriteOptions): AsyncGenerator<Uint8Array> {
	const head = new Uint8Array(20);
	head.set(new TextEncoder().encode("Event Stream"));
	head.set([2, 0, 0, DVS], 12);
	const view = new DataView(head.buffer);
	view.setUint16(16, sensor.width, true);
	view.setUint16(18, sensor.height, true);
	yield head;
	let [index, before] = [0, 0];
	for await (const chunk of chunks) {
		let overflows = 0;
		let last = before;
		for (const [at, us] of chunk.t.entries()) {
			check(index + at, us, last, chunk.p[at] as number);
			overflows += Math.floor((us - last) / OVERFLOW_US);
			last = us;
		}
		const bytes = new Uint8Array(overflows + 5 * chunk.t.length);
		let to = 0;
		for (const [at, us] of chunk.t.entries()) {
			const [x, y] = [chunk.x[at] as number, chunk.y[at] as number];
			const steps = Math.floor((us - before) / OVERFLOW_US);
			bytes.fill(OVERFLOW, to, to + steps);
			to += steps;
			const rest = us - before - steps * OVERFLOW_US;
			bytes.set([(rest << 1) | (chunk.p[at] as number), x, x >> 8, y, y >> 8], to);
			to += 5;
			before = us;
		}
		index += chunk.t.length;
		yield bytes;
	}
}

function check(index: number, us: number, before: number, p: number): void {
	if (p > 1) throw new EventError(index, `p ${p}`, "0 or 1 in Event Stream (csv keeps more)");
	if (us < before) throw new EventError(index, `t ${us} goes back from ${before}`, "rising times in Event Stream");
	if (us - before > MOST_GAP_US) {
		const found = `t ${us} is ${us - before} us after ${index === 0 ? "time 0" : "the event before it"}`;
		throw new EventError(index, found, `gaps up to ${MOST_GAP_US} us in Event Stream, a byte for each 127 us`);
	}
}
