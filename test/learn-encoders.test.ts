// The encoders of `npm run learn`, on input small enough to work out by hand.
import t from "tap";
import { events } from "../dist/index.js";
import { Random } from "../dist/random.js";
import { backwards } from "./learn/encoders/backwards.js";
import { coarse } from "./learn/encoders/coarse.js";
import { delayLine } from "./learn/encoders/delay.js";
import { deltaSpikes } from "./learn/encoders/delta.js";
import { history } from "./learn/encoders/history.js";
import { levelOf, levelSpikes, percentile } from "./learn/encoders/levels.js";
import { likeness } from "./learn/encoders/likeness.js";
import { Fourier, type MelOptions, MelSpectrogram, melFilters } from "./learn/encoders/mel.js";
import { rateSpikes } from "./learn/encoders/rate.js";
import { inOrder, meanActive, spikeEvents } from "./learn/encoders/spikes.js";
import { turned } from "./learn/encoders/turned.js";

t.test("spikes: by step, then channel; as events of a line of channels", async (t) => {
	const spikes = inOrder([
		[3, 1],
		[0, 2],
		[3, 0],
	]);
	t.same(spikes, { steps: [0, 3, 3], channels: [2, 0, 1] });
	const made = spikeEvents(spikes, 1000);
	t.same([...made.t], [0, 3000, 3000]);
	t.same([...made.x], [2, 0, 1]);
	t.same([...made.y, ...made.p], [0, 0, 0, 0, 0, 0]);
	// Three events in the steps 0 to 3, or in six steps.
	t.equal(meanActive([{ events: made }], 1000), 0.75);
	t.equal(meanActive([{ events: made }], 1000, 6), 0.5);
});

t.test("rate: a spike whenever the sum has reached 1", async (t) => {
	// Sums 0.5, 1.0 (spike), 0.5, 1.25 (spike), 0.25, 1.25 (spike).
	t.same(rateSpikes([0.5, 0.5, 0.5, 0.75, 0, 1]), [1, 3, 5]);
	t.same(rateSpikes([0, 0, 0]), []);
	t.same(rateSpikes([1, 1]), [0, 1]);
});

t.test("delta: the reference follows by one threshold a step", async (t) => {
	// From 0, threshold 2: 5 lifts it to 2, 5 to 4, 5 is no more than 1 above; 1 takes it to 2; 0 takes it to 0.
	t.same(deltaSpikes([5, 5, 5, 1, 0], 2, 0), { on: [0, 1], off: [3, 4] });
	t.same(deltaSpikes([1.9, -1.9], 2, 0), { on: [], off: [] });
});

t.test("delay: each channel through each delay, up to the last step", async (t) => {
	const spikes = { steps: [0, 4], channels: [1, 0] };
	// Channel 1 by delays 0 and 2 is channels 2 and 3; what would come at step 6 is left out.
	t.same(delayLine(spikes, [0, 2], 6), { steps: [0, 2, 4], channels: [2, 3, 0] });
});

t.test("levels: a spike where the level changes", async (t) => {
	t.same(
		[-1, 0, 0.24, 0.25, 0.99, 1, 7].map((value) => levelOf(value, 0, 1, 4)),
		[0, 0, 0, 1, 3, 3, 3],
	);
	t.same(levelSpikes([0.1, 0.2, 0.6, 0.6, 0.1], 0, 1, 4), [
		[0, 0],
		[2, 2],
		[4, 0],
	]);
	t.equal(percentile([40, 10, 30, 20], 0.5), 25);
	t.equal(percentile([40, 10, 30, 20], 1), 40);
});

t.test("Fourier: the transform against its definition", async (t) => {
	const random = new Random(1);
	const [re, im] = [0, 1].map(() => Float64Array.from({ length: 16 }, () => random.between(-1, 1))) as [
		Float64Array,
		Float64Array,
	];
	const wanted = Array.from({ length: 16 }, (_, j) => {
		let [real, imaginary] = [0, 0];
		for (let k = 0; k < 16; k += 1) {
			const [c, s] = [Math.cos((2 * Math.PI * j * k) / 16), -Math.sin((2 * Math.PI * j * k) / 16)];
			real += (re[k] as number) * c - (im[k] as number) * s;
			imaginary += (re[k] as number) * s + (im[k] as number) * c;
		}
		return [real, imaginary] as const;
	});
	new Fourier(16).transform(re, im);
	for (const [j, [real, imaginary]] of wanted.entries()) {
		t.ok(Math.abs((re[j] as number) - real) < 1e-12 && Math.abs((im[j] as number) - imaginary) < 1e-12, `bin ${j}`);
	}
});

const mel: MelOptions = {
	...{ rate: 8000, window: 200, hop: 80, points: 512 },
	...{ bands: 32, lowHz: 60, highHz: 4000, floorDb: -30, mostFrames: 80 },
};

t.test("mel: bands sum to 1 and rise in frequency", async (t) => {
	const filters = melFilters(mel);
	t.equal(filters.length, 32);
	let last = -1;
	for (const { first, weights } of filters) {
		t.ok(Math.abs(weights.reduce((sum, weight) => sum + weight, 0) - 1) < 1e-12);
		t.ok(first > last && first + weights.length <= 257);
		last = first;
	}
});

t.test("mel: a tone is loudest in its band, whatever its volume; silence is at the floor", async (t) => {
	const spectrogram = new MelSpectrogram(mel);
	const tone = Float32Array.from({ length: 1000 }, (_, k) => 0.1 * Math.sin((2 * Math.PI * 1000 * k) / 8000));
	const frames = spectrogram.of(tone);
	// 1 + (1000 - 200) / 80.
	t.equal(frames.length, 11);
	const [first = new Float64Array(0)] = frames;
	const loudest = first.indexOf(Math.max(...first));
	const bin = 8000 / 512;
	const { first: from = 0, weights = new Float64Array(0) } = melFilters(mel)[loudest] ?? {};
	t.ok(from * bin <= 1000 && (from + weights.length) * bin >= 1000, "1 kHz lies in it");
	t.same(spectrogram.of(tone.map((sample) => 4 * sample)), frames);
	t.same(spectrogram.of(new Float32Array(200)), [new Float64Array(32).fill(-30)]);
	t.same(spectrogram.of(new Float32Array(199)), []);
	t.equal(spectrogram.of(new Float32Array(100_000)).length, 80);
});

t.test("history: an event is seen in the steps after its own, in channels of their own", async (t) => {
	const given = events({ t: [0, 10, 1500], x: [3, 3, 5], y: [2, 2, 1], p: [1, 1, 0] });
	const seen = history(given, { stepUs: 1000, bins: 2, polarities: 2, steps: 3 });
	// The two of step 0 count once; they are of age 1 in step 1. The one of step 1 is of age 1 in step 2.
	t.same([...seen.t], [0, 1000, 1000, 2000]);
	t.same([...seen.x], [3, 5, 3, 5]);
	t.same([...seen.y], [2, 1, 2, 1]);
	t.same([...seen.p], [1, 0, 3, 2]);
});

t.test(
	"coarse: a cell counts once, from the second event of a step on; further numbers have channels of their own",
	async (t) => {
		const given = events({
			t: [100, 1000, 1001, 1002, 1900, 2000, 2100, 3000],
			x: [0, 4, 5, 5, 4, 4, 0, 0],
			p: [0, 1, 1, 1, 0, 1, 1, 0],
		});
		const part = { cell: 4, stepUs: 1000, polarities: 2, fromUs: 1000, untilUs: 3000 };
		const seen = coarse(given, { ...part, least: [2] });
		// In the first step, cell 1 has three of polarity 1 and one of 0; in the next, cells 1 and 0 have one each.
		t.same([[...seen.t], [...seen.x], [...seen.p]], [[0], [1], [1]]);
		const levels = coarse(given, { ...part, least: [2, 3, 4] });
		t.same(
			[[...levels.t], [...levels.x], [...levels.p]],
			[
				[0, 0],
				[1, 1],
				[1, 3],
			],
		);
	},
);

t.test("backwards: the last event first, brighter for darker; twice is as before", async (t) => {
	const given = events({ t: [0, 10, 10, 999], x: [1, 2, 3, 4], y: [5, 6, 7, 8], p: [1, 0, 1, 1] });
	const seen = backwards(given, 1000);
	t.same([...seen.t], [0, 989, 989, 999]);
	t.same([...seen.x], [4, 3, 2, 1]);
	t.same([...seen.y], [8, 7, 6, 5]);
	t.same([...seen.p], [0, 0, 1, 0]);
	t.same(backwards(seen, 1000), given);
});

t.test("likeness: all moved alike, some missing, nothing before step 0", async (t) => {
	const spikes = { steps: [0, 1, 5, 5], channels: [7, 8, 7, 9] };
	const shifts = new Set<number>();
	for (let seed = 0; seed < 50; seed += 1) {
		const { steps, channels } = likeness(spikes, { shift: 1, drop: 0 }, new Random(seed));
		const shift = (steps.at(-1) ?? 0) - 5;
		shifts.add(shift);
		t.same(
			{ steps, channels },
			shift < 0
				? { steps: [0, 4, 4], channels: [8, 7, 9] }
				: { steps: [0, 1, 5, 5].map((step) => step + shift), channels: spikes.channels },
		);
	}
	t.same([...shifts].sort(), [-1, 0, 1]);
	const many = { steps: Array(10_000).fill(3), channels: Array(10_000).fill(0) };
	const left = likeness(many, { shift: 0, drop: 0.1 }, new Random(1)).steps.length;
	// Five standard deviations of 10,000 draws are 150.
	t.ok(Math.abs(left - 9000) < 150, `${left}`);
	t.same(likeness(spikes, { shift: 0, drop: 0 }, new Random(1)), spikes);
});

t.test(
	"turned: a quarter takes right to down; what leaves the sensor is left out, the rest keeps its order",
	async (t) => {
		const given = events({ t: [1, 2, 3, 4], x: [7, 5, 5, 9], y: [4, 6, 4, 4], p: [1, 0, 1, 1] });
		const about = { column: 5, row: 4 };
		const sensor = { width: 10, height: 8 };
		const { t: times, x, y, p } = turned(given, { angle: Math.PI / 2, ...about }, sensor);
		// (5, 6) is 2 below the point, so it comes 2 to its left; (9, 4) would come to row 8, which there is none of.
		t.same(
			[[...times], [...x], [...y], [...p]],
			[
				[1, 2, 3],
				[5, 3, 5],
				[6, 4, 4],
				[1, 0, 1],
			],
		);
		const same = turned(given, { angle: 0, ...about }, sensor);
		t.same([[...same.x], [...same.y]], [[...given.x], [...given.y]]);
	},
);
