// The adapter: it learns by labels that come late, and does not become worse by those that are wrong.
import { EventError, type Events, events, Network, type NetworkSpec, OptionError, StateError } from "stllr";
import { Adapter, type AdapterAnswer, type AdapterOptions, type AuditEntry, PageHinkley } from "stllr/adapt";
import { gestureNames, gestureSet } from "stllr/gestures";
import t from "tap";
import { Reservoir } from "../dist/learning/adapter/reservoir.js";
import { Random } from "../dist/random.js";
import { EVERY_US, SPEC, session } from "./live/session.js";

const set = gestureSet({ seed: 9, train: 400, test: 60 });
const gestures = set.train.map(({ events, label }) => ({ events, label }));
const [first = { events: events({ t: [], x: [] }), label: 0 }] = gestures;

/** Nothing but what is asked for: no holding back, no rehearsal, no weights by class. */
const PLAIN = { guard: { perClass: 0 }, rehearsal: { perLabel: 0 }, rate: { balance: false } } as const;

/** A network that has learned so many gestures. */
async function taught(count: number, spec: NetworkSpec = SPEC): Promise<Network> {
	const network = await Network.create(spec);
	for (const { events, label } of gestures.slice(0, count)) network.learn(events, label);
	return network;
}

function kinds(adapter: Adapter): string[] {
	return adapter.log().map(({ kind }) => kind);
}

t.test("a label that comes late, and out of order, is learned as if it had come at once", async (t) => {
	const [adapted, plain] = [await taught(6), await taught(6)];
	const adapter = new Adapter(adapted, PLAIN);
	const said = gestures.slice(0, 4).map(({ events }) => adapter.answer(events));
	t.equal(adapted.weightsHash(), plain.weightsHash(), "answers teach nothing");
	const { scores, label } = plain.classify(gestures[2]?.events ?? first.events);
	t.strictSame([said[2]?.scores, said[2]?.label], [scores, label]);
	for (const at of [2, 0, 3]) {
		t.equal(adapter.label(said[at]?.id ?? -1, gestures[at]?.label ?? -1), "learned");
		plain.learn(gestures[at]?.events ?? first.events, gestures[at]?.label ?? -1);
		t.equal(adapted.stateHash(), plain.stateHash());
	}
	t.strictSame(kinds(adapter), ["label", "update", "label", "update", "label", "update"]);
});

t.test("what cannot be learned is refused, counted, and changes nothing", async (t) => {
	const network = await taught(0);
	const adapter = new Adapter(network, {
		...PLAIN,
		memory: { recordings: 3 },
		mostEvents: 2000,
		limits: { burst: 1, perAnswer: 0.01 },
	});
	const long = { ...session() };
	const hash = network.weightsHash();
	const ids = gestures.slice(0, 5).map(({ events }) => adapter.answer(events).id);
	t.strictSame(ids, [0, 1, 2, 3, 4]);
	t.equal(adapter.label(1, 0), "late");
	t.equal(adapter.label({ us: 2 ** 40 }, 0), "late", "no recording has this time");
	t.equal(adapter.label(adapter.answer(long).id, 0), "large");
	adapter.freeze();
	t.equal(adapter.label(3, 0), "frozen");
	t.equal(adapter.label(3, 0), "again");
	t.equal(network.weightsHash(), hash);
	adapter.thaw();
	t.equal(adapter.label(4, "swipe up"), "learned");
	const id = adapter.answer(first.events).id;
	const learned = network.weightsHash();
	t.equal(adapter.label(id, 0), "limit", "one update is all there was");
	t.equal(network.weightsHash(), learned);
	t.equal(adapter.count("refusal"), 6);
	t.throws(() => adapter.label(7, 0), OptionError, "there is no such recording yet");
	t.throws(() => adapter.label(4, "wave"), { name: "OptionError", message: /^label:/ });
	t.throws(() => adapter.reward(4, 1.5), { name: "OptionError", message: /^reward:/ });
	t.throws(() => adapter.answer({ ...first.events, x: first.events.x.map(() => 99) }), EventError);
});

t.test("labels are learned no more often than allowed, by the time of events", async (t) => {
	const adapter = new Adapter(await taught(0), { ...PLAIN, limits: { everyUs: 1_000_000 } });
	const outcomes = [0, 400_000, 999_999, 1_000_000, 1_200_000, 2_000_000].map((us) => {
		const { id } = adapter.answer(first.events, { startUs: 0, endUs: 500_000 + us });
		return adapter.label(id, 0);
	});
	t.strictSame(outcomes, ["learned", "limit", "limit", "learned", "limit", "learned"]);
});

t.test("weak signals: rewards count by their size, and teach what right and wrong tell", async (t) => {
	const network = await taught(90);
	const adapter = new Adapter(network, PLAIN);
	const { id, label } = adapter.answer(first.events);
	t.equal(adapter.reward(id, 0), "noted");
	t.equal(adapter.reward(adapter.answer(first.events).id, -0.5), "learned");
	const wrong = adapter.log().at(-1);
	t.match(wrong, { kind: "update", factor: 0.5, why: "reward" });
	t.ok(wrong?.kind === "update" && wrong.label !== label, "anything but what was wrong");
	const now = adapter.answer(first.events);
	t.equal(adapter.judge(now.id, true), "learned");
	t.match(adapter.log().at(-1), { kind: "update", label: now.label, factor: 1 });

	const many = gestureSet({ seed: 9, train: 1140, test: 120 });
	const pupil = await taught(240);
	const right = () => many.test.filter(({ events, label }) => pupil.classify(events).label === label).length;
	const before = right();
	const judging = new Adapter(pupil);
	for (const { events, label } of many.train.slice(240)) {
		const answer = judging.answer(events);
		judging.judge(answer.id, answer.label === label);
	}
	t.ok(right() >= before + 15, `${before} of 120 right before, ${right()} after 900 judgements`);
});

t.test("its own labels are learned only where it is asked to, and is sure", async (t) => {
	for (const selfLabel of [undefined, 0.5]) {
		const network = await taught(90);
		const hash = network.weightsHash();
		const adapter = new Adapter(network, { ...PLAIN, ...(selfLabel !== undefined && { selfLabel }) });
		const sure = gestures.slice(90, 120).filter(({ events }) => adapter.answer(events).confidence >= 0.5).length;
		t.ok(sure > 0 && sure < 30, `sure of ${sure}`);
		t.equal(adapter.count("update"), selfLabel === undefined ? 0 : sure);
		t.equal(network.weightsHash() === hash, selfLabel === undefined);
	}
});

t.test("wrong labels: it goes back to what worked, says so, and holds that", async (t) => {
	const accuracy = async (options: AdapterOptions) => {
		const network = await taught(240);
		const said: AuditEntry[] = [];
		const adapter = new Adapter(network, { ...options, onEntry: (entry) => said.push(entry) });
		for (const { events, label } of gestures.slice(0, 48)) adapter.protect(events, label);
		for (const { events, label } of gestures.slice(240)) adapter.label(adapter.answer(events).id, (label + 1) % 6);
		const right = set.test.filter(({ events, label }) => network.classify(events).label === label).length;
		return { right, said, rollbacks: adapter.count("rollback") };
	};
	const network = await taught(240);
	const before = set.test.filter(({ events, label }) => network.classify(events).label === label).length;
	// What is held back is right, here: no label of the stream may take its place.
	const guarded = await accuracy({ guard: { share: 0 } });
	const bare = await accuracy({ guard: { perClass: 0 } });
	t.equal(bare.rollbacks, 0);
	t.ok(bare.right < before / 2, `without guard ${bare.right} of 60, ${before} before`);
	t.ok(guarded.rollbacks > 0);
	t.ok(guarded.right >= before - 3, `with it ${guarded.right}`);
	const rollback = guarded.said.find(({ kind }) => kind === "rollback");
	t.match(rollback, { kind: "rollback", of: 48, right: Number, good: Number, undone: Number });
	t.strictSame(
		guarded.said.map(({ seq }) => seq),
		guarded.said.map((_, at) => at),
	);
});

t.test("a rollback gives the weights of the snapshot, and leaves rates and notes", async (t) => {
	const network = await taught(240);
	const good = network.weightsHash();
	const adapter = new Adapter(network, {
		rehearsal: { perLabel: 0 },
		guard: { share: 0, every: 40 },
		rate: { labels: 4 },
	});
	for (const { events, label } of gestures.slice(0, 48)) adapter.protect(events, label);
	network.setRates({ readout: 2 ** -9 });
	network.notes = { room: "kitchen" };
	for (const { events, label } of gestures.slice(240, 280)) adapter.label(adapter.answer(events).id, (label + 1) % 6);
	t.equal(adapter.log().at(-1)?.kind, "rollback");
	t.equal(network.weightsHash(), good);
	t.equal(network.rates.readout, 2 ** -9);
	t.strictSame(network.notes, { room: "kitchen" });
});

t.test("the same calls give the same bytes and the same log", async (t) => {
	const run = async (seed: number) => {
		const network = await taught(60);
		const adapter = new Adapter(network, { seed, guard: { share: 0.3, every: 8 }, selfLabel: 0.9 });
		for (const [at, { events, label }] of gestures.slice(60, 200).entries()) {
			const { id } = adapter.answer(events);
			if (at % 5 === 4) adapter.reward(id, (at % 3) - 1);
			else if (id >= 3) adapter.label(id - (at % 3), at % 7 === 0 ? (label + 1) % 6 : label);
		}
		return { bytes: Buffer.from(await network.save()), log: JSON.stringify(adapter.log()) };
	};
	const [one, again, other] = [await run(5), await run(5), await run(6)];
	t.ok(one.bytes.equals(again.bytes));
	t.equal(one.log, again.log);
	t.not(one.log, other.log, "the seed decides");
	t.strictSame(JSON.parse(one.log).length, Math.min(1000, JSON.parse(one.log).length));
});

t.test("memory: whatever comes, it holds no more than it says", async (t) => {
	for (let seed = 1; seed <= 6; seed += 1) {
		const random = new Random(seed, 77);
		const network = await taught(0);
		const adapter = new Adapter(network, {
			seed,
			memory: { recordings: 1 + random.below(6), events: 500 + random.below(5000) },
			mostEvents: 200 + random.below(1500),
			guard: { perClass: random.below(4), share: random.unit(), every: 1 + random.below(4), least: 1 },
			rehearsal: { perClass: random.below(4), perLabel: random.below(3) },
			log: random.below(30),
		});
		let most = 0;
		for (let call = 0; call < 120; call += 1) {
			const { events, label } = gestures[random.below(400)] ?? first;
			const until = random.below(events.t.length);
			const cut = { t: events.t.slice(0, until), x: events.x, y: events.y, p: events.p };
			const part = { t: cut.t, x: cut.x.slice(0, until), y: cut.y.slice(0, until), p: cut.p.slice(0, until) };
			const { id } = adapter.answer(part);
			if (random.chance(0.7)) adapter.label(random.below(id + 1), label);
			else if (random.chance(0.5)) adapter.reward(random.below(id + 1), random.between(-1, 1));
			else adapter.protect(part, label);
			const { total, bound } = adapter.memory();
			most = Math.max(most, total / bound);
			if (total > bound) t.fail(`seed ${seed}, call ${call}: ${total} bytes of ${bound}`);
		}
		t.ok(most > 0.2, `seed ${seed}: up to ${Math.round(100 * most)} % of the bound`);
		t.ok(JSON.stringify(adapter.log()).length <= 512 * 30);
	}
});

t.test("classes that come often are learned by less", async (t) => {
	const adapter = new Adapter(await taught(0), { ...PLAIN, rate: {} });
	for (const label of [0, 0, 0, 1]) adapter.label(adapter.answer(first.events).id, label);
	const factors = adapter.log().flatMap((entry) => (entry.kind === "update" ? entry.factor : []));
	t.strictSame(factors, [1, 1, 1, 1], "one class alone is its own mean");
	adapter.label(adapter.answer(first.events).id, 0);
	t.match(adapter.log().at(-1), { factor: 5 / 2 / 4 });
});

t.test("labels that the network thinks unlikely count as little as is asked", async (t) => {
	const adapter = new Adapter(await taught(0), { ...PLAIN, rate: { balance: false, unlikely: 0.25 } });
	const factors = gestureNames.map((_, rank) => {
		const { id, scores } = adapter.answer(first.events);
		const label = [...scores.keys()].sort((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0))[rank] ?? -1;
		adapter.label(id, label);
		const entry = adapter.log().at(-1);
		return entry?.kind === "update" ? entry.factor : Number.NaN;
	});
	t.strictSame(factors, [1, 1, 0.25, 0.25, 0.25, 0.25]);
});

t.test("a class that is added stays when it rolls back", async (t) => {
	const network = await taught(120);
	const adapter = new Adapter(network, { guard: { share: 0, every: 8 }, rate: { labels: 4 } });
	for (const { events, label } of gestures.slice(0, 48)) adapter.protect(events, label);
	t.equal(adapter.addClass("wave"), 6);
	for (const { events } of gestures.slice(120, 200)) adapter.label(adapter.answer(events).id, "wave");
	t.ok(adapter.count("rollback") > 0);
	t.strictSame(network.spec.readout.classes, [...gestureNames, "wave"]);
	network.removeClass("wave");
	t.throws(() => adapter.answer(first.events), StateError, "labels that it keeps might be others now");
});

t.test("a stream: an answer a stretch, by its window; labels by time", async (t) => {
	const network = await taught(60);
	const adapter = new Adapter(network, PLAIN);
	const all = session();
	const answers: AdapterAnswer[] = [];
	for await (const answer of adapter.follow([part(all, 0, 3000), part(all, 3000, all.t.length)], {
		everyUs: EVERY_US,
		startUs: 0,
	})) {
		answers.push(answer);
		t.equal(adapter.label({ us: answer.startUs + 100_000 }, 0), "learned");
		t.equal(adapter.log().at(-1)?.kind, "update");
	}
	t.strictSame(
		answers.map(({ id, startUs, endUs }) => [id, startUs, endUs]),
		Array.from({ length: 12 }, (_, at) => [at, at * EVERY_US, (at + 1) * EVERY_US]),
	);

	// Without labels it says what the network says of each window, by chunks of any size.
	const silent = new Adapter(network, PLAIN);
	const options = { everyUs: 250_000, windowUs: 500_000, startUs: 0 };
	const chunks = Array.from({ length: Math.ceil(all.t.length / 97) }, (_, at) => part(all, 97 * at, 97 * at + 97));
	const heard: AdapterAnswer[] = [];
	for await (const answer of silent.follow(chunks, options)) heard.push(answer);
	for (const { startUs, endUs, scores } of heard) {
		const [from, until] = [startUs, endUs].map((us) => all.t.findIndex((time) => time >= us));
		const window = part(all, from ?? 0, until === -1 ? all.t.length : (until ?? 0));
		t.strictSame(scores, network.classify(window, { startUs }).scores);
	}
	t.equal(heard.at(1)?.startUs, 0);
	t.equal(heard.at(2)?.startUs, 250_000);
});

t.test(
	"a stream: faults are refused with their place, or dropped and counted; time may come without events",
	async (t) => {
		const adapter = new Adapter(await taught(0), PLAIN);
		const bad = events({ t: [0, 1000, 500, 2000, 900_000], x: [0, 1, 2, 25, 3] });
		const take = async (options: { onFault?: "skip" }) => {
			const dropped: number[] = [];
			for await (const answer of adapter.follow([bad, { ...events({ t: [], x: [] }), untilUs: 1_920_000 }], options)) {
				dropped.push(answer.dropped);
			}
			return dropped;
		};
		await t.rejects(take({}), { name: "EventError", index: 2 });
		t.strictSame(await take({ onFault: "skip" }), [2, 0, 0, 0, 0, 0]);
		await t.rejects(adapter.follow([], { everyUs: 7 }).next(), { name: "OptionError", message: /^everyUs:/ });
	},
);

t.test("Page-Hinkley: a change of the mean is found, noise is not", async (t) => {
	const random = new Random(3);
	const test = new PageHinkley({ delta: 0.05, lambda: 5, least: 20 });
	const noise = (p: number, count: number) => Array.from({ length: count }, () => test.add(Number(random.chance(p))));
	t.ok(noise(0.1, 500).every((change) => change === undefined));
	const found = noise(0.6, 60).findIndex((change) => change !== undefined);
	t.ok(found >= 0 && found < 30, `found after ${found + 1} values`);
	const relative = new PageHinkley({ delta: 0.1, lambda: 8, least: 20, relative: true });
	for (let at = 0; at < 100; at += 1) relative.add(1e6);
	const changes = Array.from({ length: 30 }, () => relative.add(1e4)).filter((change) => change !== undefined);
	t.match(changes, [{ direction: "down" }]);
});

t.test("drift shows in the log", async (t) => {
	const adapter = new Adapter(await taught(240), PLAIN);
	for (const { events } of gestures.slice(0, 60)) adapter.answer(events);
	t.equal(adapter.count("drift"), 0);
	for (const { events } of gestures.slice(60, 120)) adapter.answer(every(events, 6), { endUs: 500_000 });
	t.match(
		adapter.log().filter(({ kind }) => kind === "drift"),
		[{ signal: "inputRate", direction: "down" }],
	);
});

t.test("a reservoir keeps each of a class with the same chance", async (t) => {
	const counts = new Array<number>(20).fill(0);
	for (let seed = 0; seed < 400; seed += 1) {
		const reservoir = new Reservoir(5, new Random(seed));
		for (let id = 0; id < 20; id += 1) reservoir.offer({ id, label: 0, events: first.events, startUs: 0 });
		t.equal(reservoir.size, 5);
		for (const { id } of reservoir) counts[id] = (counts[id] ?? 0) + 1;
	}
	// 100 each, with a standard deviation of 8.7.
	t.ok(
		counts.every((count) => count > 65 && count < 135),
		counts.join(" "),
	);
});

t.test("options are checked", async (t) => {
	const network = await taught(0);
	const refused: readonly [AdapterOptions, string][] = [
		[{ seed: -1 }, "seed"],
		[{ memory: { events: 0 } }, "memory.events"],
		[{ guard: { share: 2 } }, "guard.share"],
		[{ rehearsal: { perLabel: 65 } }, "rehearsal.perLabel"],
		[{ rate: { self: Number.NaN } }, "rate.self"],
		[{ limits: { perAnswer: 0 } }, "limits.perAnswer"],
		[{ selfLabel: 1.5 }, "selfLabel"],
	];
	for (const [options, option] of refused)
		t.throws(() => new Adapter(network, options), { name: "OptionError", message: new RegExp(`^${option}:`) });
	const values = await Network.create({ ...SPEC, layers: [{ type: "readout", values: 2 }] });
	t.throws(() => new Adapter(values), StateError);
});

t.test("snapshot and restore: a network goes back to what it was, byte for byte", async (t) => {
	const deep: NetworkSpec = {
		...SPEC,
		layers: [
			{ type: "conv", filters: 4, kernel: 5, stride: 2 },
			{ type: "dropout", rate: 0.2 },
			{ type: "readout", classes: gestureNames },
		],
		optimizer: { type: "adam" },
	};
	for (const spec of [SPEC, deep]) {
		const network = await taught(4, spec);
		const [snapshot, bytes] = [network.snapshot(), Buffer.from(await network.save())];
		for (let time = 0; time < 2; time += 1) {
			for (const { events, label } of gestures.slice(4, 8)) network.learn(events, label);
			network.addClass("wave");
			network.setRates({ hidden: 1 });
			network.restore(snapshot);
			t.ok(Buffer.from(await network.save()).equals(bytes), "the same checkpoint");
		}
		const other = await taught(4, spec);
		for (const one of [network, other]) for (const { events, label } of gestures.slice(4, 8)) one.learn(events, label);
		t.equal(network.stateHash(), other.stateHash(), "and it learns on as if nothing had been");
		t.throws(() => other.restore(snapshot), { name: "OptionError", message: /^snapshot:/ });
		t.ok(snapshot.bytes > 1000 && snapshot.bytes <= network.memory().total, `${snapshot.bytes}`);
		for await (const _ of network.follow([session()])) {
			t.throws(() => network.restore(snapshot), StateError);
			break;
		}
	}
});

function part({ t, x, y, p }: Events, from: number, until: number): Events {
	return { t: t.slice(from, until), x: x.slice(from, until), y: y.slice(from, until), p: p.slice(from, until) };
}

function every({ t, x, y, p }: Events, nth: number): Events {
	const isKept = (_: number, at: number) => at % nth === 0;
	return { t: t.filter(isKept), x: x.filter(isKept), y: y.filter(isKept), p: p.filter(isKept) };
}
