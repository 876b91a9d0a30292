// Filters: on recordings, on streams, chunk by chunk; what is left out adds up.
import t from "tap";
import {
	backgroundActivity,
	countSteps,
	crop,
	delayLine,
	downsample,
	type Filter,
	hotPixels,
	mergePolarities,
	openPipe,
	pipe,
	rateLimit,
	refractory,
	regionOfInterest,
} from "../dist/encode/node.js";
import { type Events, events } from "../dist/index.js";
import { Random } from "../dist/random.js";

const sensor = { width: 34, height: 30 };

/** Events of a small sensor: a hot pixel, a moving bar and noise. */
function recording(seed: number, count: number): Events {
	const random = new Random(seed);
	const parts: { t: number[]; x: number[]; y: number[]; p: number[] } = { t: [], x: [], y: [], p: [] };
	let us = 0;
	for (let index = 0; index < count; index += 1) {
		us += random.below(40);
		const kind = random.below(3);
		const bar = Math.floor(us / 2000) % sensor.width;
		parts.t.push(us);
		parts.x.push(kind === 0 ? 7 : kind === 1 ? bar : random.below(sensor.width));
		parts.y.push(kind === 0 ? 9 : random.below(sensor.height));
		parts.p.push(random.below(2));
	}
	return events(parts);
}

function plain({ t, x, y, p }: Events): number[][] {
	return Array.from(t, (us, at) => [us, x[at] ?? 0, y[at] ?? 0, p[at] ?? 0]);
}

function* pieces({ t, x, y, p }: Events, random: Random, most: number): Generator<Events> {
	for (let from = 0; from < t.length; ) {
		const until = from + random.below(most + 1);
		yield { t: t.slice(from, until), x: x.slice(from, until), y: y.slice(from, until), p: p.slice(from, until) };
		from = until;
	}
}

const all: Filter[][] = [
	[crop({ x: 4, y: 3, width: 20, height: 25 })],
	[regionOfInterest({ regions: [{ x: 0, y: 0, width: 8, height: 30 }], keep: "outside" })],
	[downsample({ ...sensor, factor: 4 })],
	[downsample({ ...sensor, factor: 4, every: 5 })],
	[mergePolarities()],
	[refractory({ ...sensor, periodUs: 1000 })],
	[backgroundActivity({ ...sensor, windowUs: 1000 })],
	[hotPixels({ ...sensor, windowUs: 10_000, most: 20 })],
	[rateLimit({ rateHz: 20_000, burst: 30 })],
	[countSteps({ events: 100, stepUs: 1000 })],
	[delayLine({ delaysUs: [0, 700, 50_000] })],
	[
		hotPixels({ ...sensor, most: 20 }),
		refractory({ ...sensor, periodUs: 500 }),
		delayLine({ delaysUs: [0, 9000] }),
		mergePolarities(),
	],
	[],
];

for (const filters of all) {
	const name = filters.map(({ name }) => name).join(", ") || "none";
	t.test(`${name}: a recording, streams in any pieces and chunks by hand are one`, async (t) => {
		const given = recording(1, 8000);
		const whole = await pipe(given, filters);
		const wanted = plain(whole);
		t.ok(wanted.length > 200, `${wanted.length} events`);
		const lost = whole.removed.reduce(
			(sum, { byRule, outside, late, noRoom }) => sum + byRule + outside + late + noRoom,
			0,
		);
		if (!name.includes("delayLine")) t.equal(wanted.length + lost, given.t.length);
		for (const most of [1, 300, 15_000]) {
			const stream = pipe(pieces(given, new Random(3), most), filters);
			const streamed: number[][] = [];
			for await (const chunk of stream) streamed.push(...plain(chunk));
			t.ok(String(streamed) === String(wanted), `the same in pieces of up to ${most}`);
			t.same(stream.removed, whole.removed);
		}
		const byHand = await openPipe(filters);
		for (const round of [1, 2]) {
			const parts = [...pieces(given, new Random(round), 999)].flatMap((piece) => byHand.push(piece));
			const made = [...parts, ...byHand.flush()].flatMap(plain);
			t.ok(String(made) === String(wanted), "the same by hand");
		}
		// Two streams of as many.
		t.same(
			byHand.removed.map(({ byRule }) => byRule),
			whole.removed.map(({ byRule }) => 2 * byRule),
		);
		byHand.close();
	});
}

t.test("filters: what each keeps of a few events", async (t) => {
	const few = events({ t: [0, 10, 20, 20, 90], x: [1, 1, 2, 9, 1], y: [1, 1, 1, 9, 1], p: [0, 1, 0, 1, 1] });
	const kept = async (...filters: Filter[]) => [...(await pipe(few, filters)).t];
	const ten = { width: 10, height: 10 };
	t.same(await kept(refractory({ ...ten, periodUs: 20 })), [0, 20, 20, 90]);
	t.same(await kept(backgroundActivity({ ...ten, windowUs: 10 })), [20]);
	t.same(await kept(regionOfInterest({ regions: [{ x: 9, y: 9, width: 1, height: 1 }] })), [20]);
	t.same(await kept(countSteps({ events: 2, stepUs: 100 })), [0, 0, 100, 100, 200]);
	t.same(await kept(rateLimit({ rateHz: 10_000, burst: 1 })), [0]);
	t.same(plain(await pipe(few, [crop({ x: 1, y: 1, width: 2, height: 1 }), mergePolarities()])), [
		[0, 0, 0, 0],
		[10, 0, 0, 0],
		[20, 1, 0, 0],
		[90, 0, 0, 0],
	]);
});

t.test("filters: late and misplaced events are dropped and counted, bad times refused", async (t) => {
	const few = events({ t: [50, 40, 60], x: [0, 0, 34] });
	const { removed, ...kept } = await pipe(few, [refractory({ ...sensor, periodUs: 1 })]);
	t.same(plain(kept), [[50, 0, 0, 0]]);
	t.same(removed, [{ filter: "refractory", byRule: 0, outside: 1, late: 1, noRoom: 0 }]);
	const held = await openPipe([delayLine({ delaysUs: [0, 1000], mostEvents: 2 })]);
	t.equal(held.push(events({ t: [0, 1, 2, 2000], x: [0, 1, 2, 3] })).flatMap(plain).length, 5);
	t.match(held.removed, [{ noRoom: 1 }]);
	const bad = { ...few, t: Float64Array.of(1, 2.5, 3) };
	t.throws(() => held.push(bad), { code: "event", index: 1 });
	t.same(held.flush().flatMap(plain), [[3000, 3, 0, 2]], "nothing of a refused chunk was taken");
});

t.test("filters: a loop that is left ends the source", async (t) => {
	let hasEnded = false;
	async function* source() {
		try {
			for (;;) yield recording(2, 100);
		} finally {
			hasEnded = true;
		}
	}
	for await (const chunk of pipe(source(), [mergePolarities()])) {
		t.equal(chunk.t.length, 100);
		break;
	}
	t.ok(hasEnded);
});

t.test("filters: options are checked by name", async (t) => {
	const refused: [make: () => unknown, option: string][] = [
		[() => crop({ x: 0, y: 0, width: 0, height: 1 }), "crop.width"],
		[() => regionOfInterest({ regions: [] }), "regionOfInterest.regions"],
		[() => regionOfInterest({ regions: [{ x: -1, y: 0, width: 1, height: 1 }] }), "regionOfInterest.regions[0].x"],
		[() => downsample({ ...sensor, factor: 0 }), "downsample.factor"],
		[() => refractory({ ...sensor, periodUs: 0.5 }), "refractory.periodUs"],
		[() => backgroundActivity({ width: 5000, height: 1 }), "backgroundActivity.width"],
		[() => hotPixels({ ...sensor, most: 0 }), "hotPixels.most"],
		[() => rateLimit({ rateHz: 0 }), "rateLimit.rateHz"],
		[() => countSteps({ events: 1, stepUs: 0 }), "countSteps.stepUs"],
		[() => delayLine({ delaysUs: [] }), "delayLine.delaysUs"],
		[() => delayLine({ delaysUs: [0, 1, 2], polarities: 100 }), "delayLine.polarities"],
		[() => pipe(null as unknown as Events, []), "source"],
		[() => pipe(recording(1, 1), [{} as Filter, 3 as unknown as Filter]), "filters[1]"],
	];
	for (const [make, option] of refused) t.throws(make, { code: "option", option }, option);
	// Two options that fit alone: the module refuses them together.
	await t.rejects(pipe(recording(1, 1), [downsample({ width: 4096, height: 4096, factor: 1, every: 2 })]), {
		code: "option",
		message: "cells x polarities: 33554432 is not allowed; allowed: 0 to 16777216",
	});
});
