// Likenesses of a recording of flow, on recordings small enough to work out by hand.
import { events } from "stllr";
import t from "tap";
import { Random } from "../dist/random.js";
import type { FlowRecording } from "./learn/data/flow.js";
import { looked } from "./learn/encoders/looks.js";
import { type Change, similar } from "./learn/encoders/similar.js";
import { likeness } from "./learn/tasks/flow.js";

const SAME: Change = { angle: 0, scale: 1, speed: 1, beginUs: 0, flows: 3 };

/** 4 x 4 pixels, three flows of 10 ms; dx is the pixel's number, dy 100 less, each flow 1000 more than the one before. */
const RECORDING: FlowRecording = {
	name: "by hand",
	width: 4,
	height: 4,
	events: events({ t: [0, 9_999, 20_001], x: [1, 3, 2], y: [0, 3, 1], p: [1, 0, 1] }),
	flow: [0, 1000, 2000].map((more, index) => ({
		fromUs: 10_000 * index,
		toUs: 10_000 * (index + 1),
		dx: Float32Array.from({ length: 16 }, (_, pixel) => pixel + more),
		dy: Float32Array.from({ length: 16 }, (_, pixel) => pixel + more - 100),
	})),
};

/** Events as [us, column, row, polarity]. */
function rowsOf({ events: { t, x, y, p } }: FlowRecording): (number | undefined)[][] {
	return Array.from(t, (us, at) => [us, x[at], y[at], p[at]]);
}

/** Nearly the same numbers: cosines of right angles are no more. */
function isNear(numbers: Float32Array, others: Float32Array = new Float32Array(0)): boolean {
	return (
		numbers.length === others.length && numbers.every((number, at) => Math.abs(number - (others[at] as number)) < 1e-3)
	);
}

t.test("similar: not at all, it is as it was", async (t) => {
	t.same(similar(RECORDING, SAME), RECORDING);
});

t.test("similar: by a right angle, rightwards is downwards, as in a mirror and transposed", async (t) => {
	const quarter = similar(RECORDING, { ...SAME, angle: Math.PI / 2 });
	// The second pixel of the first row is then the second of the last column.
	t.same(rowsOf(quarter)[0], [0, 3, 1, 1]);
	const square = { left: 0, top: 0, side: 4, mirrored: false, backwards: false, negative: false };
	const other = looked(RECORDING, { ...square, upturned: true, transposed: true });
	t.same(rowsOf(quarter), rowsOf(other));
	for (const [index, { dx, dy }] of quarter.flow.entries()) {
		t.ok(isNear(dx, other.flow[index]?.dx), `${dx}`);
		t.ok(isNear(dy, other.flow[index]?.dy), `${dy}`);
	}
});

t.test("similar: twice as large, what goes by is as much faster, and what is beyond the sensor is lost", async (t) => {
	const large = similar(RECORDING, { ...SAME, scale: 2 });
	// Only (2, 1) of three is near enough to the middle.
	t.same(rowsOf(large), [[20_001, 3, 1, 1]]);
	// Pixels 0 and 15 show what 5 and 10 did.
	t.same([large.flow[0]?.dx[0], large.flow[0]?.dx[15], large.flow[0]?.dy[0]], [10, 20, -190]);
	const small = similar(RECORDING, { ...SAME, scale: 0.5 });
	t.same(rowsOf(small), [
		[0, 1, 1, 1],
		[9_999, 2, 2, 0],
		[20_001, 2, 1, 1],
	]);
	// Pixel 0 shows what is beyond the edge; that goes as the edge does.
	t.same([small.flow[0]?.dx[5], small.flow[0]?.dx[0]], [2.5, 0]);
});

t.test("similar: twice as fast, it lasts half as long; slower, it shows flows between", async (t) => {
	const fast = similar(RECORDING, { ...SAME, speed: 2, flows: 1 });
	t.same(
		rowsOf(fast).map(([us]) => us),
		[0, 4_999],
	);
	t.same(
		fast.flow.map(({ fromUs, toUs }) => [fromUs, toUs]),
		[[0, 10_000]],
	);
	// From 0 to 20 ms of the recording: half of the first flow, half of the second, and twice that.
	t.equal(fast.flow[0]?.dx[1], 1002);
	const slow = similar(RECORDING, { ...SAME, speed: 0.5, beginUs: 10_000, flows: 2 });
	// From 5 ms on: the middle of the first flow is at 7.5 ms of the recording, a quarter on the way to the next.
	t.equal(slow.flow[0]?.dx[1], 0.5 * 251);
	t.equal(slow.flow[1]?.dx[1], 0.5 * 751);
	t.same(
		rowsOf(slow).map(([us]) => us),
		[9_998],
	);
});

t.test("likenesses of a recording: a stretch of eight flows, the same for the same numbers", async (t) => {
	const map = (value: number) => new Float32Array(16).fill(value);
	const recording: FlowRecording = {
		...RECORDING,
		flow: Array.from({ length: 12 }, (_, index) => {
			return { fromUs: 25_000 * index, toUs: 25_000 * (index + 1), dx: map(3), dy: map(4) };
		}),
	};
	const lengths = Array.from({ length: 50 }, (_, draw) => {
		const { flow } = likeness(recording, new Random(1, draw));
		t.equal(flow.length, 8);
		return Math.hypot(flow[0]?.dx[0] ?? 0, flow[0]?.dy[0] ?? 0);
	});
	// All of it moves by 5 pixels: at most 1.5 times as fast and 1.2 times as large.
	t.ok(Math.max(...lengths) < 9 && Math.max(...lengths) > 6, `${lengths}`);
	t.ok(Math.min(...lengths) > 5 / 1.8 - 1e-3 && Math.min(...lengths) < 4, `${lengths}`);
	t.same(likeness(recording, new Random(1, 2)), likeness(recording, new Random(1, 2)));
});
