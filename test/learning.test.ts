// Runs of learning over labelled recordings, and the reports of them.
import t from "tap";
import type { LabelledSet, Recording } from "../dist/datasets/mod.js";
import { gestureSet } from "../dist/demo/gestures.js";
import { EventRoom } from "../dist/events/chunk.js";
import { events, Network, type NetworkSpec } from "../dist/index.js";
import { Confusion } from "../dist/learning/confusion.js";
import { Progress } from "../dist/learning/progress.js";
import { confusionTable, duration, epochTable, grouped, jsonPercent, percent, short } from "../dist/learning/report.js";
import { drawShift, shifted } from "../dist/learning/shift.js";
import { type TrainOptions, test, train } from "../dist/learning/trainer.js";
import { crossValidate } from "../dist/learning/validate.js";

const gestures = gestureSet({ seed: 5, train: 60, test: 30 });

function specFor({ width, height, polarities, classes }: LabelledSet): NetworkSpec {
	return {
		input: { width, height, polarities },
		stepUs: 10_000,
		layers: [
			{ type: "dense", units: 32 },
			{ type: "readout", classes },
		],
		seed: 2,
	};
}

async function trained(options: Partial<TrainOptions> = {}, set: LabelledSet = gestures) {
	const network = await Network.create(specFor(set));
	const result = await train(network, set, { epochs: 2, seed: 9, ...options });
	return { network, result };
}

t.test("train: the same seed gives the same weights, another seed or option others", async (t) => {
	const { result } = await trained();
	t.equal((await trained()).result.weightsHash, result.weightsHash);
	for (const other of [{ seed: 8 }, { schedule: { type: "constant" } as const }, { shift: 1 }, { epochs: 1 }]) {
		t.not((await trained(other)).result.weightsHash, result.weightsHash, JSON.stringify(other));
	}
	t.equal(result.learned, 120);
	t.equal(result.total, 120);
	t.equal(result.epochs.length, 2);
	t.equal(result.confusion.total, 30);
	t.equal(result.epochs[1]?.accuracy, result.confusion.accuracy);
	t.ok(result.operations > 0);
	t.ok(result.events > 120 * 100);
});

t.test(
	"train: is what learning each recording in the epoch's order does, and leaves the rates as they were",
	async (t) => {
		const seen: string[] = [];
		const noted = (recording: Recording): Recording => ({
			name: recording.name,
			label: recording.label,
			get events() {
				seen.push(recording.name);
				return recording.events;
			},
		});
		const { network, result } = await trained(
			{ schedule: { type: "constant" } },
			{ ...gestures, train: gestures.train.map(noted) },
		);
		t.same(network.rates, { hidden: 2 ** -3, readout: 2 ** -10 });
		t.same([...new Set(seen.slice(0, 60))].sort(), gestures.train.map(({ name }) => name).sort());
		t.not(seen.slice(0, 60).join(), seen.slice(60).join(), "each epoch has an order of its own");
		const byHand = await Network.create(specFor(gestures));
		for (const name of seen) {
			const recording = gestures.train.find((other) => other.name === name);
			if (recording !== undefined) byHand.learn(recording.events, recording.label);
		}
		t.equal(byHand.weightsHash(), result.weightsHash);
	},
);

t.test("train: stops between two recordings, with what was learned, and a stopped run can be repeated", async (t) => {
	const controller = new AbortController();
	const onProgress = ({ done }: Progress) => {
		if (done === 70) controller.abort();
	};
	const { result, network } = await trained({ signal: controller.signal, onProgress });
	t.equal(result.learned, 70);
	t.equal(result.total, 120);
	t.equal(result.epochs.length, 1, "whole epochs only");
	t.equal(result.confusion.total, 30, "tested as it is");
	t.equal(network.weightsHash(), result.weightsHash);
	t.equal((await trained({ stopAfter: 70 })).result.weightsHash, result.weightsHash);

	const none = await trained({ signal: AbortSignal.abort() });
	t.equal(none.result.learned, 0);
	t.same(none.result.epochs, []);
	t.equal(none.result.confusion.total, 30);
});

t.test("train: refuses options out of range, by name", async (t) => {
	const refused: [Partial<TrainOptions>, RegExp][] = [
		[{ epochs: 0 }, /^epochs: 0 .* from 1 to/],
		[{ schedule: { type: "linear", final: 2 } }, /^schedule.final: 2 .* from 0 to 1/],
		[{ shift: -1 }, /^shift: -1 .* from 0 to/],
		[{ stopAfter: 0.5 }, /^stopAfter: 0.5/],
		[{ seed: -1 }, /^seed: -1/],
	];
	for (const [options, message] of refused) await t.rejects(trained(options), { name: "OptionError", message });
	await t.rejects(trained({}, { ...gestures, test: [] }), { message: /^test.length: 0/ });
});

t.test("test: changes nothing", async (t) => {
	const { network, result } = await trained();
	const confusion = await test(network, gestures.test);
	t.same(confusion.rows(), result.confusion.rows());
	t.equal(network.weightsHash(), result.weightsHash);
});

t.test("crossValidate: tests each recording once, and gives the same folds and weights again", async (t) => {
	const folds: number[] = [];
	const options = { epochs: 1, seed: 4 };
	const results = await crossValidate(specFor(gestures), gestures, 3, options, (_, fold) => folds.push(fold));
	t.same(folds, [1, 2, 3]);
	t.equal(
		results.reduce((sum, { confusion }) => sum + confusion.total, 0),
		90,
	);
	const again = await crossValidate(specFor(gestures), gestures, 3, options);
	t.same(
		again.map(({ weightsHash }) => weightsHash),
		results.map(({ weightsHash }) => weightsHash),
	);
	const stopped = await crossValidate(specFor(gestures), gestures, 3, {
		...options,
		stopAfter: 5,
		signal: AbortSignal.abort(),
	});
	t.same(stopped, []);
});

t.test("shifted: moves events, and leaves out those that leave the sensor", async (t) => {
	const given = events({ t: [1, 2, 3], x: [0, 1, 3], y: [2, 0, 3], p: [0, 1, 1] });
	const moved = shifted(given, { dx: 1, dy: -1 }, { width: 4, height: 4 }, new EventRoom());
	t.same([[...moved.t], [...moved.x], [...moved.y], [...moved.p]], [[1], [1], [1], [0]]);
	t.same([...given.x], [0, 1, 3]);
	const drawn = Array.from({ length: 500 }, (_, index) => drawShift(1, 3, index));
	const places = new Set(drawn.map(({ dx, dy }) => `${dx} ${dy}`));
	t.equal(places.size, 9);
	t.same(drawShift(1, 3, 7), drawn[7]);
	t.same(drawShift(0, 3, 7), { dx: 0, dy: 0 });
});

t.test("progress: the running accuracy is that of the last 200 answers", async (t) => {
	const progress = new Progress(1000);
	t.ok(Number.isNaN(progress.accuracy));
	for (let index = 0; index < 300; index += 1) progress.answered(index >= 150);
	t.equal(progress.done, 300);
	t.equal(progress.accuracy, 75);
	progress.nextFold();
	progress.answered(true);
	t.equal(progress.accuracy, 100);
	t.equal(progress.fold, 2);
});

t.test("confusion: counts, shares and sums", async (t) => {
	const confusion = new Confusion(2);
	t.ok(Number.isNaN(confusion.accuracy));
	for (const [shown, answered] of [
		[0, 0],
		[0, 1],
		[1, 1],
		[1, 1],
	] as const) {
		confusion.add(shown, answered);
	}
	const sum = new Confusion(2);
	sum.addAll(confusion);
	sum.addAll(confusion);
	t.same(sum.rows(), [
		[2, 2],
		[0, 4],
	]);
	t.same([sum.total, sum.right, sum.accuracy, sum.shown(0)], [8, 6, 75, 4]);
});

t.test("report: tables are aligned and stay within 80 columns", async (t) => {
	t.same(epochTable([{ epoch: 1, learning: 60.04, accuracy: 100 }]), [
		"epoch   while learning       test",
		"    1           60.0 %    100.0 %",
	]);
	const confusion = new Confusion(2);
	confusion.add(0, 0);
	confusion.add(1, 0);
	t.same(confusionTable(confusion, ["up", "down"]), [
		"shown     1   2     right",
		"up    1   1   ·   100.0 %",
		"down  2   1   ·     0.0 %",
	]);
	for (const size of [2, 10, 11, 20, 100]) {
		const large = new Confusion(size);
		for (let label = 0; label < size; label += 1) {
			for (let count = 0; count < 1000; count += 1) large.add(label, count % 7 === 0 ? (label + 1) % size : label);
		}
		for (const name of ["", "a class with quite a long name, number "]) {
			const lines = confusionTable(
				large,
				Array.from({ length: size }, (_, label) => `${name}${label}`),
			);
			t.ok(Math.max(...lines.map((line) => line.length)) <= 80, `${size} classes named ${name}0`);
			t.match(lines[1], /85\.7 %$/);
		}
	}
});

t.test("report: numbers as people read them", async (t) => {
	t.same([percent(99.95), percent(Number.NaN)], ["100.0 %", "-"]);
	t.same([grouped(1234567), grouped(12), grouped(999.6)], ["1 234 567", "12", "1 000"]);
	t.same([short(999), short(1234), short(123_456_789), short(9_990_000_000)], ["999", "1.23 k", "123 M", "9.99 G"]);
	t.same([duration(4.21), duration(59), duration(200), duration(7500)], ["4.2 s", "59 s", "3 min 20 s", "2 h 5 min"]);
	t.same([jsonPercent(91.234567), jsonPercent(Number.NaN)], [91.23, null]);
});
