// Event files a chunk at a time: whatever way the bytes come, the events are the same.
import { createReadStream, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { type Events, events, FormatError, OptionError, openEvents, streamEvents } from "../dist/index.js";

const COUNT = 20_000;
const truth = events({
	t: Array.from({ length: COUNT }, (_, at) => at * 3),
	x: Array.from({ length: COUNT }, (_, at) => at % 200),
	y: Array.from({ length: COUNT }, (_, at) => at % 190),
	p: Array.from({ length: COUNT }, (_, at) => at % 2),
});

/** The truth as `.bs2`. */
const bytes = Uint8Array.from(
	Array.from(truth.t).flatMap((us, at) => [
		truth.x[at] ?? 0,
		truth.y[at] ?? 0,
		((truth.p[at] ?? 0) << 7) | (us >> 16),
		us >> 8,
		us,
	]),
);

const plain = ({ t, x, y, p }: Events) => ({ t, x, y, p });

async function gather(chunks: AsyncIterable<Events>): Promise<Events> {
	const all: Events[] = [];
	for await (const chunk of chunks) all.push(chunk);
	const join = (get: (chunk: Events) => ArrayLike<number>) => all.flatMap((chunk) => Array.from(get(chunk)));
	return events({ t: join(({ t }) => t), x: join(({ x }) => x), y: join(({ y }) => y), p: join(({ p }) => p) });
}

function* split(size: number): Generator<Uint8Array> {
	for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size);
}

t.test("streamEvents: bytes in any pieces, from anywhere, give the same events", async (t) => {
	const path = join(t.testdir(), "some.bs2");
	writeFileSync(path, bytes);
	const browser = new ReadableStream<Uint8Array>({
		start(controller) {
			for (const part of split(9999)) controller.enqueue(part);
			controller.close();
		},
	});
	const sources = { path, bytes, pieces: split(7), large: split(30_000), node: createReadStream(path), browser };
	for (const [name, source] of Object.entries(sources)) {
		const stream = await streamEvents(source, { format: "bs2" });
		t.same(await gather(stream), truth, name);
		t.equal(stream.bytesRead, bytes.length, name);
	}
	t.same(plain(await openEvents(split(1), { format: "bs2" })), truth, "byte by byte");
});

t.test("streamEvents: chunks are one's own, unless they are to be used again", async (t) => {
	const own: Events[] = [];
	for await (const chunk of await streamEvents(bytes, { format: "bs2" })) own.push(chunk);
	t.equal(own[0]?.t[1], 3);
	const shared: Events[] = [];
	for await (const chunk of await streamEvents(split(30_000), { format: "bs2", reuse: true })) shared.push(chunk);
	t.ok(shared.length > 2);
	t.equal(shared[0]?.t[1], shared[1]?.t[1], "the second has overwritten the first");
});

const unlisted = readable("/proc/self/fd") ? false : "needs /proc";

t.test("streamEvents: a file that is left is closed, whether or not it was read", { skip: unlisted }, async (t) => {
	const folder = t.testdir();
	const [path, cut] = [join(folder, "some.bs2"), join(folder, "cut.bs2")];
	writeFileSync(path, bytes);
	writeFileSync(cut, bytes.subarray(0, 7));
	const open = () => readdirSync("/proc/self/fd").length;
	const before = open();
	for (const leave of ["unread", "loop", "twice"]) {
		const stream = await streamEvents(path);
		if (leave === "loop") for await (const chunk of stream) if (chunk.t.length > 0) break;
		if (leave !== "loop") await stream.close();
		if (leave === "twice") await stream.close();
		t.equal(open(), before, leave);
		t.same(await gather(stream), events({ t: [], x: [] }), "nothing comes any more");
	}
	await t.rejects(streamEvents(cut).then(gather), FormatError);
	t.equal(open(), before, "after a fault");
});

t.test("streamEvents: events before a fault are given, then the fault with its byte", async (t) => {
	const stream = await streamEvents([bytes.subarray(0, 53)], { format: "bs2" });
	const seen: Events[] = [];
	const error: unknown = await (async () => {
		for await (const chunk of stream) seen.push(chunk);
	})().catch((cause: unknown) => cause);
	t.equal(
		seen.reduce((sum, chunk) => sum + chunk.t.length, 0),
		10,
	);
	t.ok(error instanceof FormatError && error.byteOffset === 50);
	const skipping = await streamEvents([bytes.subarray(0, 53)], { format: "bs2", onFault: "skip" });
	t.equal((await gather(skipping)).t.length, 10);
	t.equal(skipping.dropped, 1);
});

t.test("streamEvents: what is no source of bytes is refused", async (t) => {
	for (const text of ["7", "null", "{}", "true"]) {
		const source = JSON.parse(text) as Uint8Array;
		await t.rejects(streamEvents(source, { format: "bs2" }), { name: "OptionError", option: "source" }, text);
	}
	await t.rejects(streamEvents(JSON.parse('["abc"]') as Uint8Array[], { format: "bs2" }), OptionError);
	const wrong = JSON.parse('{ "format": "avi" }') as { format: "bin" };
	await t.rejects(streamEvents(bytes, wrong), { option: "format", message: /"avi".*"bin".*"evt3"/ });
});

function readable(path: string): boolean {
	try {
		return readdirSync(path).length > 0;
	} catch {
		return false;
	}
}
