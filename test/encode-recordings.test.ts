// Encoders on real recordings, against the float prototypes that the learning tasks use: 99.5 % of the spikes are the same.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";
import { delayedInput, delayLine, deltaEncoder, melEncoder, pipe, populationEncoder } from "../dist/encode/node.js";
import type { Events } from "../dist/index.js";
import { readTouches } from "./learn/data/braille.js";
import { readSpokenDigits } from "./learn/data/fsdd.js";
import { readRadarGestures } from "./learn/data/neuroradar.js";
import { delayLine as floatDelayLine } from "./learn/encoders/delay.js";
import { spikeEvents } from "./learn/encoders/spikes.js";
import { encodeTouch, rangesOf } from "./learn/tasks/braille.js";
import { encodeSound } from "./learn/tasks/fsdd.js";
import { spikesOf } from "./learn/tasks/neuroradar.js";

const data = fileURLToPath(new URL("../../shared/data", import.meta.url));
const needs = (path: string) =>
	existsSync(join(data, path)) ? false : `needs ../shared/data/${path}, which is not there`;

/** Counts spikes that are in both of two lists, and those that are in any. */
class Agreement {
	#both = 0;
	#any = 0;

	add(found: readonly number[], wanted: readonly number[]): void {
		const there = new Set(wanted);
		const both = found.filter((spike) => there.has(spike)).length;
		this.#both += both;
		this.#any += found.length + wanted.length - both;
	}

	get percent(): number {
		return (100 * this.#both) / this.#any;
	}

	get spikes(): number {
		return this.#any;
	}
}

/** A spike as one number. */
const spike = (step: number, channel: number) => step * 65_536 + channel;

function spikes({ t, x, p }: Events, stepUs: number, channel: (x: number, p: number) => number): number[] {
	return Array.from(t, (us, at) => spike(us / stepUs, channel(x[at] ?? 0, p[at] ?? 0)));
}

t.test("mel: spoken digits by rate and changes", { skip: needs("fsdd/fsdd.zip") }, async (t) => {
	const digits = await readSpokenDigits(join(data, "fsdd/fsdd.zip"));
	const agreement = new Agreement();
	for (const { sound } of digits.filter((_, index) => index % 10 === 0)) {
		// As the prototype, which knows the file's loudest sample before it begins.
		const peak = 32_768 * sound.samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
		const mel = await melEncoder({ sampleRateHz: 8000, fullScale: peak });
		// Rate, rises, falls.
		const found = spikes(mel.encode(sound.samples), 10_000, (band, p) => 32 * ([0, 2, 1][p] ?? 0) + band);
		mel.close();
		const { steps, channels } = encodeSound(sound.samples);
		agreement.add(
			found.filter((step) => step < spike(80, 0)),
			steps.map((step, at) => spike(step, channels[at] ?? 0)),
		);
	}
	t.comment(`${agreement.percent.toFixed(3)} % of ${agreement.spikes} spikes`);
	t.ok(agreement.spikes > 30_000 && agreement.percent >= 99.5, `${agreement.percent} % of ${agreement.spikes}`);
});

t.test("levels: Braille letters through a delay line", { skip: needs("braille-tactile/braille.npz") }, async (t) => {
	const touches = await readTouches(join(data, "braille-tactile/braille.npz"));
	const ranges = rangesOf(touches.filter(({ isTest }) => !isTest));
	const levels = await populationEncoder({
		...{ sampleRateHz: 500, channels: 4, levels: 16, delaysUs: [0, 8000, 16_000, 32_000] },
		low: ranges.map(({ low }) => low),
		high: ranges.map(({ high }) => high),
	});
	const agreement = new Agreement();
	for (const touch of touches) {
		const frames = touch.taxels[0]?.length ?? 0;
		const samples = Array.from(
			{ length: 4 * frames },
			(_, at) => touch.taxels[[1, 2, 6, 10][at % 4] ?? 0]?.[at >> 2] ?? 0,
		);
		const channel = (x: number, p: number) => (16 * x + (p % 16)) * 4 + (p >> 4);
		const found = spikes(levels.encode(samples), 2000, channel);
		const { steps, channels } = encodeTouch(touch, ranges);
		agreement.add(
			found.filter((step) => step < spike(77, 0)),
			steps.map((step, at) => spike(step, channels[at] ?? 0)),
		);
	}
	t.comment(`${agreement.percent.toFixed(3)} % of ${agreement.spikes} spikes`);
	t.ok(agreement.spikes > 100_000 && agreement.percent >= 99.5, `${agreement.percent} % of ${agreement.spikes}`);
});

t.test(
	"delta: Braille letters, each reference goes to the value",
	{ skip: needs("braille-tactile/braille.npz") },
	async (t) => {
		const touches = await readTouches(join(data, "braille-tactile/braille.npz"));
		for (const threshold of [1, 2, 4, 8]) {
			const delta = await deltaEncoder({ sampleRateHz: 500, channels: 12, threshold, follow: "value" });
			const agreement = new Agreement();
			for (const { taxels } of touches.slice(0, 200)) {
				const frames = taxels[0]?.length ?? 0;
				const samples = Array.from({ length: 12 * frames }, (_, at) => taxels[at % 12]?.[Math.floor(at / 12)] ?? 0);
				const wanted = taxels.flatMap((values, x) => {
					let reference = values[0] ?? 0;
					return Array.from(values).flatMap((value, step) => {
						if (Math.abs(value - reference) < threshold) return [];
						const isUp = value > reference;
						reference = value;
						return [spike(step, 2 * x + Number(isUp))];
					});
				});
				agreement.add(
					spikes(delta.encode(samples), 2000, (x, p) => 2 * x + p),
					wanted,
				);
			}
			t.ok(
				agreement.spikes > 1000 && agreement.percent === 100,
				`${threshold}: ${agreement.percent} % of ${agreement.spikes}`,
			);
		}
	},
);

t.test("delay line: a radar's spikes", { skip: needs("neuroradar-gesture/neuroradar-gesture.zip") }, async (t) => {
	const gestures = await readRadarGestures(join(data, "neuroradar-gesture/neuroradar-gesture.zip"));
	const delays = [0, 4, 8, 12, 16, 24, 32, 48];
	const delaysUs = delays.map((delay) => 15_000 * delay);
	t.same(delayedInput({ width: 6 }, delaysUs), { width: 6, polarities: 8 });
	const agreement = new Agreement();
	for (const gesture of gestures.slice(0, 500)) {
		const recorded = spikesOf(gesture);
		const events = await pipe(spikeEvents(recorded, 15_000), [delayLine({ delaysUs, polarities: 1 })]);
		const found = spikes(events, 15_000, (train, k) => 8 * train + k);
		const { steps, channels } = floatDelayLine(recorded, delays, 100);
		agreement.add(
			found.filter((step) => step < spike(100, 0)),
			steps.map((step, at) => spike(step, channels[at] ?? 0)),
		);
	}
	t.comment(`${agreement.percent.toFixed(3)} % of ${agreement.spikes} spikes`);
	t.ok(agreement.spikes > 50_000 && agreement.percent === 100, `${agreement.percent} % of ${agreement.spikes}`);
});
