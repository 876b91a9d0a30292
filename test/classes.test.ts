// A class more: what a device is taught after it left the factory.
import { Network, OptionError, StateError } from "stllr";
import { gestureNames, gestureSet, makeGesture } from "stllr/gestures";
import t from "tap";

const set = gestureSet({ seed: 1, train: 420, test: 120 });
const sample = makeGesture({ seed: 1, index: 100_000 });
const KNOWN = gestureNames.slice(0, 5);

async function trained(): Promise<Network> {
	const network = await Network.create({
		input: { width: set.width, height: set.height, polarities: set.polarities },
		stepUs: 5000,
		layers: [
			{ type: "recurrent", units: 96 },
			{ type: "readout", classes: KNOWN },
		],
		rates: { hidden: 1 / 16, readout: 1 / 4096 },
	});
	for (const factor of [1, 0.5, 0.1]) {
		network.setRates({ hidden: factor / 16, readout: factor / 4096 });
		for (const { label, events } of set.train) if (label < KNOWN.length) network.learn(events, label);
	}
	return network;
}

function accuracy(network: Network, of: (label: number) => boolean): number {
	const recordings = set.test.filter(({ label }) => of(label));
	return recordings.filter(({ events, label }) => network.classify(events).label === label).length / recordings.length;
}

t.test("a class is added, changes no other's scores, and is learned without forgetting them", async (t) => {
	const network = await trained();
	const known = accuracy(network, (label) => label < 5);
	t.ok(known >= 0.9, `of the known ones ${known}`);
	const before = network.classify(sample.events);
	const bytes = network.memory().total;
	t.equal(network.addClass("circle back"), 5);
	t.same(network.spec.readout.classes, [...KNOWN, "circle back"]);
	const after = network.classify(sample.events);
	t.same([...after.scores.slice(0, 5)], [...before.scores]);
	t.equal(after.scores[5], 0);
	t.ok(network.memory().total >= bytes);
	// Twenty of the new class, each with four that it knows.
	network.setRates({ hidden: 1 / 64, readout: 1 / 8192 });
	const fresh = set.train.filter(({ label }) => label === 5).slice(0, 20);
	const old = set.train.filter(({ label }) => label < 5);
	for (const [index, { events }] of fresh.entries()) {
		network.learn(events, "circle back");
		for (const { events, label } of old.slice(4 * index, 4 * index + 4)) network.learn(events, label);
	}
	const learned = accuracy(network, (label) => label === 5);
	const kept = accuracy(network, (label) => label < 5);
	t.ok(learned >= 0.6, `of the new one ${learned}`);
	t.ok(kept >= known - 0.1, `of the known ones ${kept}, before ${known}`);
	t.comment(`known ${known}, then ${kept}; new ${learned}`);
});

t.test("a class is removed, and those behind it move up", async (t) => {
	const network = await trained();
	const { events } = sample;
	const before = [...network.classify(events).scores];
	network.removeClass(KNOWN[1] ?? "");
	t.same(network.spec.readout.classes, [KNOWN[0], ...KNOWN.slice(2)]);
	t.same([...network.classify(events).scores], [before[0], ...before.slice(2)]);
	network.removeClass(0);
	t.same([...network.classify(events).scores], before.slice(2));
	t.equal(network.addClass("again"), 3);
	network.learn(events, "again");
});

t.test("what cannot be is refused, and nothing changes", async (t) => {
	const network = await Network.create({
		input: { width: 4 },
		stepUs: 1000,
		layers: [{ type: "readout", classes: ["a", "b"] }],
	});
	const hash = network.stateHash();
	t.throws(() => network.addClass("a"), OptionError);
	t.throws(() => network.addClass(""), /name: "" is not allowed/);
	t.throws(() => network.removeClass("c"), OptionError);
	t.throws(() => network.removeClass("a"), { code: "option" }, "two must be left");
	t.equal(network.stateHash(), hash);
	t.same(network.spec.readout.classes, ["a", "b"]);
	const stream = network.follow([
		{ t: Float64Array.of(0, 5000), x: Uint16Array.of(0, 1), y: Uint16Array.of(0, 0), p: Uint8Array.of(0, 0) },
	]);
	await stream.next();
	t.throws(() => network.addClass("c"), StateError, "while it follows a stream");
	await stream.return(undefined);
});
