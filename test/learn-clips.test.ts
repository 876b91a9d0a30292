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
		LEARNED,
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
	t.same(
		test.map(({ looks }) => [...(looks?.() ?? [])].map(({ t }) => [t.length, t[0], t.at(-1)])),
		test.map(() => Array.from({ length: 4 }, () => [15, 0, 140_000])),
		"answers by four windows of 150 ms, each from its own time 0",
	);
});

t.test("clips: nothing before what is learned is learned, either", async (t) => {
	const tested = { fromUs: 0, untilUs: 300_000 };
	const { train, test } = partsOf(
		clips(() => dots(3, 1, tested.fromUs, tested.untilUs)),
		{ fromUs: tested.untilUs, untilUs: LEARNED.untilUs },
		tested,
	);
	for (const { vary } of train) {
		for (let seed = 0; seed < 20; seed += 1) t.equal(vary?.(new Random(seed)).t.length, 0);
	}
	t.ok(test.every(({ looks }) => [...(looks?.() ?? [])].every(({ t }) => t.length === 15)));
});

t.test("clips: windows come forth and back; an arm's circle backwards is that of the other direction", async (t) => {
	// Each clip is brighter in a place of its own: darker is what comes backwards.
	const { train } = partsOf(
		clips((label) => dots(label, 1, 0, CLIP_US)),
		LEARNED,
		TESTED,
	);
	const seen = new Map<number, Set<string>>();
	for (const [at, { label, vary }] of train.entries()) {
		for (let seed = 0; seed < 4; seed += 1) {
			const { t: times, x, y, p } = vary?.(new Random(at, seed)) ?? events({ t: [], x: [] });
			t.equal(times.length, 15, "150 ms of one cell");
			const places = seen.get(label) ?? new Set();
			seen.set(label, places.add(`${placeOf(x[0] ?? 0, y[0] ?? 0)} ${p[0] === 1 ? "forth" : "back"}`));
		}
	}
	const circles = [3, 4, 5, 6];
	const reversed = [0, 1, 2, 4, 3, 6, 5, 7, 8, 9];
	for (const [label, other] of reversed.entries()) {
		const expected = [`${label} forth`, `${other} back`].sort();
		const found = [...(seen.get(label) ?? [])].sort();
		if (circles.includes(label))
			t.ok(
				expected.every((place) => found.includes(place)),
				`${label} as it is, too`,
			);
		else t.same(found, expected, `${label} is never turned`);
	}
});

t.test("clips: circles come turned about the place of their arm", async (t) => {
	// The right arm's circles stand at (44, 36) and (84, 36), so that their middle is (64, 36); turned, they keep the 20 pixels from it.
	const at = (x: number) => {
		const times = Array.from({ length: 300 }, (_, k) => Math.floor(k / 3) * 10_000);
		return events({ t: times, x: times.map(() => x), y: times.map(() => 36), p: times.map(() => 1) });
	};
	const nothing = events({ t: [], x: [] });
	const { train } = partsOf(
		clips((label) => (label === 3 ? at(44) : label === 4 ? at(84) : nothing)),
		LEARNED,
		TESTED,
	);
	const rows = new Set<number>();
	for (const { label, vary } of train) {
		if (label !== 3) continue;
		for (let seed = 0; seed < 20; seed += 1) {
			const { x, y } = vary?.(new Random(seed)) ?? nothing;
			const [column, row] = [8 * (x[0] ?? 0) + 4, 8 * (y[0] ?? 0) + 4];
			rows.add(row);
			// Half a cell's diagonal and the 4 pixels each way that it is moved by.
			t.ok(Math.abs(Math.hypot(column - 64, row - 36) - 20) <= 4 * Math.SQRT2 + 4 * Math.SQRT2, `${column}, ${row}`);
		}
	}
	t.ok(rows.has(12) || rows.has(20), "above");
	t.ok(rows.has(52) || rows.has(60), "below");
});
