// The demo's gestures: the same on every machine, made as they say, and told apart by time alone.
import { createHash } from "node:crypto";
import t from "tap";
import {
	type Gesture,
	gestureHeight,
	gestureNames,
	gestureSet,
	gestureWidth,
	makeGesture,
} from "../dist/demo/gestures.js";

const SEED = 1;
const CLASSES = gestureNames.length;
const PIXELS = gestureWidth * gestureHeight;

t.test("gestures: the same options give the same bytes, on every machine and in any order", async (t) => {
	const hash = createHash("sha256");
	for (const index of [11, 0, 4_294_967_295, 5]) {
		const { events } = makeGesture({ seed: SEED, index });
		hash.update(events.t).update(events.x).update(events.y).update(events.p);
	}
	t.equal(hash.digest("hex").slice(0, 16), "416a91fcf9fbb682", "as on the machine that this was written on");
	t.same(makeGesture({ seed: SEED, index: 5 }), makeGesture({ seed: SEED, index: 5 }));
	t.not(makeGesture({ seed: 2, index: 5 }).events.t.join(), makeGesture({ seed: SEED, index: 5 }).events.t.join());
});

t.test("gestures: events are in order, within the camera and of two polarities", async (t) => {
	let faults = 0;
	for (let index = 0; index < 60; index++) {
		const { events } = makeGesture({ seed: SEED, index });
		const count = events.t.length;
		if (events.x.length !== count || events.y.length !== count || events.p.length !== count) faults++;
		if (count < 100 || count > 5000 || (events.t.at(-1) ?? 0) > 440_000) faults++;
		events.t.forEach((time, i) => {
			const isSound = Number.isInteger(time) && time >= (events.t[i - 1] ?? 0) && (events.p[i] ?? 2) < 2;
			if (!isSound || (events.x[i] ?? 99) >= gestureWidth || (events.y[i] ?? 99) >= gestureHeight) faults++;
		});
	}
	t.equal(faults, 0);
});

t.test("gestures: a set is balanced, its parts are disjoint, and a larger one begins with the same", async (t) => {
	const set = gestureSet({ seed: SEED, train: 120, test: 60 });
	t.same([set.train.length, set.test.length, set.width, set.height, set.polarities], [120, 60, 20, 20, 2]);
	for (const part of [set.train, set.test]) {
		for (let from = 0; from < part.length; from += CLASSES) {
			const labels = part.slice(from, from + CLASSES).map((recording) => recording.label);
			t.same(labels.sort(), [0, 1, 2, 3, 4, 5]);
		}
	}
	const print = ({ events }: { events: Gesture["events"] }): string => `${events.t.join()};${events.x.join()}`;
	t.equal(new Set([...set.train, ...set.test].map(print)).size, 180, "no two gestures are alike");
	const larger = gestureSet({ seed: SEED, train: 121, test: 61 });
	t.same(larger.train[7], set.train[7]);
	t.same(larger.test[7]?.events, set.test[7]?.events);
	t.same(makeGesture({ seed: SEED, index: 7 }), { label: set.train[7]?.label, events: set.train[7]?.events });
});

t.test(
	"gestures: the same hand sends exactly as many events by pixel and polarity, whichever way it moves",
	async (t) => {
		for (let index = 0; index < 30; index++) {
			const counts = gestureNames.map((_, label) => counted(makeGesture({ seed: SEED, index, label })).join());
			t.equal(new Set(counts).size, 1, `gesture ${index}`);
		}
	},
);

// Opposite movements of one hand are compared: the noise and the field's place are the same in both.
t.test("gestures: they move as their names say", async (t) => {
	const hands = 60;
	const moved = { right: 0, down: 0, clockwise: 0 };
	for (let index = 0; index < hands; index++) {
		const seen = (label: number): Movement => movement(makeGesture({ seed: SEED, index, label }));
		moved.right += (seen(1).x - seen(0).x) / hands;
		moved.down += (seen(3).y - seen(2).y) / hands;
		moved.clockwise += (seen(4).turned - seen(5).turned) / hands;
	}
	t.ok(moved.right > 6, `right against left: ${moved.right.toFixed(1)} pixels`);
	t.ok(moved.down > 6, `down against up: ${moved.down.toFixed(1)} pixels`);
	t.ok(moved.clockwise > 8, `clockwise against counter-clockwise: ${moved.clockwise.toFixed(1)} radians`);
});

t.test("gestures: what is out of range is refused by name", async (t) => {
	t.throws(() => makeGesture({ seed: -1, index: 0 }), {
		message: /^seed: -1 is not allowed; allowed: an integer from 0/,
	});
	t.throws(() => makeGesture({ seed: 1, index: 0.5 }), { message: /^index: 0.5 is not allowed/ });
	t.throws(() => makeGesture({ seed: 1, index: 0, label: 6 }), { message: /^label: 6 .* from 0 to 5$/ });
	t.throws(() => gestureSet({ seed: 1, train: Number.NaN, test: 1 }), { message: /^train: NaN is not allowed/ });
	t.throws(() => gestureSet({ seed: 1, train: 1, test: 1e9 }), { message: /^test: 1000000000 is not allowed/ });
});

// Chance is 16.7 %, with a standard error of 2.0 on 360 gestures. That the classifiers could do better if there were
// anything to see is shown by giving them time, coarsely: a quarter as many pixels, in eight time bins.
t.test("gestures: event counts alone stay near chance, counts in time do not", async (t) => {
	const set = gestureSet({ seed: SEED, train: 600, test: 360 });
	const made = (part: typeof set.train): Gesture[] => part.map(({ label, events }) => ({ label, events }));
	const [train, test] = [made(set.train), made(set.test)];
	const views: readonly [string, (gesture: Gesture) => Float64Array, (percent: number) => boolean][] = [
		["counts by pixel and polarity", counted, (percent) => percent <= 25],
		["counts by 4 x 4 pixels and polarity", (gesture) => pooled(gesture, 1), (percent) => percent <= 25],
		[
			"counts by 4 x 4 pixels, polarity and eighth of the time",
			(gesture) => pooled(gesture, 8),
			(percent) => percent > 50,
		],
	];
	for (const [name, see, isAsExpected] of views) {
		const [seen, unseen] = standardised(train.map(see), test.map(see));
		const products = inner(seen, seen);
		const asked = inner(unseen, seen);
		const labels = train.map((gesture) => gesture.label);
		for (const [classifier, guess] of Object.entries({
			ridge: ridge(products, labels),
			nearest: nearest(products, labels),
		})) {
			const right = asked.filter((row, i) => guess(row) === test[i]?.label).length;
			const percent = (100 * right) / test.length;
			t.ok(isAsExpected(percent), `${name}, ${classifier}: ${percent.toFixed(1)} %`);
		}
	}
});

/** The events of each pixel and polarity. */
function counted({ events }: Gesture): Float64Array {
	const counts = new Float64Array(2 * PIXELS);
	for (let i = 0; i < events.t.length; i++) {
		const cell = ((events.p[i] ?? 0) * gestureHeight + (events.y[i] ?? 0)) * gestureWidth + (events.x[i] ?? 0);
		counts[cell] = (counts[cell] ?? 0) + 1;
	}
	return counts;
}

/** The events of each 4 x 4 pixels and polarity in each of `bins` equal parts of the recording. */
function pooled({ events }: Gesture, bins: number): Float64Array {
	const counts = new Float64Array(50 * bins);
	const endUs = (events.t.at(-1) ?? 0) + 1;
	for (let i = 0; i < events.t.length; i++) {
		const bin = Math.floor(((events.t[i] ?? 0) / endUs) * bins);
		const cell = (bin * 2 + (events.p[i] ?? 0)) * 25 + ((events.y[i] ?? 0) >> 2) * 5 + ((events.x[i] ?? 0) >> 2);
		counts[cell] = (counts[cell] ?? 0) + 1;
	}
	return counts;
}

interface Movement {
	readonly x: number;
	readonly y: number;
	readonly turned: number;
}

/** How far the events moved from their first to their last quarter, in pixels, and how far round, in radians. */
function movement({ events }: Gesture): Movement {
	const parts = 12;
	const places = Array.from({ length: parts }, (_, part) => {
		const from = Math.floor((part * events.t.length) / parts);
		const to = Math.floor(((part + 1) * events.t.length) / parts);
		return { x: mean(events.x.subarray(from, to)), y: mean(events.y.subarray(from, to)) };
	});
	const middle = { x: mean(events.x), y: mean(events.y) };
	let turned = 0;
	for (const [i, { x, y }] of places.entries()) {
		const last = places[i - 1] ?? { x, y };
		const [toX, toY, fromX, fromY] = [x - middle.x, y - middle.y, last.x - middle.x, last.y - middle.y];
		turned += Math.atan2(fromX * toY - fromY * toX, fromX * toX + fromY * toY);
	}
	const quarters = (axis: "x" | "y"): number =>
		mean(places.slice(-3).map((place) => place[axis])) - mean(places.slice(0, 3).map((place) => place[axis]));
	return { x: quarters("x"), y: quarters("y"), turned };
}

function mean(values: ArrayLike<number>): number {
	return Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;
}

/** Both parts with every feature's mean 0 and variance 1 over the first part, constant features left out, and a 1. */
function standardised(train: readonly Float64Array[], test: readonly Float64Array[]): [Float64Array[], Float64Array[]] {
	const features = [...(train[0] ?? []).keys()].flatMap((feature) => {
		const values = train.map((row) => row[feature] ?? 0);
		const middle = mean(values);
		const deviation = Math.sqrt(mean(values.map((value) => (value - middle) ** 2)));
		return deviation > 0 ? [{ feature, middle, deviation }] : [];
	});
	const convert = (row: Float64Array): Float64Array =>
		Float64Array.from([
			...features.map(({ feature, middle, deviation }) => ((row[feature] ?? 0) - middle) / deviation),
			1,
		]);
	return [train.map(convert), test.map(convert)];
}

/** The inner products of each row of one list with each of another. */
function inner(rows: readonly Float64Array[], others: readonly Float64Array[]): Float64Array[] {
	return rows.map((row) => Float64Array.from(others, (other) => dot(row, other)));
}

/** From a gesture's inner products with those learned from to its class. */
type Guess = (products: Float64Array) => number;

/** Linear regression to +1 for a gesture's class and -1 for the others, with a penalty on the weights (dual form). */
function ridge(products: readonly Float64Array[], labels: readonly number[]): Guess {
	const penalty = 300;
	const upper = products.map((row) => row.slice());
	const shares = gestureNames.map((_, label) => Float64Array.from(labels, (other) => (other === label ? 1 : -1)));
	// Cholesky, row by row: the upper triangle U with U^T U = products + penalty; then U^T z = b forwards, U a = z backwards.
	for (const [j, row] of upper.entries()) {
		row[j] = (row[j] ?? 0) + penalty;
		for (const above of upper.slice(0, j)) addTo(row, above, -(above[j] ?? 0), j);
		row.set(row.map((value) => value / Math.sqrt(row[j] ?? 1)).subarray(j), j);
	}
	for (const share of shares) {
		for (const [j, row] of upper.entries()) {
			share[j] = (share[j] ?? 0) / (row[j] ?? 1);
			addTo(share, row, -(share[j] ?? 0), j + 1);
		}
		for (const [j, row] of [...upper.entries()].reverse()) {
			share[j] = ((share[j] ?? 0) - dot(row.subarray(j + 1), share.subarray(j + 1))) / (row[j] ?? 1);
		}
	}
	return (row) => largest(shares.map((share) => dot(share, row)));
}

/** The commonest class among the nine nearest. */
function nearest(products: readonly Float64Array[], labels: readonly number[]): Guess {
	return (row) => {
		const distance = row.map((product, i) => (products[i]?.[i] ?? 0) - 2 * product);
		const near = [...labels.keys()].sort((a, b) => (distance[a] ?? 0) - (distance[b] ?? 0)).slice(0, 9);
		return largest(gestureNames.map((_, label) => near.filter((i) => labels[i] === label).length));
	};
}

function largest(values: readonly number[]): number {
	return values.indexOf(Math.max(...values));
}

function dot(a: Float64Array, b: Float64Array): number {
	let sum = 0;
	for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
	return sum;
}

/** to += factor * from, from an index on. */
function addTo(to: Float64Array, from: Float64Array, factor: number, start: number): void {
	for (let i = start; i < to.length; i++) to[i] = (to[i] as number) + factor * (from[i] as number);
}
