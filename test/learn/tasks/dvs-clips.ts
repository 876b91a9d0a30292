// Gestures before an event camera, known from the first 700 ms of a single clip each: two layers of convolutions over coarse pixels.
//
// Options were chosen by `--validate`: four stretches of these 700 ms, each left out in turn. What comes later is the test part.

import { join } from "node:path";
import type { Events, NetworkSpec } from "stllr";
import { EventRoom } from "../../../dist/events/chunk.js";
import { drawShift, shifted } from "../../../dist/learning/shift.js";
import type { Random } from "../../../dist/random.js";
import { classification, crossValidation, type Parts, type Sample } from "../classify.js";
import { CLIP_GESTURES, CLIP_SIZE, type Clip, readClips } from "../data/clips.js";
import { backwards } from "../encoders/backwards.js";
import { coarse } from "../encoders/coarse.js";
import type { Task } from "../task.js";

const PATH = "dvs128-gesture-clips/dvs128-gesture-clips-0-1000ms.zip";
const SENSOR = { width: CLIP_SIZE, height: CLIP_SIZE };
const STEP_US = 10_000;
const CLIP_US = 1_000_000;
/** What is learned ends here. */
const LEARNED_US = 700_000;
/** Each time, a window of this length is learned. */
const WINDOW_US = 150_000;
const WINDOWS_AN_EPOCH = 10;
const CELL = 8;
/** Events that a cell needs in a step, to be seen at all and to be seen well. */
const LEAST = [2, 8];
/** The most pixels that a window is moved by. */
const MOST_PIXELS = 4;
/** Borders of the stretches that `--validate` leaves out one by one. */
const BORDERS_US = [0, 180_000, 350_000, 520_000, LEARNED_US];
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

/**
 * Learns windows of `learned`, half of them backwards; names what of the clips lies in `tested`, from rest.
 *
 * @param shown all ten, in the order of their labels
 * @param learned of which one at least is as long as a window
 */
export function partsOf(shown: readonly Shown[], learned: readonly Stretch[], tested: Stretch): Parts {
	const starts = learned.flatMap(({ fromUs, untilUs }) =>
		Array.from({ length: Math.max(0, (untilUs - fromUs - WINDOW_US) / STEP_US + 1) }, (_, at) => fromUs + at * STEP_US),
	);
	const room = new EventRoom();
	const window = (clip: Shown, isBack: boolean, startUs: number, random: Random) => {
		const fromUs = isBack ? CLIP_US - WINDOW_US - startUs : startUs;
		const shift = drawShift(MOST_PIXELS, random.bits(), 0);
		const seen = shifted(isBack ? clip.back : clip.forth, shift, SENSOR, room);
		return encode(seen, { fromUs, untilUs: fromUs + WINDOW_US });
	};
	const train = shown.flatMap((clip): Sample[] => {
		const reversed = shown[BACKWARDS[clip.label] as number] as Shown;
		const sample: Sample = {
			label: clip.label,
			events: encode(clip.forth, { fromUs: starts[0] as number, untilUs: (starts[0] as number) + WINDOW_US }),
			vary(random) {
				const isBack = random.chance(0.5);
				return window(isBack ? reversed : clip, isBack, starts[random.below(starts.length)] as number, random);
			},
		};
		return Array.from({ length: WINDOWS_AN_EPOCH }, () => sample);
	});
	return { train, test: shown.map(({ label, forth }) => ({ label, events: encode(forth, tested) })) };
}

export const dvsClips: Task = {
	name: "dvs-clips",
	about: [
		"ten gestures of DVS128 Gesture, learned from the first 700 ms of one clip each",
		"Cells of 8 x 8 pixels in steps of 10 ms, seen from 2 events and well seen from 8; two convolutions.",
		"Learned: windows of 150 ms of the first 700 ms, moved by up to 4 pixels, half of them run backwards: an arm's circle",
		"is then that of the other direction. Test: what the clips show from 700 to 1,000 ms, one answer each.",
		"Options were chosen by four stretches of the first 700 ms, each left out in turn (--validate), never on the rest.",
	],
	data: [{ path: PATH, source: "DVS128 Gesture (Amir et al. 2017), clips in github.com/bamsumit/slayerPytorch" }],
	goals: [{ figure: "accuracy", about: "% right of the clips' last 300 ms", full: 90, short: 60 }],
	epochs: { full: 15, short: 5 },
	async open({ folder, short, validate }) {
		const shown = (await readClips(join(folder, PATH))).map(({ label, events }: Clip): Shown => {
			return { label, forth: events, back: backwards(events, CLIP_US) };
		});
		if (!validate) {
			const learned = [{ fromUs: 0, untilUs: LEARNED_US }];
			return classification(network, partsOf(shown, learned, { fromUs: LEARNED_US, untilUs: CLIP_US }));
		}
		const folds = BORDERS_US.slice(1).map((untilUs, at) => {
			const fromUs = BORDERS_US[at] as number;
			const learned = [
				{ fromUs: 0, untilUs: fromUs },
				{ fromUs: untilUs, untilUs: LEARNED_US },
			];
			return partsOf(shown, learned, { fromUs, untilUs });
		});
		return crossValidation(network, short ? folds.slice(0, 1) : folds);
	},
};
