// Encoders: by their interface, in any split, and against the float prototypes of the learning tasks.
import t, { type Test } from "tap";
import {
	cameraEncoder,
	cochleaEncoder,
	deltaEncoder,
	type Encoder,
	imuEncoder,
	latencyEncoder,
	melEncoder,
	populationEncoder,
	rateEncoder,
} from "../dist/encode/node.js";
import { type Events, Network } from "../dist/index.js";
import { Random } from "../dist/random.js";
import { deltaSpikes } from "./learn/encoders/delta.js";
import { levelSpikes } from "./learn/encoders/levels.js";
import { rateSpikes } from "./learn/encoders/rate.js";
import { encodeSound } from "./learn/tasks/fsdd.js";

const SAMPLE_RATE_HZ = 8000;

/** A second of tones that come and go, as 16-bit samples. */
function sound(seed: number, count = SAMPLE_RATE_HZ): Int16Array {
	const random = new Random(seed);
	return Int16Array.from({ length: count }, (_, k) => {
		const at = k / SAMPLE_RATE_HZ;
		const tone = (hz: number, beat: number) => Math.sin(2 * Math.PI * hz * at) * Math.sin(Math.PI * beat * at) ** 4;
		return 6000 * (tone(180, 1.7) + tone(440, 3.1) + tone(1234, 2.3) + tone(2900, 5.9)) + random.between(-900, 900);
	});
}

/** Values that wander, of `channels` channels, frame by frame. */
function walk(seed: number, frames: number, channels: number): Float32Array {
	const random = new Random(seed);
	const now = new Float64Array(channels);
	return Float32Array.from({ length: frames * channels }, (_, at) => {
		const value = 0.99 * (now[at % channels] ?? 0) + random.between(-1, 1);
		now[at % channels] = value;
		return value;
	});
}

function plain({ t, x, y, p }: Events): number[][] {
	return Array.from(t, (us, at) => [us, x[at] ?? 0, y[at] ?? 0, p[at] ?? 0]);
}

/** What part of all spikes of either, in percent, is in both. */
function agreement(found: readonly (readonly number[])[], wanted: readonly (readonly number[])[]): number {
	const [a, b] = [found, wanted].map((spikes) => new Set(spikes.map(String)));
	if (a === undefined || b === undefined) return Number.NaN;
	const both = [...a].filter((spike) => b.has(spike)).length;
	return (100 * both) / (a.size + b.size - both);
}

const takesSamples = {
	delta: () => deltaEncoder({ sampleRateHz: 100, channels: 3, threshold: [1, 2, 3], delaysUs: [0, 30_000] }),
	rate: () => rateEncoder({ sampleRateHz: 100, channels: 3, low: -5, high: 5 }),
	latency: () => latencyEncoder({ sampleRateHz: 100, channels: 3, low: 0, high: [1, 2, 3] }),
	population: () => populationEncoder({ sampleRateHz: 100, channels: 3, low: -5, high: 5, startUs: 1_000_000 }),
	imu: () => imuEncoder({ sampleRateHz: 100, accelerometer: { threshold: 1, range: 5 }, gyroscope: false }),
};
const takesSound = {
	mel: () => melEncoder({ sampleRateHz: SAMPLE_RATE_HZ }),
	"mel with delays": () => melEncoder({ sampleRateHz: SAMPLE_RATE_HZ, rateDb: false, delaysUs: [0, 40_000, 160_000] }),
	cochlea: () => cochleaEncoder({ sampleRateHz: SAMPLE_RATE_HZ }),
	"cochlea by changes": () => cochleaEncoder({ sampleRateHz: SAMPLE_RATE_HZ, code: { type: "delta" } }),
};

/** Any split gives the same events, in order, on the sensor; encode, push and stream are one. */
async function checkSplits<S extends Float32Array | Int16Array>(t: Test, encoder: Encoder<S>, input: S): Promise<void> {
	const wanted = plain(encoder.encode(input));
	t.ok(wanted.length > 100, `${wanted.length} events`);
	const { width, height, polarities } = encoder.input;
	let last = 0;
	for (const [us = 0, x = 0, y = 0, p = 0] of wanted) {
		if (us < last || x >= width || y >= height || p >= polarities) t.fail(`${[us, x, y, p]} after ${last}`);
		last = us;
	}
	const random = new Random(5);
	for (const most of [1, 50, 5000]) {
		const parts: S[] = [];
		for (let from = 0; from < input.length; ) {
			const until = from + 1 + random.below(most);
			parts.push(input.slice(from, until) as S);
			from = until;
		}
		t.same([...parts.flatMap((part) => encoder.push(part)), ...encoder.flush()].flatMap(plain), wanted);
		const streamed: number[][] = [];
		for await (const events of encoder.stream(parts)) streamed.push(...plain(events));
		t.same(streamed, wanted);
	}
	encoder.close();
}

for (const [name, make] of Object.entries(takesSamples)) {
	t.test(`${name}: any split gives the same events`, async (t) => checkSplits(t, await make(), walk(1, 500, 3)));
}
for (const [name, make] of Object.entries(takesSound)) {
	t.test(`${name}: any split gives the same events`, async (t) => checkSplits(t, await make(), sound(1)));
}

t.test("mel, cochlea: the same events as natively", async (t) => {
	// As crates/stllr-events/tests/encode/everywhere.rs, whose numbers these are.
	let state = 1;
	const samples = Int16Array.from({ length: 40_000 }, (_, k) => {
		state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
		return Math.trunc((((state >>> 16) - 32_768) * (k % 4000)) / 4000);
	});
	const digest = (events: Events) => {
		let hash = 0x811c9dc5;
		for (const [us = 0, x = 0, , p = 0] of plain(events)) {
			for (const word of [us, x, p]) hash = Math.imul(hash ^ word, 0x01000193);
		}
		return [events.t.length, hash >>> 0];
	};
	const mel = await melEncoder({ sampleRateHz: SAMPLE_RATE_HZ });
	const fire = await cochleaEncoder({ sampleRateHz: SAMPLE_RATE_HZ });
	const delta = await cochleaEncoder({ sampleRateHz: SAMPLE_RATE_HZ, code: { type: "delta" } });
	t.same(
		[mel, fire, delta].map((encoder) => digest(encoder.encode(samples))),
		[
			[12_252, 394_998_668],
			[33_049, 1_390_615_130],
			[51_911, 3_270_719_839],
		],
	);
});

t.test("mel: agrees with the float prototype, on sound made here", async (t) => {
	for (const seed of [1, 2, 3]) {
		const samples = sound(seed, 6500);
		const peak = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
		const mel = await melEncoder({ sampleRateHz: SAMPLE_RATE_HZ, fullScale: peak });
		const found = plain(mel.encode(samples)).map(([us = 0, x, , p]) => [us / 10_000, x ?? 0, p ?? 0]);
		const { steps, channels } = encodeSound(samples);
		// There rate, rises, falls; here rate, falls, rises.
		const wanted = steps.map((step, at) => {
			const channel = channels[at] ?? 0;
			return [step, channel % 32, [0, 2, 1][Math.floor(channel / 32)] ?? 0];
		});
		const percent = agreement(found, wanted);
		t.ok(wanted.length > 300 && percent >= 99.5, `${percent} % of ${wanted.length}`);
	}
});

t.test("delta, rate and levels: agree with the float prototypes", async (t) => {
	const values = walk(7, 20_000, 1);
	const options = { sampleRateHz: 100 };
	const times = (steps: readonly number[], p: number) => steps.map((step) => [step * 10_000, p]);
	const found = async (encoder: Promise<Encoder<ArrayLike<number>>>) =>
		plain((await encoder).encode(values)).map(([us = 0, , , p = 0]) => [us, p]);

	const { on, off } = deltaSpikes(values, 1.3, 0);
	const delta = await found(deltaEncoder({ ...options, threshold: 1.3, start: 0 }));
	t.ok(agreement(delta, [...times(on, 1), ...times(off, 0)]) >= 99.5, `delta, ${delta.length}`);

	const parts = values.map((value) => Math.max(0, Math.min(1, (value + 3) / 10)));
	const rate = await found(rateEncoder({ ...options, low: -3, high: 7 }));
	t.ok(agreement(rate, times(rateSpikes(parts), 0)) >= 99.5, `rate, ${rate.length}`);

	const levels = await found(populationEncoder({ ...options, low: -3, high: 7, levels: 16 }));
	const wanted = levelSpikes(values, -3, 7, 16).map(([step, level]) => [step * 10_000, level]);
	t.ok(agreement(levels, wanted) >= 99.5, `levels, ${levels.length}`);
	t.ok(delta.length > 1000 && rate.length > 1000 && levels.length > 1000);
});

t.test("latency: larger values come sooner", async (t) => {
	const latency = await latencyEncoder({ sampleRateHz: 100, channels: 4, low: 0, high: 8, spanUs: 801 });
	// 8 at once, 4 after half of 800 us, 2 after three quarters; 0 never.
	t.same(plain(latency.encode([2, 8, 0, 4])), [
		[0, 1, 0, 0],
		[400, 3, 0, 0],
		[600, 0, 0, 0],
	]);
});

t.test("imu: six axes, by changes and levels", async (t) => {
	const imu = await imuEncoder({ sampleRateHz: 50, levels: 4 });
	t.same(imu.input, { width: 6, height: 1, polarities: 6 });
	// Levels of -20..20 and of -5..5; then one axis of each moves.
	t.same(plain(imu.encode([0, 0, 9.8, 0, 0, 0, 0, 0, 10.5, 0, -0.3, 0])), [
		...[0, 1, 2, 3, 4, 5].map((axis) => [0, axis, 0, 4]),
		[20_000, 2, 0, 1],
		[20_000, 4, 0, 0],
		[20_000, 2, 0, 5],
		[20_000, 4, 0, 3],
	]);
});

t.test("camera: events between frames, of grey bytes and of colours", async (t) => {
	const camera = await cameraEncoder({ width: 2, height: 1, on: 0.5, off: 0.5, resolutionUs: 1000 });
	t.same(camera.push({ timeUs: 0, pixels: Uint8Array.of(50, 200) }), []);
	// ln(150 / 50) = 1.0986: thresholds at 0.5 and 1 of it, that is 45.5 and 91 % of 40 ms; ln(200 / 110) = 0.598, one at 83.6 %.
	const bright = camera.push({ timeUs: 40_000, pixels: Uint8ClampedArray.of(150, 150, 150, 0, 110, 110, 110, 255) });
	t.same(bright.flatMap(plain), [
		[19_000, 0, 0, 1],
		[34_000, 1, 0, 0],
		[37_000, 0, 0, 1],
	]);
	t.throws(() => camera.push({ timeUs: 40_000, pixels: Uint8Array.of(0, 0) }), {
		message: /timeUs: 40000 is not allowed; allowed: an integer from 40001 to /,
	});
	t.throws(() => camera.push({ timeUs: 41_000, pixels: new Uint8Array(3) }), {
		message: /pixels.length: 3 .* 2 .* 8 /,
	});
	t.same(camera.push({ timeUs: 80_000, pixels: Uint8Array.of(150, 110) }), []);
	// After a pause of a second what has changed is taken to have changed in the last 100 ms.
	const late = camera.push({ timeUs: 1_080_000, pixels: Uint8Array.of(150, 60) }).flatMap(plain);
	t.equal(late.length, 1);
	t.ok((late[0]?.[0] ?? 0) > 1_080_000 - camera.latencyUs);
	t.same(camera.flush(), []);
	t.same(camera.push({ timeUs: 5, pixels: Uint8Array.of(1, 2) }), []);
});

t.test("camera: any chunk of events, whatever their number", async (t) => {
	const [width, height] = [120, 90];
	const frame = (index: number) =>
		Uint8Array.from({ length: width * height }, (_, at) => 128 + 120 * Math.sin(0.1 * at + 0.7 * index));
	const camera = await cameraEncoder({ width, height, mismatch: 0.05, delaysUs: [0, 10_000] });
	t.same(camera.input, { width, height, polarities: 4 });
	const chunks = [0, 1, 2].flatMap((index) => camera.push({ timeUs: 30_000 * index, pixels: frame(index) }));
	const all = [...chunks, ...camera.flush()].flatMap(plain);
	t.ok(chunks.length > 10 && all.length > 40_000, `${all.length}`);
	t.ok(all.every(([us = 0], at) => us >= (all[at - 1]?.[0] ?? 0)));
	// Each event has its echo.
	const [now, echo] = [all.filter(([, , , p = 0]) => p < 2), all.filter(([, , , p = 0]) => p >= 2)];
	t.equal(
		agreement(
			now.map(([us = 0, x = 0, y = 0, p = 0]) => [us + 10_000, x, y, p + 2]),
			echo,
		),
		100,
	);
});

t.test("encoders: what they give is what a network takes", async (t) => {
	const mel = await melEncoder({ sampleRateHz: SAMPLE_RATE_HZ, delaysUs: [0, 50_000] });
	t.same(mel.input, { width: 32, height: 1, polarities: 6 });
	const network = await Network.create({
		input: mel.input,
		stepUs: 10_000,
		layers: [
			{ type: "dense", units: 16 },
			{ type: "readout", classes: 2 },
		],
	});
	// A second, but for the last window.
	const { steps, dropped } = network.learn(mel.encode(sound(1)), 1);
	t.ok(steps > 95 && dropped === 0, `${steps} steps`);
	network.close();
});

t.test("encoders: floats of sound are rounded, clipped, and never NaN", async (t) => {
	const mel = await melEncoder({ sampleRateHz: SAMPLE_RATE_HZ });
	const samples = sound(3);
	t.same(plain(mel.encode(Float32Array.from(samples, (sample) => sample / 32_768))), plain(mel.encode(samples)));
	const loud = Float64Array.from(samples, (_, k) => (k % 20 < 10 ? 7 : -7));
	const clipped = Int16Array.from(samples, (_, k) => (k % 20 < 10 ? 32_767 : -32_768));
	t.same(plain(mel.encode(loud)), plain(mel.encode(clipped)));
	t.throws(() => mel.push(Float32Array.of(0, Number.NaN)), {
		message: "samples[1]: NaN is not allowed; allowed: a number",
	});
	t.throws(() => mel.push([1] as unknown as Int16Array), { code: "option" });
});

t.test("encoders: a bad value changes nothing", async (t) => {
	const rate = await rateEncoder({ sampleRateHz: 1, low: 0, high: 1 });
	t.throws(() => rate.push([0.6, Number.NaN]), { code: "option", message: /samples\[1\]: / });
	t.throws(() => rate.push([0.6, 32_768]), { code: "option", message: /samples\[1\]: / });
	// Sums 0.6 and 1.2.
	t.same(rate.push([0.6, 0.6]).flatMap(plain), [[1_000_000, 0, 0, 0]]);
});

t.test("encoders: options are checked by name", async (t) => {
	const refused: [made: Promise<unknown>, option: string][] = [
		[deltaEncoder({ sampleRateHz: 0, threshold: 1 }), "sampleRateHz"],
		[deltaEncoder({ sampleRateHz: 10, threshold: 0 }), "threshold"],
		[deltaEncoder({ sampleRateHz: 10, channels: 2, threshold: [1] }), "threshold.length"],
		[deltaEncoder({ sampleRateHz: 10, threshold: 1, delaysUs: [5, 5] }), "delaysUs[1]"],
		[rateEncoder({ sampleRateHz: 10, low: 1, high: 1 }), "high"],
		[latencyEncoder({ sampleRateHz: 10, low: 0, high: 1, spanUs: 100_001 }), "spanUs"],
		[populationEncoder({ sampleRateHz: 10, low: 0, high: 1, levels: 1 }), "levels"],
		[populationEncoder({ sampleRateHz: 10, low: 0, high: 1, levels: 200, delaysUs: [0, 1] }), "delaysUs"],
		[imuEncoder({ sampleRateHz: 10, accelerometer: false, gyroscope: false }), "gyroscope"],
		[melEncoder({ sampleRateHz: 8000, points: 300 }), "points"],
		[melEncoder({ sampleRateHz: 8000, highHz: 4001 }), "highHz"],
		[melEncoder({ sampleRateHz: 8000, rateDb: false, deltaDb: false }), "deltaDb"],
		[cochleaEncoder({ sampleRateHz: 8000, code: { type: "delta", deltaDb: 0 } }), "code.deltaDb"],
		[cameraEncoder({ width: 5000, height: 1 }), "width"],
		[cameraEncoder({ width: 5, height: 1, colour: true } as { width: number; height: number }), "cameraEncoder.colour"],
	];
	for (const [made, option] of refused) await t.rejects(made, { code: "option", option }, option);
});
