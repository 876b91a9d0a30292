// AEDAT 4.0, one stream of events, not compressed and without a table of its packets, which readers can do without.

import { EventError } from "../../errors.js";
import type { Events } from "../chunk.js";
import type { SensorPixels } from "../decode.js";
import type { WriteOptions } from "./mod.js";

const MARK = "#!AER-DAT4.0\r\n";
const EVENT_BYTES = 16;
/** Where the events begin in a packet: behind its table. */
const EVENTS_AT = 32;
const MOST_PIXEL = 0x7fff;

/** See `writeEvents`. */
export async function* aedat4(chunks: AsyncIterable<Events>, { sensor }: WriteOptions): AsyncGenerator<Uint8Array> {
	yield new TextEncoder().encode(MARK);
	yield header(sensor);
	let index = 0;
	for await (const chunk of chunks) {
		if (chunk.t.length > 0) yield packet(chunk, index);
		index += chunk.t.length;
	}
}

/** The flatbuffer IOHeader, its size before it: compression 0, no position of a table, and the streams as XML. */
function header({ width, height }: SensorPixels): Uint8Array {
	const attribute = (key: string, type: string, value: string | number) =>
		`<attr key="${key}" type="${type}">${value}</attr>`;
	const node = (name: string, path: string, inside: string) => `<node name="${name}" path="${path}">${inside}</node>`;
	const info = node(
		"info",
		"/mainloop/stllr/outInfo/0/info/",
		attribute("sizeX", "int", width) + attribute("sizeY", "int", height) + attribute("source", "string", "stllr"),
	);
	const stream = node(
		"0",
		"/mainloop/stllr/outInfo/0/",
		attribute("compression", "string", "NONE") +
			attribute("originalModuleName", "string", "stllr") +
			attribute("originalOutputName", "string", "events") +
			attribute("typeDescription", "string", "Array of events (polarity ON/OFF).") +
			attribute("typeIdentifier", "string", "EVTS") +
			info,
	);
	const outputs = node("outInfo", "/mainloop/stllr/outInfo/", stream);
	const xml = new TextEncoder().encode(`<dv version="2.0">${outputs}</dv>\n`);
	const made = new Uint8Array(48 + xml.length + 1);
	const view = new DataView(made.buffer);
	view.setUint32(0, made.length - 4, true);
	view.setUint32(4, 20, true); // the table, from here
	made.set(new TextEncoder().encode("IOHE"), 8);
	for (const [at, value] of [10, 20, 4, 8, 16].entries()) view.setUint16(12 + 2 * at, value, true);
	view.setInt32(24, 12, true); // the list of fields, before the table
	view.setInt32(28, 0, true);
	view.setBigInt64(32, -1n, true);
	view.setUint32(40, 4, true); // the text, from here
	view.setUint32(44, xml.length, true);
	made.set(xml, 48);
	return made;
}

/** Stream 0, the size of what follows, and a flatbuffer EVTS with its own size before it. */
function packet({ t, x, y, p }: Events, first: number): Uint8Array {
	const bytes = EVENTS_AT + EVENT_BYTES * t.length;
	const made = new Uint8Array(8 + bytes);
	const view = new DataView(made.buffer);
	view.setInt32(4, bytes, true);
	const table = new DataView(made.buffer, 8);
	table.setUint32(0, bytes - 4, true);
	table.setUint32(4, 16, true);
	made.set(new TextEncoder().encode("EVTS"), 16);
	for (const [at, value] of [6, 8, 4].entries()) table.setUint16(12 + 2 * at, value, true);
	table.setInt32(20, 8, true);
	table.setUint32(24, 4, true);
	table.setUint32(28, t.length, true);
	for (const [at, us] of t.entries()) {
		check(first + at, x[at] as number, y[at] as number, p[at] as number);
		const event = EVENTS_AT + EVENT_BYTES * at;
		table.setBigInt64(event, BigInt(us), true);
		table.setInt16(event + 8, x[at] as number, true);
		table.setInt16(event + 10, y[at] as number, true);
		table.setUint8(event + 12, p[at] as number);
	}
	return made;
}

function check(index: number, x: number, y: number, p: number): void {
	if (p > 1) throw new EventError(index, `p ${p}`, "0 or 1 in AEDAT 4.0 (csv keeps more)");
	if (x > MOST_PIXEL) throw new EventError(index, `x ${x}`, `0 to ${MOST_PIXEL} in AEDAT 4.0`);
	if (y > MOST_PIXEL) throw new EventError(index, `y ${y}`, `0 to ${MOST_PIXEL} in AEDAT 4.0`);
}
