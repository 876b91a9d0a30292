// How the tasks of `npm run learn` answer: by a recording as it is, or by the sum over looks at it.
import t from "tap";
import { type Events, events, Network, type NetworkSpec } from "../dist/index.js";
import { Pupil } from "./learn/classify.js";

const watch = { signal: new AbortController().signal, progress: () => undefined, spec: (spec: NetworkSpec) => spec };

/** Ten events at one pixel of four. */
function dot(x: number): Events {
	return events({ t: Array.from({ length: 10 }, (_, step) => 1000 * step), x: Array.from({ length: 10 }, () => x) });
}

t.test("answers: without looks by the recording, with looks by the sum of their scores", async (t) => {
	const network = await Network.create({
		input: { width: 4 },
		stepUs: 1000,
		layers: [
			{ type: "dense", units: 16 },
			{ type: "readout", classes: 3 },
		],
		seed: 1,
	});
	const pupil = new Pupil(network, 1, watch);
	for (let round = 0; round < 200; round += 1) {
		for (const label of [0, 1, 2]) pupil.learnOne({ label, events: dot(label) });
	}
	const looks = [dot(0), dot(1), dot(1)];
	t.equal(pupil.answer({ label: 0, events: dot(0) }), 0);
	t.equal(pupil.answer({ label: 0, events: dot(0), looks: () => [dot(2)] }), 2, "the recording itself is no look");
	t.equal(pupil.answer({ label: 0, events: dot(0), looks: () => looks }), 1, "two of three");
	const scores = looks.map((look) => network.classify(look, { startUs: 0 }).scores);
	const sums = [0, 1, 2].map((label) => scores.reduce((sum, each) => sum + (each[label] ?? 0), 0));
	t.equal(sums.indexOf(Math.max(...sums)), 1);
	t.equal(await pupil.test([1, 0].map((label) => ({ label, events: dot(0), looks: () => looks }))), 50);
	network.close();
});
