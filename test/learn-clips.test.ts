// What `npm run learn -- dvs-clips` gives a network to learn and to name, on clips made up for it.
import t from "tap";
import { type Events, events } from "../dist/index.js";
import { Random } from "../dist/random.js";
import { backwards } from "./learn/encoders/backwards.js";
import { partsOf, type Shown } from "./learn/tasks/dvs-clips.js";

const CLIP_US = 1_000_000;
const LEARNED = { fromUs: 0, untilUs: 700_000 };
const TESTED = { fromUs: 700_000, untilUs: CLIP_US };

/** Ten clips of what each label shows. */
function clips(forth: (label: number) => Events): Shown[] {
	return Array.from({ length: 10 }, (_, label) => {
		return { label, forth: forth(label), back: backwards(forth(label), CLIP_US) };
	});
}

/** Three events in each 10 ms of a stretch, in the middle of a cell of 8 pixels: that of `placeOf`. */
function dots(place: number, p: number, fromUs: number, untilUs: number): Events {
	const t = Array.from({ length: (3 * (untilUs - fromUs)) / 10_000 }, (_, at) => fromUs + Math.floor(at / 3) * 10_000);
	const [column, row] = [1 + 3 * (place % 5), place < 5 ? 4 : 10];
	return events({ t, x: t.map(() => 8 * column + 4), y: t.map(() => 8 * row + 4), p: t.map(() => p) });
}

/** Which place a cell belongs to, moved by up to 4 pixels or not. */
function placeOf(column: number, row: number): number {
	return Math.floor(column / 3) + (row < 8 ? 0 : 5);
}

t.test("clips: nothing of what is tested is learned, forth or back", async (t) => {
	const { train, test } = partsOf(
		clips(() => dots(3, 1, TESTED.fromUs, TESTED.untilUs)),
		[LEARNED],
		TESTED,
	);
	t.equal(train.length, 100);
	for (const { events, vary } of train) {
		t.equal(events.t.length, 0);
		for (let seed = 0; seed < 20; seed += 1) t.equal(vary?.(new Random(seed)).t.length, 0);
	}
	t.same(
		test.map(({ label, events }) => [label, events.t.length, events.t.at(-1)]),
		Array.from({ length: 10 }, (_, label) => [label, 30, 290_000]),
	);
});

t.test("clips: a stretch that is left out is not learned, either", async (t) => {
	const left = { fromUs: 180_000, untilUs: 350_000 };
	const learned = [
		{ fromUs: 0, untilUs: left.fromUs },
		{ fromUs: left.untilUs, untilUs: LEARNED.untilUs },
	];
	const { train } = partsOf(
		clips(() => dots(3, 1, left.fromUs, left.untilUs)),
		learned,
		left,
	);
	for (const { vary } of train) {
		for (let seed = 0; seed < 20; seed += 1) t.equal(vary?.(new Random(seed)).t.length, 0);
	}
});

t.test("clips: windows come forth and back; an arm's circle backwards is that of the other direction", async (t) => {
	// Each clip is brighter in a place of its own: darker is what comes backwards.
	const { train } = partsOf(
		clips((label) => dots(label, 1, 0, CLIP_US)),
		[LEARNED],
		TESTED,
	);
	const seen = new Set<string>();
	for (const [at, { label, vary }] of train.entries()) {
		for (let seed = 0; seed < 4; seed += 1) {
			const { t: times, x, y, p } = vary?.(new Random(at, seed)) ?? events({ t: [], x: [] });
			t.equal(times.length, 15, "150 ms of one cell");
			seen.add(`${label}: ${placeOf(x[0] ?? 0, y[0] ?? 0)} ${p[0] === 1 ? "forth" : "back"}`);
		}
	}
	const reversed = [0, 1, 2, 4, 3, 6, 5, 7, 8, 9];
	t.same(
		[...seen].sort(),
		reversed.flatMap((other, label) => [`${label}: ${label} forth`, `${label}: ${other} back`]).sort(),
	);
});
