// Gestures before a simulated event camera: the data of the demo, made from a seed, as many as wanted.
//
// A hand sweeps over a round field: straight across (swipes), or about the field's centre, once round (circles). Whatever
// the gesture, the hand's front edge and then its rear edge pass over each pixel of the field exactly once. So every pixel
// sees the same rise and fall of brightness, and how many events it sends says nothing about the gesture; only when they
// come, pixel after pixel, does. The hand may be darker or brighter than the field, so the order of the polarities does
// not tell where it goes either.

import type { LabelledSet, Recording } from "../datasets/labelled.js";
import { OptionError } from "../errors.js";
import type { Events } from "../events/chunk.js";
import { Random } from "../random.js";
import { EventCamera } from "./camera.js";

/** The camera's pixels: columns and rows. */
export const gestureWidth = 20;
export const gestureHeight = 20;

/** The classes, in the order of their labels. */
export const gestureNames: readonly string[] = [
	"swipe left",
	"swipe right",
	"swipe up",
	"swipe down",
	"circle clockwise",
	"circle counter-clockwise",
];

/** Which gesture to make. */
export interface GestureOptions {
	/** Names the camera and all its gestures: an integer from 0 to 2^32 - 1. */
	readonly seed: number;
	/** Which of them: an integer from 0 to 2^32 - 1. Six in a row from a multiple of six are of six classes. */
	readonly index: number;
	/** The label it shall have, from 0 to 5, instead of the one that goes with its index. */
	readonly label?: number;
}

/** A gesture as the camera saw it. */
export interface Gesture {
	/** The index of its class in `gestureNames`. */
	readonly label: number;
	/** Its events: `t` in us from the recording's start, not going back; x, y within the camera; p 0 (OFF) or 1 (ON). */
	readonly events: Events;
}

/**
 * Makes one gesture: 145 to 440 ms, some 870 events. The same options give the same events, whatever was made before,
 * on every machine; with another label, the same field and hand, which move another way.
 *
 * @throws OptionError for a seed, index or label out of range
 */
export function makeGesture(options: GestureOptions): Gesture {
	const seed = checked("seed", options.seed, MOST_32_BITS);
	const index = checked("index", options.index, MOST_32_BITS);
	const label = checked("label", options.label ?? labelOf(seed, index), gestureNames.length - 1);
	return { label, events: watch(label, seed, new Random(seed, GESTURE_STREAM, index)) };
}

/**
 * A labelled set of gestures, no one of which is both in its train and its test part. Each is made anew whenever its
 * events are asked for, so a set takes hardly any memory, whatever its size. A larger set of the same seed begins with
 * the same gestures, in both parts.
 *
 * @param options `seed` as in `GestureOptions`; `train` and `test`: how many of each, from 0 to 10^6
 * @throws OptionError for a number out of range
 */
export function gestureSet(options: { seed: number; train: number; test: number }): LabelledSet {
	const seed = checked("seed", options.seed, MOST_32_BITS);
	const part = (from: number, count: number): Recording[] =>
		Array.from({ length: count }, (_, place) => new MadeGesture(seed, from + place));
	return {
		name: "gestures",
		classes: gestureNames,
		train: part(0, checked("train", options.train, MOST_GESTURES)),
		test: part(FIRST_TEST_INDEX, checked("test", options.test, MOST_GESTURES)),
		width: gestureWidth,
		height: gestureHeight,
		polarities: 2,
	};
}

const MOST_32_BITS = 0xffff_ffff;
const MOST_GESTURES = 1e6;
/** Beyond the last index of any train part, and a multiple of the classes' number. */
const FIRST_TEST_INDEX = 6 * 2 ** 28;

/** The purposes of random numbers: what they are for names their stream, beside the seed. */
const GESTURE_STREAM = 1;
const LABEL_STREAM = 2;

class MadeGesture implements Recording {
	readonly label: number;
	readonly #seed: number;
	readonly #index: number;

	constructor(seed: number, index: number) {
		this.label = labelOf(seed, index);
		this.#seed = seed;
		this.#index = index;
	}

	get name(): string {
		return `${this.#seed}/${this.#index}`;
	}

	get events(): Events {
		return makeGesture({ seed: this.#seed, index: this.#index, label: this.label }).events;
	}
}

/** Each run of six indices holds every class once, in an order of its own. */
function labelOf(seed: number, index: number): number {
	const left = gestureNames.map((_, label) => label);
	const place = index % left.length;
	const random = new Random(seed, LABEL_STREAM, (index - place) / left.length);
	for (let taken = 0; taken < place; taken++) left.splice(random.below(left.length), 1);
	return left[random.below(left.length)] ?? 0;
}

/** Lets the camera of a seed watch one gesture whose details are drawn from `random`, each evenly from its range. */
function watch(label: number, seed: number, random: Random): Events {
	const camera = new EventCamera({
		width: gestureWidth,
		height: gestureHeight,
		seed,
		thresholdSpread: 0.2,
		refractoryUs: 500,
		loss: 0.08,
		noiseHz: 2,
		hotPixels: 2,
		hotHz: 60,
	});
	const durationUs = random.between(130_000, 400_000);
	const startUs = random.between(5_000, 30_000);
	// The field, in pixels.
	const radius = random.between(5, 8.5);
	const centreX = (gestureWidth - 1) / 2 + random.between(-2.5, 2.5);
	const centreY = (gestureHeight - 1) / 2 + random.between(-2.5, 2.5);
	// The hand's brightness against the field's, in contrast thresholds; its width and its edges' softness, in phase.
	const contrast = random.between(1.5, 4) * (random.chance(0.5) ? -1 : 1);
	const hand = random.between(0.12, 0.3);
	const edge = random.between(0.03, 0.08);
	// The tangent of half the angle between a swipe and its axis: up to 23 degrees. Where a circle begins.
	const path = pathOf(label, random.between(-0.2, 0.2), random.unit());
	// The hand is up to six times as fast at one time as at another: time against phase, both from 0 to 1, always rising.
	const skew = random.between(-0.4, 0.4);
	const swing = random.between(-0.4, 0.4);
	const timeUs = (phase: number): number =>
		startUs + durationUs * (phase + phase * (1 - phase) * (skew + swing * (1 - 2 * phase)));
	for (let y = 0; y < gestureHeight; y++) {
		for (let x = 0; x < gestureWidth; x++) {
			const dx = (x - centreX) / radius;
			const dy = (y - centreY) / radius;
			if (dx * dx + dy * dy >= 1) continue;
			const phase = path(dx, dy) * (1 - hand - edge);
			camera.ramp(x, y, timeUs(phase), timeUs(phase + edge), contrast, random);
			camera.ramp(x, y, timeUs(phase + hand), timeUs(phase + hand + edge), -contrast, random);
		}
	}
	return camera.finish(startUs + durationUs + 10_000, random);
}

/** When the hand reaches a place of the field, as a part of its way, 0 to 1. x runs right, y down, both -1 to 1. */
type Path = (x: number, y: number) => number;

function pathOf(label: number, slant: number, startTurn: number): Path {
	// A unit vector near an axis, by the rational parametrisation of the circle: no sine that differs by machine.
	const along = (1 - slant * slant) / (1 + slant * slant);
	const aside = (2 * slant) / (1 + slant * slant);
	switch (label) {
		case 0:
			return (x, y) => (1 - along * x + aside * y) / 2;
		case 1:
			return (x, y) => (1 + along * x + aside * y) / 2;
		case 2:
			return (x, y) => (1 - along * y + aside * x) / 2;
		case 3:
			return (x, y) => (1 + along * y + aside * x) / 2;
		case 4:
			return (x, y) => fraction(turnOf(x, y) - startTurn);
		default:
			return (x, y) => fraction(startTurn - turnOf(x, y));
	}
}

/**
 * The direction of (x, y) as a part of a whole turn, 0 to 1: from x towards y, clockwise as y runs down. The arc tangent
 * is Hastings' polynomial (Abramowitz and Stegun 4.4.49, off by 1e-5), because Math.atan2 differs by machine.
 */
function turnOf(x: number, y: number): number {
	const ax = Math.abs(x);
	const ay = Math.abs(y);
	const z = Math.min(ax, ay) / Math.max(ax, ay, Number.MIN_VALUE);
	const z2 = z * z;
	const angle = z * (0.999866 + z2 * (-0.3302995 + z2 * (0.180141 + z2 * (-0.085133 + z2 * 0.0208351))));
	const eighth = angle / (2 * Math.PI);
	const quarter = ay > ax ? 0.25 - eighth : eighth;
	const half = x < 0 ? 0.5 - quarter : quarter;
	return y < 0 ? 1 - half : half;
}

function fraction(turn: number): number {
	return turn - Math.floor(turn);
}

function checked(option: string, given: number, most: number): number {
	if (Number.isInteger(given) && given >= 0 && given <= most) return given;
	throw new OptionError(option, given, `an integer from 0 to ${most}`);
}
