// Live streams: a steady pace of answers, learning where there are labels, whatever the chunks.
import { EventError, type Events, events, Network, type StreamAnswer } from "stllr";
import { gestureNames } from "stllr/gestures";
import t from "tap";
import { EVERY_US, gestures, SPEC, session } from "./live/session.js";

/** Cuts events into chunks of these sizes, over and over; empty chunks too. */
function* chunks(of: Events, ...sizes: number[]): Generator<Events> {
	for (let from = 0, k = 0; from < of.t.length; k += 1) {
		const until = from + (sizes[k % sizes.length] ?? 1);
		yield {
			t: of.t.slice(from, until),
			x: of.x.slice(from, until),
			y: of.y.slice(from, until),
			p: of.p.slice(from, until),
		};
		from = until;
	}
}

const labels = (us: number) => gestures[Math.floor(us / EVERY_US)]?.label;

async function answersOf(network: Network, source: Iterable<Events>, options: object = {}): Promise<StreamAnswer[]> {
	const answers = [];
	for await (const answer of network.follow(source, { startUs: 0, everyUs: 100_000, labels, ...options })) {
		answers.push(answer);
	}
	return answers;
}

t.test("any chunks give the same answers and the same bytes", async (t) => {
	const all = session();
	const one = await Network.create(SPEC);
	const answers = await answersOf(one, [all]);
	for (const sizes of [[1], [7, 0, 1000], [5000]]) {
		const other = await Network.create(SPEC);
		t.strictSame(await answersOf(other, chunks(all, ...sizes)), answers);
		t.equal(other.stateHash(), one.stateHash());
	}
	t.strictSame(
		answers.slice(0, -1).map(({ us }) => us),
		answers.slice(0, -1).map((_, k) => (k + 1) * 100_000),
		"a steady pace",
	);
	t.strictSame(new Set(answers.map(({ learned }) => learned)), new Set(gestures.map(({ label }) => label)));
});

t.test("without labels nothing is learned; with some, only there", async (t) => {
	const network = await Network.create(SPEC);
	const before = network.weightsHash();
	const silent = await answersOf(network, [session()], { labels: undefined });
	t.equal(network.weightsHash(), before);
	t.ok(silent.every(({ learned }) => learned === undefined));
	const some = await answersOf(network, [session()], {
		labels: (us: number) => (us < EVERY_US ? "swipe up" : undefined),
	});
	t.equal(some.filter(({ learned }) => learned === gestureNames.indexOf("swipe up")).length, EVERY_US / 100_000);
	t.equal(network.meter().learningSteps, EVERY_US / SPEC.stepUs);
	t.not(network.weightsHash(), before);
});

t.test("it learns from a stream", async (t) => {
	const network = await Network.create(SPEC);
	const right = (answers: StreamAnswer[]) =>
		answers.filter((answer) => answer.label === labels(answer.us - 1)).length / answers.length;
	const first = right(await answersOf(network, [session()], { everyUs: EVERY_US }));
	for (let round = 0; round < 30; round += 1) await answersOf(network, [session()], { everyUs: EVERY_US });
	const last = right(await answersOf(network, [session()], { everyUs: EVERY_US, labels: undefined }));
	t.ok(last > 0.7 && last > first, `${first}, then ${last}`);
});

t.test("the window sums stretches", async (t) => {
	const network = await Network.create({ ...SPEC, rates: { hidden: 0, readout: 0 } });
	const single = await answersOf(network, [session()]);
	const double = await answersOf(network, [session()], { windowUs: 200_000 });
	const sum = single[1]?.scores.map((score, c) => score + (single[0]?.scores[c] ?? 0));
	t.strictSame(double[1]?.scores, sum);
});

t.test("bad events in a stream", async (t) => {
	const network = await Network.create(SPEC);
	const bad = session();
	bad.x[1234] = 20;
	await t.rejects(answersOf(network, chunks(bad, 1000)), { index: 234, message: /x 20 is outside the sensor/ });
	t.doesNotThrow(() => network.reset(), "the stream has ended");
	const answers = await answersOf(network, chunks(bad, 1000), { onFault: "skip" });
	t.equal(answers.at(-1)?.dropped, 1);
	await t.rejects(answersOf(network, [{ ...bad, t: new Float64Array(1) }]), /events.x.length/);
	t.ok(EventError.prototype instanceof Error);
});

t.test("a network that follows is busy, until the loop is left", async (t) => {
	const network = await Network.create(SPEC);
	for await (const _ of network.follow(chunks(session(), 100))) {
		t.throws(() => network.classify(session()), /the network follows a stream/);
		t.throws(() => network.reset(), /the network follows a stream/);
		t.throws(() => network.close(), /cannot be closed while it follows/);
		break;
	}
	t.ok(network.classify(session()).steps > 0);
});

t.test("other networks may be used between two answers", async (t) => {
	const all = session();
	const [alone, disturbed, other] = await Promise.all([1, 2, 3].map(() => Network.create(SPEC)));
	if (!alone || !disturbed || !other) throw new Error("no networks");
	await answersOf(alone, [all]);
	for await (const _ of disturbed.follow([all], { startUs: 0, everyUs: 100_000, labels })) other.classify(all);
	t.equal(disturbed.stateHash(), alone.stateHash());
});

t.test("options of a stream are checked", async (t) => {
	const network = await Network.create(SPEC);
	await t.rejects(
		answersOf(network, [session()], { everyUs: 15_000 }),
		/everyUs: 15000 is not allowed; allowed: a multiple of 10000/,
	);
	await t.rejects(answersOf(network, [session()], { windowUs: 150_000 }), /windowUs/);
	await t.rejects(answersOf(network, [session()], { labels: () => "nod" }), /label: "nod" is not allowed/);
	await t.rejects(answersOf(network, [session()], { startUs: -1 }), /startUs/);
});

t.test("time can go on without events: the steps that are over are run, and answered", async (t) => {
	const { x, y, p } = events({ t: [], x: [] });
	const silence = (untilUs: number) => ({ t: new Float64Array(0), x, y, p, untilUs });
	const network = await Network.create(SPEC);
	const silent = await answersOf(network, [silence(95_000), silence(1_009_999)]);
	t.strictSame(
		silent.map(({ us }) => us),
		[...Array.from({ length: 10 }, (_, k) => (k + 1) * 100_000), 1_010_000],
		"ten stretches, and the step that has begun",
	);
	// Told at any time, it changes nothing: the steps are the same.
	const one = await Network.create(SPEC);
	const answers = await answersOf(one, [session()]);
	const other = await Network.create(SPEC);
	const ticking = [...chunks(session(), 50)].map((chunk) => ({ ...chunk, untilUs: chunk.t.at(-1) ?? 0 }));
	t.strictSame(await answersOf(other, ticking), answers);
	t.equal(other.stateHash(), one.stateHash());
	const late = [silence(50_000), events({ t: [49_999, 50_000], x: [1, 1] })];
	await t.rejects(answersOf(network, late), { index: 0, message: /t 49999 goes back in time/ });
	t.equal((await answersOf(network, late, { onFault: "skip" })).at(-1)?.dropped, 1);
	for (const untilUs of [Number.NaN, -1, 0.5, 2 ** 53, 3_600_000_001]) {
		await t.rejects(answersOf(network, [silence(untilUs)]), /events.untilUs: /, String(untilUs));
	}
});
