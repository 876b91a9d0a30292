// Stretches of a recording of flow, on recordings small enough to work out by hand.
import { events } from "stllr";
import t from "tap";
import { Random } from "../dist/random.js";
import type { FlowRecording } from "./learn/data/flow.js";
import { stretch } from "./learn/encoders/stretch.js";
import { anyStretch } from "./learn/tasks/flow.js";

/** 2 x 2 pixels, three flows of 10 ms; dx is the pixel's number, dy 100 less, each flow 1000 more than the one before. */
const RECORDING: FlowRecording = {
	name: "by hand",
	width: 2,
	height: 2,
	events: events({ t: [0, 9_999, 20_001], x: [1, 0, 1], y: [0, 1, 1], p: [1, 0, 1] }),
	flow: [0, 1000, 2000].map((more, index) => ({
		fromUs: 10_000 * index,
		toUs: 10_000 * (index + 1),
		dx: Float32Array.from({ length: 4 }, (_, pixel) => pixel + more),
		dy: Float32Array.from({ length: 4 }, (_, pixel) => pixel + more - 100),
	})),
};

/** Events as [us, column, row, polarity]. */
function rowsOf({ events: { t, x, y, p } }: FlowRecording): (number | undefined)[][] {
	return Array.from(t, (us, at) => [us, x[at], y[at], p[at]]);
}

t.test("stretches: all of it is as it was", async (t) => {
	t.same(stretch(RECORDING, { beginUs: 0, flows: 3 }), RECORDING);
});

t.test("stretches: events from the beginning on, flows between those of the recording", async (t) => {
	const seen = stretch(RECORDING, { beginUs: 2_500, flows: 2 });
	t.same(rowsOf(seen), [
		[7_499, 0, 1, 0],
		[17_501, 1, 1, 1],
	]);
	t.same(
		seen.flow.map(({ fromUs, toUs }) => [fromUs, toUs]),
		[
			[0, 10_000],
			[10_000, 20_000],
		],
	);
	// A quarter on the way to the next.
	t.same([...(seen.flow[0]?.dx ?? [])], [250, 251, 252, 253]);
	t.same([...(seen.flow[1]?.dy ?? [])], [1150, 1151, 1152, 1153]);
	t.same(rowsOf(stretch(RECORDING, { beginUs: 1, flows: 2 })).length, 1, "20,001 us is the end");
});

t.test("stretches to learn: eight flows from anywhere, the same for the same numbers", async (t) => {
	const map = (value: number) => new Float32Array(4).fill(value);
	const recording: FlowRecording = {
		...RECORDING,
		flow: Array.from({ length: 12 }, (_, index) => {
			return { fromUs: 25_000 * index, toUs: 25_000 * (index + 1), dx: map(index), dy: map(-index) };
		}),
	};
	const firsts = Array.from({ length: 50 }, (_, draw) => {
		const { flow } = anyStretch(recording, new Random(1, draw));
		t.equal(flow.length, 8);
		return flow[0]?.dx[0] ?? Number.NaN;
	});
	t.ok(Math.min(...firsts) >= 0 && Math.min(...firsts) < 0.5, `${firsts}`);
	t.ok(Math.max(...firsts) <= 4 && Math.max(...firsts) > 3.5, `${firsts}`);
	t.same(anyStretch(recording, new Random(1, 2)), anyStretch(recording, new Random(1, 2)));
});
