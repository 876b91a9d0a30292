// What the flow task makes of a recording: looks at it, targets in cells, errors; on recordings small enough to work out by hand.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { events } from "stllr";
import t from "tap";
import { Random } from "../dist/random.js";
import type { FlowRecording } from "./learn/data/flow.js";
import { cellTargets, endpointErrors } from "./learn/encoders/cells.js";
import { beside, type Look, looked } from "./learn/encoders/looks.js";
import { flow, look } from "./learn/tasks/flow.js";

const PLAIN: Look = {
	left: 0,
	top: 0,
	side: 4,
	mirrored: false,
	upturned: false,
	transposed: false,
	backwards: false,
	negative: false,
};

/** 5 columns, 4 rows, two flows of 10 ms; dx is the pixel's number, dy 100 less, in the second flow both 1000 more. */
const RECORDING: FlowRecording = {
	name: "by hand",
	width: 5,
	height: 4,
	events: events({ t: [0, 9_999, 10_000, 20_000], x: [1, 4, 2, 0], y: [0, 3, 2, 0], p: [1, 0, 0, 1] }),
	flow: [0, 1000].map((more, index) => ({
		fromUs: 10_000 * index,
		toUs: 10_000 * (index + 1),
		dx: Float32Array.from({ length: 20 }, (_, pixel) => pixel + more),
		dy: Float32Array.from({ length: 20 }, (_, pixel) => pixel + more - 100),
	})),
};

/** Events as [us, column, row, polarity]. */
function rowsOf({ events: { t, x, y, p } }: FlowRecording): (number | undefined)[][] {
	return Array.from(t, (us, at) => [us, x[at], y[at], p[at]]);
}

t.test("looks: as it is, the events of the square up to the end of the flow", async (t) => {
	const seen = looked(RECORDING, { ...PLAIN, left: 1 });
	t.same([seen.width, seen.height], [4, 4]);
	t.same(rowsOf(seen), [
		[0, 0, 0, 1],
		[9_999, 3, 3, 0],
		[10_000, 1, 2, 0],
	]);
	t.same([...(seen.flow[0]?.dx ?? [])].slice(0, 5), [1, 2, 3, 4, 6]);
	t.same([...(seen.flow[1]?.dy ?? [])].slice(-1), [919]);
	t.same(
		seen.flow.map(({ fromUs, toUs }) => [fromUs, toUs]),
		[
			[0, 10_000],
			[10_000, 20_000],
		],
	);
});

t.test("looks: mirrors turn events and flow alike", async (t) => {
	const mirrored = looked(RECORDING, { ...PLAIN, mirrored: true });
	t.same(rowsOf(mirrored)[0], [0, 2, 0, 1]);
	// Pixel 0 lies at the end of the row, and goes left.
	t.same([mirrored.flow[0]?.dx[3], mirrored.flow[0]?.dy[3], mirrored.flow[0]?.dx[0]], [-0, -100, -3]);
	const upturned = looked(RECORDING, { ...PLAIN, upturned: true });
	t.same(rowsOf(upturned)[0], [0, 1, 3, 1]);
	t.same([upturned.flow[0]?.dx[12], upturned.flow[0]?.dy[12]], [0, 100]);
	const transposed = looked(RECORDING, { ...PLAIN, transposed: true });
	t.same(rowsOf(transposed)[0], [0, 0, 1, 1]);
	// Pixel 1 lies in the row below, and what went right goes down.
	t.same([transposed.flow[0]?.dx[4], transposed.flow[0]?.dy[4]], [-99, 1]);
});

t.test("looks: backwards what came last comes first, goes back, and gets dark where it got bright", async (t) => {
	const seen = looked(RECORDING, { ...PLAIN, backwards: true });
	t.same(rowsOf(seen), [
		[9_999, 2, 2, 1],
		[19_999, 1, 0, 0],
	]);
	t.same([seen.flow[0]?.dx[1], seen.flow[1]?.dx[1]], [-1001, -1]);
	t.same([seen.flow[0]?.fromUs, seen.flow[1]?.toUs], [0, 20_000]);
	const negative = looked(RECORDING, { ...PLAIN, negative: true });
	t.same(negative.events.p, Uint8Array.of(0, 1));
	t.same(looked(RECORDING, { ...PLAIN, backwards: true, negative: true }).events.p, Uint8Array.of(0, 1));
	t.same(negative.flow, looked(RECORDING, PLAIN).flow);
});

t.test("looks: twice in a mirror, or twice backwards, is as it was", async (t) => {
	const square = looked(RECORDING, PLAIN);
	for (const change of ["mirrored", "upturned", "transposed", "backwards", "negative"] as const) {
		const once = looked(square, { ...PLAIN, [change]: true });
		t.notSame(once, square, change);
		t.same(looked(once, { ...PLAIN, [change]: true }), square, change);
	}
});

t.test("looks: beside one another, in the order of their times", async (t) => {
	const part = (left: number) => looked(RECORDING, { ...PLAIN, left, side: 2 });
	const four = beside([part(0), part(1), part(2), part(3)]);
	t.same([four.width, four.height], [4, 4]);
	t.same(rowsOf(four), [
		[0, 1, 0, 1],
		[0, 2, 0, 1],
	]);
	t.same([...(four.flow[0]?.dx ?? [])], [0, 1, 1, 2, 5, 6, 6, 7, 2, 3, 3, 4, 7, 8, 8, 9]);
	t.throws(() => beside([part(0), part(1)]), /fill a square/);
});

t.test("looks: the four parts of what is learned go four ways", async (t) => {
	const map = (value: number) => new Float32Array(128 * 128).fill(value);
	const still = {
		...{ name: "all of it goes one way", width: 128, height: 128, events: events({ t: [], x: [] }) },
		flow: [{ fromUs: 0, toUs: 25_000, dx: map(3), dy: map(1) }],
	};
	for (let draw = 0; draw < 20; draw += 1) {
		const { width, height, flow } = look(still, 64, new Random(7, draw));
		t.same([width, height], [64, 64]);
		const corners = [0, 63, 63 * 64, 64 * 64 - 1].map((at) => [flow[0]?.dx[at] ?? 0, flow[0]?.dy[at] ?? 0]);
		t.equal(new Set(corners.map(String)).size, 4);
		t.same(
			[0, 1].map((part) => corners.reduce((sum, corner) => sum + (corner[part] ?? 0), 0)),
			[0, 0],
		);
	}
	t.same(look(still, 64, new Random(7, 1)), look(still, 64, new Random(7, 1)));
});

t.test(
	"cells: targets are the means of cells, of what a readout can say by then, where there are events",
	async (t) => {
		const square = looked(RECORDING, PLAIN);
		const options = { stepUs: 5000, cell: 2, leak: 0.5 };
		const [first, second, none] = cellTargets(square, options);
		t.equal(none, undefined);
		t.match(
			[first, second],
			[
				{ fromStep: 0, untilStep: 2 },
				{ fromStep: 2, untilStep: 4 },
			],
		);
		// Half of it, then three quarters.
		const said = (0.5 + 0.75) / 2;
		t.same(
			first?.values,
			Float32Array.from([3, -97, 5, -95, 13, -87, 15, -85], (value) => value * said),
		);
		t.same(first?.mask, Uint8Array.of(1, 0, 0, 0));
		t.same(second?.mask, Uint8Array.of(0, 0, 0, 1));
		t.equal(second?.values[0], Math.fround(1003 * ((0.875 + 0.9375) / 2)));
	},
);

t.test(
	"cells: errors are those of pixels with events; what is right has nearly none, nothing said has all",
	async (t) => {
		const square = looked(RECORDING, PLAIN);
		const options = { stepUs: 5000, cell: 2, leak: 0.5 };
		const targets = cellTargets(square, options);
		// Pixels 1 of the first flow and 12 of the second; their cells are off by 2 and by 3 each way.
		const right = endpointErrors(square, targets, options);
		t.ok(Math.abs(right.error - Math.hypot(2, 2) - Math.hypot(3, 3)) < 1e-3, `${right.error}`);
		t.ok(Math.abs(right.ofZero - Math.hypot(1, 99) - Math.hypot(1012, 912)) < 1e-3);
		// What the last step of a flow alone says is more, of the same flow.
		const last = targets.map(({ untilStep, values }, index) => {
			const more = [0.75 / 0.625, 0.9375 / 0.90625][index] ?? 1;
			return { fromStep: untilStep - 1, untilStep, values: values.map((value) => value * more) };
		});
		t.ok(Math.abs(endpointErrors(square, last, options).error - right.error) < 1e-3);
		t.throws(() => endpointErrors(square, last.slice(1), options), /there is no estimate of flow 1/);
		const nothing = targets.map((target) => ({ ...target, values: new Float32Array(8) }));
		t.equal(endpointErrors(square, nothing, options).error, right.ofZero);
		t.same(endpointErrors({ ...square, events: events({ t: [], x: [] }) }, targets, options), { error: 0, ofZero: 0 });
	},
);

const folder = fileURLToPath(new URL("../../shared/data", import.meta.url));
const skip = existsSync(`${folder}/flow-sim/index.json`) ? false : "needs ../shared/data/flow-sim, which is not there";

t.test("flow: parts to choose options by are none of the test part, nor learned", { skip }, async (t) => {
	const open = async (validate: boolean) => (await flow.open({ folder, short: true, validate })).about;
	t.match(await open(false), /^20 recordings to learn, 8 to test/);
	t.match(await open(true), /^14 recordings to learn, 6 to test/);
});
