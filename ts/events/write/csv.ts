// CSV: a line an event.

import type { Events } from "../chunk.js";

/** `t,x,y,p`, times in us; see `writeEvents`. */
export async function* csv(chunks: AsyncIterable<Events>): AsyncGenerator<Uint8Array> {
	const encoder = new TextEncoder();
	yield encoder.encode("t,x,y,p\n");
	for await (const { t, x, y, p } of chunks) {
		let lines = "";
		for (const [at, us] of t.entries()) lines += `${us},${x[at]},${y[at]},${p[at]}\n`;
		yield encoder.encode(lines);
	}
}
