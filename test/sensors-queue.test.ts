// A source that is faster than its reader: what is dropped, by which rule, and that it all adds up.
import { openSource, type SourceOptions, type SourceStatus } from "stllr/sensors";
import t from "tap";
import { ScriptedPeer, spif } from "./live/scripted.js";
import { settled } from "./live/timer.js";

/** 100 messages of 1,000 events come before the reader begins. */
async function flood(options: SourceOptions) {
	const peer = new ScriptedPeer();
	const source = await openSource(peer, { format: "spif", queueEvents: 10_000, ...options });
	const statuses: SourceStatus[] = [];
	void (async () => {
		for await (const status of source.status()) statuses.push(status);
	})();
	await settled();
	const inbox = peer.accept();
	for (let message = 0; message < 100; message += 1) inbox.put(spif(1000, message * 1000));
	for (let turn = 0; turn < 40; turn += 1) await settled();
	t.ok(source.counts.waiting <= 10_000, `${source.counts.waiting} wait`);
	const times: number[] = [];
	for await (const chunk of source) {
		times.push(...chunk.t);
		if (source.counts.waiting === 0) break;
	}
	await settled();
	return { source, times, statuses };
}

t.test("queue: oldest, newest", async (t) => {
	const oldest = await flood({ queue: "oldest" });
	t.strictSame([oldest.times.length, oldest.times[0], oldest.times.at(-1)], [9000, 91_000, 99_999]);
	const newest = await flood({ queue: "newest" });
	t.strictSame([newest.times.length, newest.times[0], newest.times.at(-1)], [9000, 0, 8999]);
	for (const { source, statuses } of [oldest, newest]) {
		t.match(source.counts, { received: 100_000, given: 9000, waiting: 0, overflowed: 91_000 });
		const told = statuses.flatMap((status) => (status.type === "dropped" ? [status.events] : []));
		t.strictSame(told, [91_000], "told once, in sum");
	}
});

t.test("queue: whole steps, none of them in part", async (t) => {
	// Steps of 700 us cross the messages' borders.
	const { source, times } = await flood({ queue: "steps", stepUs: 700 });
	const bySteps = new Map<number, number>();
	for (const us of times) bySteps.set(Math.floor(us / 700), (bySteps.get(Math.floor(us / 700)) ?? 0) + 1);
	t.ok(
		[...bySteps].every(([step, count]) => count === Math.min(700, 100_000 - 700 * step)),
		"each step is whole",
	);
	const { received, given, waiting, overflowed, overflowedSteps } = source.counts;
	t.equal(given + waiting + overflowed, received);
	t.equal(bySteps.size + overflowedSteps, Math.ceil(100_000 / 700), "each step is given or dropped");
	t.equal(overflowed, 100_000 - times.length);
	await t.rejects(
		openSource(new ScriptedPeer(), { format: "spif", queue: "steps" }),
		/stepUs: undefined is not allowed/,
	);
});

t.test("queue: a stream can be asked to wait, and loses nothing", async (t) => {
	let produced = 0;
	async function* bytes() {
		for (; produced < 500; produced += 1) yield spif(1000, produced * 1000);
	}
	const source = await openSource(bytes(), { format: "spif", queueEvents: 10_000 });
	for (let turn = 0; turn < 40; turn += 1) await settled();
	t.ok(produced < 20, `${produced} of 500 parts were asked for`);
	let count = 0;
	for await (const { t: times } of source) {
		for (const us of times) if (us === count) count += 1;
	}
	t.equal(count, 500_000, "each one, in order");
	t.match(source.counts, { received: 500_000, given: 500_000, overflowed: 0, waiting: 0 });
});

t.test("an inbox holds 8 MiB of messages that nobody takes, and counts the rest", async (t) => {
	const peer = new ScriptedPeer();
	const source = await openSource(peer, { format: "spif", queue: "wait", queueEvents: 10_000 });
	await settled();
	const inbox = peer.accept();
	for (let message = 0; message < 2000; message += 1) inbox.put(spif(1000, message * 1000));
	await settled();
	const { unread } = source.counts;
	const held = 2000 - unread;
	t.ok(held * 8064 <= 8 * 2 ** 20 + 20 * 8064 && unread > 900, `${unread} of 2,000 dropped`);
	let events = 0;
	for await (const chunk of source) {
		events += chunk.t.length;
		if (events === 1000 * held) break;
	}
	t.equal(source.counts.given, 1000 * held, "what was held is given");
	t.equal(source.counts.unread, unread);
});

t.test("the options of a source are checked", async (t) => {
	const mistakes: [SourceOptions, RegExp][] = [
		[{}, /^format: undefined is not allowed; allowed: a format, or a schema, or a decoder/],
		[{ format: "spif", schema: {} }, /^format: /],
		[{ format: "spiff" as never }, /^format: "spiff" is not allowed/],
		[{ format: "spif", queue: "all" as never }, /^queue: "all" is not allowed; allowed: "oldest" or "newest"/],
		[{ format: "spif", queueEvents: 10 }, /^queueEvents: 10 /],
		[{ format: "spif", clock: "moon" as never }, /^clock: /],
		[{ format: "spif", late: "never" as never }, /^late: /],
		[
			{ format: "edvs0", time: "sensor" },
			/^time: "sensor" is not allowed; allowed: "arrival": this format has no times/,
		],
		[{ format: "spif", backoff: { jitter: 2 } }, /^backoff.jitter: 2 /],
		[{ format: "spif", silenceMs: -1 }, /^silenceMs: -1 /],
		[{ schema: { unit: "h" as never } }, /^schema.unit: "h" /],
	];
	for (const [options, message] of mistakes) {
		await t.rejects(openSource(new ScriptedPeer(), options), { name: "OptionError", message });
	}
	const urls: [string, RegExp][] = [
		["udp://127.0.0.1?format=spif", /^source: "udp:.*HOST:PORT/],
		["udp://127.0.0.1:99999?format=spif", /^source: /],
		["carrier-pigeon://x?format=spif", /^source: /],
		[
			"udp://127.0.0.1:0?format=spif&colour=red",
			/^source: "colour" is not allowed; allowed: the options attempts, clock, /,
		],
		["tcp://127.0.0.1:1?format=dv&queueEvents=many", /^queueEvents: "many" is not allowed; allowed: a number/],
		["mqtt://127.0.0.1?format=spif", /^source: .*mqtt:\/\/HOST\/TOPIC/],
		["serial:/dev/null?format=edvs4&baud=fast", /^baud: "fast" is not allowed/],
		["serial:/dev/null?format=edvs4&baud=1", /^baud: 1 is not allowed/],
		["unix:?format=dv", /^source: .*a path/],
		["ws://127.0.0.1:1/x?format=nothing", /^format: "nothing"/],
	];
	for (const [url, message] of urls) await t.rejects(openSource(url), { name: "OptionError", message }, url);
	await t.rejects(openSource(7 as never, { format: "spif" }), { message: /^source: 7 / });
});

t.test("JSON: whatever comes, sound events are read and the rest is counted", async (t) => {
	let state = 7;
	const below = (count: number) => {
		state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
		return Math.floor((state / 2 ** 32) * count);
	};
	const odd = [
		"",
		"{",
		"null",
		"[]",
		"[[[",
		"{}",
		'{"list":7}',
		'{"list":[{}]}',
		'{"list":[{"t":-1,"x":1}]}',
		'"text"',
		"\u0000",
		"1e999",
	];
	const sound = '{"list":[{"t":1.5,"x":3},{"t":2,"x":4}]}';
	let [lines, expected] = ["", 0];
	for (let round = 0; round < 3000; round += 1) {
		const kind = below(3);
		if (kind === 0) expected += 2;
		const cut = sound.slice(0, 1 + below(sound.length - 1));
		lines += `${kind === 0 ? sound : kind === 1 ? cut : odd[below(odd.length)]}\n`;
	}
	const bytes = new TextEncoder().encode(`${lines}${"x".repeat(2 ** 20 + 1)}\n${sound}`);
	async function* pieces() {
		// Also in the midst of a line, and in memory that is used again.
		const room = new Uint8Array(5000);
		for (let from = 0; from < bytes.length; ) {
			const part = bytes.subarray(from, from + 1 + below(5000));
			room.set(part);
			from += part.length;
			yield room.subarray(0, part.length);
		}
	}
	const source = await openSource(pieces(), { schema: { list: "list", t: "t", unit: "ms" }, late: "move" });
	let count = 0;
	for await (const chunk of source) count += chunk.t.length;
	t.equal(count, expected + 2, "the last line ends with the stream");
	t.ok(source.counts.faults > 1000);
	const refusing = await openSource(pieces(), { schema: { list: "list", t: "t" }, onFault: "refuse" });
	await t.rejects(
		(async () => {
			for await (const _ of refusing);
		})(),
		{ name: "FormatError", byteOffset: Number },
	);
});
