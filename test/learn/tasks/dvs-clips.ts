// Gestures before an event camera, known from the first 700 ms of a single clip each: two layers of convolutions over coarse pixels.
//
// Options were chosen by `--validate`: what lies ahead of a part of these 700 ms, or behind it. What comes later is the test part.

import { join } from "node:path";
import type { Events, NetworkSpec } from "stllr";
import { EventRoom } from "../../../dist/events/chunk.js";
import { drawShift, shifted } from "../../../dist/learning/shift.js";
import type { Random } from "../../../dist/random.js";
import { classification, crossValidation, type Parts, type Sample } from "../classify.js";
import { CLIP_GESTURES, CLIP_SIZE, type Clip, readClips } from "../data/clips.js";
import { backwards } from "../encoders/backwards.js";
import { coarse } from "../encoders/coarse.js";
import { type Turn, turned } from "../encoders/turned.js";
import type { Task } from "../task.js";

const PATH = "dvs128-gesture-clips/dvs128-gesture-clips-0-1000ms.zip";
const SENSOR = { width: CLIP_SIZE, height: CLIP_SIZE };
const STEP_US = 10_000;
const CLIP_US = 1_000_000;
/** What is learned ends here. */
const LEARNED_US = 700_000;
/** Each time, a window of this length is learned; answers are by such windows, too. */
const WINDOW_US = 150_000;
const WINDOWS_AN_EPOCH = 10;
/** From one window of an answer to the next. */
const HOP_US = 50_000;
const CELL = 8;
/** Events that a cell needs in a step, to be seen at all and to be seen well. */
const LEAST = [2, 8];
/** The most pixels that a window is moved by. */
const MOST_PIXELS = 4;
/** The part of the circles' windows that are turned, by any angle. */
const TURNED = 0.5;
/** The gestures that are a circle, by arm. */
const ARMS = [
	[3, 4],
	[5, 6],
];
/** Where an arm is, is judged by stretches of this length. */
const PLACE_US = 50_000;
/** What `--validate` tells from what: what comes after from what came before, or, time being reversed, the other way round. */
const FOLDS: readonly { readonly learned: Stretch; readonly tested: Stretch }[] = [
	{ learned: { fromUs: 0, untilUs: 400_000 }, tested: { fromUs: 400_000, untilUs: LEARNED_US } },
	{ learned: { fromUs: 300_000, untilUs: LEARNED_US }, tested: { fromUs: 0, untilUs: 300_000 } },
	{ learned: { fromUs: 0, untilUs: 500_000 }, tested: { fromUs: 500_000, untilUs: LEARNED_US } },
	{ learned: { fromUs: 200_000, untilUs: LEARNED_US }, tested: { fromUs: 0, untilUs: 200_000 } },
];
/** What each gesture is when it is run backwards: the two circles of an arm are then each other, the others what they were. */
const BACKWARDS = [0, 1, 2, 4, 3, 6, 5, 7, 8, 9];

/** A part of the clips, in us. */
export interface Stretch {
	readonly fromUs: number;
	readonly untilUs: number;
}

const network: NetworkSpec = {
	input: { width: CLIP_SIZE / CELL, height: CLIP_SIZE / CELL, polarities: 2 * LEAST.length },
	stepUs: STEP_US,
	layers: [
		{ type: "conv", filters: 16, kernel: 3, std: 2 / Math.sqrt(4 * 9) },
		{ type: "conv", filters: 32, kernel: 3, stride: 2, std: 2 / Math.sqrt(16 * 9) },
		{ type: "flatten" },
		{ type: "readout", classes: CLIP_GESTURES.map((name, at) => `${at + 1} ${name}`), traceDecay: 1 - 1 / 64 },
	],
	leak: 0.9,
	rule: { lambdaPre: 0.75 },
	rates: { hidden: 2 ** -11, readout: 2 ** -12 },
};

/** What is seen of a clip in a stretch of time, as cells. */
function encode(seen: Events, { fromUs, untilUs }: Stretch): Events {
	return coarse(seen, { cell: CELL, stepUs: STEP_US, least: LEAST, polarities: 2, fromUs, untilUs });
}

/** Clips, and what each looks like backwards. */
export interface Shown {
	readonly label: number;
	readonly forth: Events;
	readonly back: Events;
}

/** The events of a stretch. */
function between({ t, x, y, p }: Events, { fromUs, untilUs }: Stretch): Events {
	const from = firstAt(t, fromUs);
	const until = firstAt(t, untilUs);
	return {
		t: t.subarray(from, until),
		x: x.subarray(from, until),
		y: y.subarray(from, until),
		p: p.subarray(from, until),
	};
}

/** The index of the first event at or after a time. */
function firstAt(t: Events["t"], us: number): number {
	const at = t.findIndex((time) => time >= us);
	return at < 0 ? t.length : at;
}

/** The mean place of what is seen of some clips in a stretch: that of each 50 ms with events counts the same. */
function middleOf(clips: readonly Shown[], learned: Stretch): Omit<Turn, "angle"> {
	const middles: Omit<Turn, "angle">[] = [];
	for (const { forth } of clips) {
		for (let fromUs = learned.fromUs; fromUs < learned.untilUs; fromUs += PLACE_US) {
			const { x, y } = between(forth, { fromUs, untilUs: Math.min(fromUs + PLACE_US, learned.untilUs) });
			if (x.length > 0) middles.push({ column: mean(x), row: mean(y) });
		}
	}
	if (middles.length === 0) return { column: CLIP_SIZE / 2, row: CLIP_SIZE / 2 };
	return { column: mean(middles.map(({ column }) => column)), row: mean(middles.map(({ row }) => row)) };
}

function mean(values: ArrayLike<number>): number {
	let sum = 0;
	for (let at = 0; at < values.length; at += 1) sum += values[at] as number;
	return sum / values.length;
}

/**
 * Learns windows of `learned`, half of them backwards, half of the circles' turned; names what of the clips lies in `tested`, by
 * the sum of what is said of windows in it, each from rest.
 *
 * @param shown all ten, in the order of their labels
 * @param learned at least as long as a window, as is `tested`
 */
export function partsOf(shown: readonly Shown[], learned: Stretch, tested: Stretch): Parts {
	const starts = startsIn(learned, STEP_US);
	const middles = ARMS.map((arm) =>
		middleOf(
			arm.map((label) => shown[label] as Shown),
			learned,
		),
	);
	const room = new EventRoom();
	const window = (label: number, random: Random) => {
		const isBack = random.chance(0.5);
		const clip = shown[isBack ? (BACKWARDS[label] as number) : label] as Shown;
		const startUs = starts[random.below(starts.length)] as number;
		const fromUs = isBack ? CLIP_US - WINDOW_US - startUs : startUs;
		const stretch = { fromUs, untilUs: fromUs + WINDOW_US };
		const shift = drawShift(MOST_PIXELS, random.bits(), 0);
		const arm = ARMS.findIndex((circles) => circles.includes(label));
		const middle = middles[arm];
		let seen = between(isBack ? clip.back : clip.forth, stretch);
		if (middle !== undefined && random.chance(TURNED)) {
			seen = turned(seen, { angle: random.between(-Math.PI, Math.PI), ...middle }, SENSOR);
		}
		return encode(shifted(seen, shift, SENSOR, room), stretch);
	};
	const train = shown.flatMap(({ label, forth }): Sample[] => {
		const events = encode(forth, { fromUs: learned.fromUs, untilUs: learned.fromUs + WINDOW_US });
		return Array.from({ length: WINDOWS_AN_EPOCH }, () => ({ label, events, vary: (random) => window(label, random) }));
	});
	const test = shown.map(({ label, forth }): Sample => {
		const looks = startsIn(tested, HOP_US).map((fromUs) => encode(forth, { fromUs, untilUs: fromUs + WINDOW_US }));
		return { label, events: encode(forth, tested), looks: () => looks };
	});
	return { train, test };
}

/** Where the windows of a stretch begin. */
function startsIn({ fromUs, untilUs }: Stretch, hopUs: number): number[] {
	return Array.from({ length: Math.floor((untilUs - fromUs - WINDOW_US) / hopUs) + 1 }, (_, at) => fromUs + at * hopUs);
}

export const dvsClips: Task = {
	name: "dvs-clips",
	about: [
		"ten gestures of DVS128 Gesture, learned from the first 700 ms of one clip each",
		"Cells of 8 x 8 pixels in steps of 10 ms, seen from 2 events and well seen from 8; two convolutions.",
		"Learned: windows of 150 ms of the first 700 ms, moved by up to 4 pixels, half of them run backwards: an arm's circle",
		"is then that of the other direction. Half of the circles' windows are turned, by any angle, about the",
		"arm's mean place. Test: the clips from 700 to 1,000 ms, one answer each: the sum over windows of 150 ms.",
		"Options were chosen by what lies ahead of a part of the first 700 ms, or behind it (--validate), never on the rest.",
	],
	data: [{ path: PATH, source: "DVS128 Gesture (Amir et al. 2017), clips in github.com/bamsumit/slayerPytorch" }],
	goals: [{ figure: "accuracy", about: "% right of the clips' last 300 ms", full: 90, short: 60 }],
	epochs: { full: 15, short: 5 },
	async open({ folder, short, validate }) {
		const shown = (await readClips(join(folder, PATH))).map(({ label, events }: Clip): Shown => {
			return { label, forth: events, back: backwards(events, CLIP_US) };
		});
		if (!validate) {
			const learned = { fromUs: 0, untilUs: LEARNED_US };
			return classification(network, partsOf(shown, learned, { fromUs: LEARNED_US, untilUs: CLIP_US }));
		}
		const folds = FOLDS.slice(0, short ? 1 : FOLDS.length);
		return crossValidation(
			network,
			folds.map(({ learned, tested }) => partsOf(shown, learned, tested)),
		);
	},
};
