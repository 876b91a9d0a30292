// A source and a peer that comes and goes: waits, gaps, silence, and an end at once. Time is turned by hand.
import type { LiveEvents } from "stllr";
import { type LiveSource, openSource, type SourceOptions, type SourceStatus } from "stllr/sensors";
import t from "tap";
import { ScriptedPeer, spif } from "./live/scripted.js";
import { HandTimer, settled } from "./live/timer.js";

async function open(options: SourceOptions = {}) {
	const [peer, timer] = [new ScriptedPeer(), new HandTimer()];
	const backoff = { firstMs: 100, mostMs: 1000, random: () => 1, ...options.backoff };
	const source = await openSource(peer, { format: "spif", timer, ...options, backoff });
	const statuses: SourceStatus[] = [];
	const told = (async () => {
		for await (const status of source.status()) statuses.push(status);
	})();
	await settled();
	return { peer, timer, source, statuses, told };
}

/** Reads a source to its end, without holding it up. */
function readAll(source: LiveSource): Promise<LiveEvents[]> {
	return (async () => {
		const chunks: LiveEvents[] = [];
		for await (const chunk of source) chunks.push(chunk);
		return chunks;
	})();
}

const typesOf = (statuses: readonly SourceStatus[]) => statuses.map(({ type }) => type);

t.test("reconnect: waits double up to the longest, less a part left to chance", async (t) => {
	const { peer, timer, source, statuses } = await open({
		backoff: { jitter: 0.5, random: () => 1, mostMs: 1000, firstMs: 100 },
	});
	const waits = [50, 100, 200, 400, 500, 500];
	for (const [index, ms] of waits.entries()) {
		t.equal(peer.attempts, index + 1);
		peer.refuse("nobody is there");
		await settled();
		t.match(statuses.at(-1), { type: "reconnecting", attempt: index + 1, delayMs: ms, reason: "nobody is there" });
		await timer.turn(ms - 1);
		t.equal(peer.attempts, index + 1, "not before its time");
		await timer.turn(1);
	}
	peer.accept().put(spif(1, 0));
	await settled();
	t.match(statuses.at(-1), { type: "connected", attempt: waits.length + 1 });
	await source.close();
});

t.test("reconnect: jitter spreads those that lost one peer", async (t) => {
	const delays = new Set<number>();
	for (const chance of [0, 0.25, 0.5, 0.999]) {
		const { peer, source, statuses } = await open({ backoff: { jitter: 0.5, random: () => chance, firstMs: 100 } });
		peer.refuse("gone");
		await settled();
		const last = statuses.at(-1);
		if (last?.type === "reconnecting") delays.add(last.delayMs);
		await source.close();
	}
	t.strictSame(
		[...delays].sort((a, b) => a - b),
		[50.05, 75, 87.5, 100],
	);
});

t.test("reconnect: only bytes make the waits short again", async (t) => {
	const { peer, timer, source, statuses } = await open({ backoff: { jitter: 0, firstMs: 100, mostMs: 1000 } });
	const waited = () => statuses.flatMap((status) => (status.type === "reconnecting" ? [status.delayMs] : []));
	for (const ms of [100, 200, 400]) {
		peer.accept().end();
		await settled();
		await timer.turn(ms);
	}
	const inbox = peer.accept();
	inbox.put(spif(1, 0));
	inbox.end(new Error("reset"));
	await settled();
	t.strictSame(waited(), [100, 200, 400, 100], "a peer that takes connections and says nothing is not hammered");
	await source.close();
});

t.test("reconnect: gives up after so many attempts, and says why", async (t) => {
	const { peer, timer, source, statuses, told } = await open({ backoff: { attempts: 2 } });
	const read = readAll(source);
	const rejected = t.rejects(read, { message: "refused for good" });
	peer.refuse("refused");
	await timer.turn(1000);
	peer.refuse("refused for good");
	await rejected;
	await told;
	t.match(statuses.at(-1), { type: "closed", reason: "refused for good" });
	t.equal(timer.waiting, 0, "no alarm is left");
});

t.test("a gap is told when the peer is back, with how long nothing came", async (t) => {
	const { peer, timer, source, statuses } = await open();
	const first = peer.accept();
	first.put(spif(10, 1000));
	await timer.turn(20);
	first.end(new Error("pulled out"));
	await timer.turn(1000);
	const second = peer.accept();
	second.put(spif(10, 2000));
	await settled();
	t.strictSame(typesOf(statuses), ["connected", "reconnecting", "connected", "gap"]);
	t.match(statuses.at(-1), { type: "gap", why: "connection", lastedUs: 1_020_000 });
	t.match(source.counts, { received: 20, connections: 2, gaps: 1 });
	await source.close();
});

t.test("a sensor that begins anew goes on in time", async (t) => {
	const { peer, timer, source, statuses } = await open();
	const read = readAll(source);
	const first = peer.accept();
	first.put(spif(2, 5_000_000));
	await timer.turn(10);
	first.end();
	await timer.turn(2990);
	peer.accept().put(spif(2, 0));
	await settled();
	t.match(
		statuses.find(({ type }) => type === "clock"),
		{ shiftUs: 8_000_001 },
	);
	await source.close();
	const times = (await read).flatMap(({ t }) => [...t]);
	t.strictSame(times, [5_000_000, 5_000_001, 8_000_001, 8_000_002], "three seconds later, as it was");
});

t.test("silence is told once, and the gap when it is over", async (t) => {
	const { peer, timer, source, statuses } = await open({ silenceMs: 100 });
	const inbox = peer.accept();
	inbox.put(spif(1, 0));
	await timer.turn(1000);
	t.strictSame(typesOf(statuses), ["connected", "silent"]);
	inbox.put(spif(1, 1_000_000));
	await settled();
	t.match(statuses.at(-1), { type: "gap", why: "silence", lastedUs: 1_000_000 });
	await source.close();
});

t.test("close: at once, while it connects, waits, or reads", async (t) => {
	const connecting = await open();
	await connecting.source.close();
	t.ok(connecting.peer.isAborted, "the attempt is called off");

	const waiting = await open();
	waiting.peer.refuse("no");
	await settled();
	await waiting.source.close();

	const reading = await open();
	reading.peer.accept();
	const read = readAll(reading.source);
	await settled();
	await reading.source.close();
	t.strictSame(await read, []);

	for (const { source, told, statuses, timer, peer } of [connecting, waiting, reading]) {
		await told;
		t.match(statuses.at(-1), { type: "closed", reason: "closed" });
		t.equal(timer.waiting, 0, "no alarm is left");
		await timer.turn(100_000);
		t.equal(peer.attempts, 1, "it does not come back");
		await source.close();
	}
	t.strictSame(await readAll(waiting.source), [], "read when it is over");
	await t.rejects(readAll(reading.source), /is being read already: a source can be read once/);
});

t.test("an attempt that takes too long has failed; a connection that comes later is ended", async (t) => {
	const { peer, timer, source, statuses } = await open({ connectMs: 500 });
	await timer.turn(500);
	t.match(statuses.at(-1), { type: "reconnecting", reason: "no connection within 500 ms" });
	let isClosed = false;
	const late = peer.accept();
	late.close = () => {
		isClosed = true;
	};
	await settled();
	t.ok(isClosed);
	await source.close();
});

t.test("the wall's clock: steps go on in silence, and events after their time are late", async (t) => {
	const { peer, timer, source, statuses } = await open({ clock: "wall", tickMs: 10, latencyUs: 5000 });
	const read = readAll(source);
	await timer.turn(100);
	const inbox = peer.accept();
	await timer.turn(100);
	inbox.put(spif(2, 1_000_000));
	await timer.turn(30);
	inbox.put(spif(2, 1_010_000));
	await settled();
	await source.close();
	const chunks = await read;
	t.strictSame(
		chunks.map(({ t, untilUs }) => untilUs ?? [...t]),
		[[1_000_000, 1_000_001], 1_005_001, 1_015_001, 1_025_001],
		"no time before the first event; then each 10 ms, 5 ms behind it",
	);
	t.match(statuses.at(-2), { type: "dropped", why: "late", events: 2 });
	const { received, given, late } = source.counts;
	t.strictSame([received, given, late], [4, 2, 2]);
});

t.test("late events can be moved instead", async (t) => {
	const { peer, source } = await open({ late: "move" });
	const read = readAll(source);
	const inbox = peer.accept();
	inbox.put(spif(1, 5000));
	inbox.put(spif(2, 4999, 3));
	await settled();
	await source.close();
	t.strictSame(
		(await read).flatMap(({ t }) => [...t]),
		[5000, 5000, 5002],
	);
	t.match(source.counts, { received: 3, given: 3, late: 0, moved: 1 });
});

t.test("faults are left out and counted; or end the source where they are refused", async (t) => {
	const skipping = await open();
	const inbox = skipping.peer.accept();
	inbox.put(spif(2, 0).subarray(0, 13));
	inbox.put(spif(2, 100));
	await settled();
	t.match(skipping.source.counts, { received: 3, faults: 1 }, "a message that is cut does not shear the next one");
	t.match(skipping.statuses.at(-1), { type: "fault", records: 1 });
	await skipping.source.close();

	const refusing = await open({ onFault: "refuse" });
	const read = readAll(refusing.source);
	refusing.peer.accept().put(spif(2, 0).subarray(0, 13));
	await t.rejects(read, { name: "FormatError", message: /^scripted: byte 8: the last record is cut/ });
});
