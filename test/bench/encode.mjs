// Encoders and filters: how far ahead of a microphone and a camera they are.
//
//   node test/bench/encode.mjs [--rounds 7] [--json]
//
// Sound is 20 s of swelling noise at 8 kHz, frames are 60 of 346 x 260 with a pattern that moves, events are a million, one a
// microsecond. Each round runs everything once, in turn; beside the mel spectrogram and the frames the same in plain JavaScript,
// in floating point. Times are the processor's, end to end: from arrays through the TypeScript API to arrays of events.
import { parseArgs } from "node:util";
import { events } from "stllr";
import {
	backgroundActivity,
	cameraEncoder,
	cochleaEncoder,
	crop,
	delayLine,
	hotPixels,
	melEncoder,
	openPipe,
	refractory,
} from "stllr/encode";
import { median, processorMs, spread } from "./stats.mjs";

const RATE_HZ = 8000;
const SECONDS = 20;
const [WIDTH, HEIGHT, FRAMES] = [346, 260, 60];
const EVENTS = 1_000_000;

const { values } = parseArgs({ options: { rounds: { type: "string", default: "7" }, json: { type: "boolean" } } });

let state = 1;
const random = () => {
	state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
	return state / 2 ** 32;
};
const sound = Int16Array.from(
	{ length: SECONDS * RATE_HZ },
	(_, k) => 16_000 * (random() - 0.5) * Math.sin(k / 3000) ** 2,
);
const film = Array.from({ length: FRAMES }, (_, frame) => {
	const shade = (x, y) => 120 + 100 * Math.sin(0.05 * (x + 2 * frame)) * Math.cos(0.07 * (y - frame));
	return Uint8Array.from({ length: WIDTH * HEIGHT }, (_, at) => shade(at % WIDTH, Math.floor(at / WIDTH)));
});
const still = film.map(() => film[0]);
const crowd = events({
	t: Array.from({ length: EVENTS }, (_, index) => index),
	x: Array.from({ length: EVENTS }, () => Math.floor(WIDTH * random() * random())),
	y: Array.from({ length: EVENTS }, () => Math.floor(HEIGHT * random())),
	p: Array.from({ length: EVENTS }, () => Math.floor(2 * random())),
});
const sensor = { width: WIDTH, height: HEIGHT };

const mel = await melEncoder({ sampleRateHz: RATE_HZ });
const cochlea = {
	32: await cochleaEncoder({ sampleRateHz: RATE_HZ, channels: 32 }),
	64: await cochleaEncoder({ sampleRateHz: RATE_HZ }),
	delta: await cochleaEncoder({ sampleRateHz: RATE_HZ, code: { type: "delta" } }),
};
const camera = await cameraEncoder({ ...sensor });
const filters = {
	crop: await openPipe([crop({ x: 20, y: 20, width: 300, height: 200 })]),
	refractory: await openPipe([refractory({ ...sensor, periodUs: 1000 })]),
	background: await openPipe([backgroundActivity({ ...sensor })]),
	three: await openPipe([
		hotPixels({ ...sensor }),
		refractory({ ...sensor, periodUs: 1000 }),
		backgroundActivity({ ...sensor }),
	]),
	delays: await openPipe([delayLine({ delaysUs: [0, 1000, 2000, 4000] })]),
};

/** In pieces of 20 ms, as a microphone gives them. */
function listen(encoder) {
	for (let from = 0; from < sound.length; from += RATE_HZ / 50) encoder.push(sound.subarray(from, from + RATE_HZ / 50));
	encoder.flush();
}

function look(frames) {
	let count = 0;
	frames.forEach((pixels, index) => {
		for (const { t } of camera.push({ timeUs: 33_333 * index, pixels })) count += t.length;
	});
	camera.flush();
	return count;
}

function filter(pipe) {
	pipe.push(crowd);
	pipe.flush();
}

const jobs = {
	mel: () => listen(mel),
	melJs: plainMel(),
	cochlea32: () => listen(cochlea[32]),
	cochlea64: () => listen(cochlea[64]),
	cochleaDelta: () => listen(cochlea.delta),
	camera: () => look(film),
	cameraStill: () => look(still),
	cameraJs: () => plainCamera(film),
	...Object.fromEntries(Object.entries(filters).map(([name, pipe]) => [`filter.${name}`, () => filter(pipe)])),
};
const rounds = [];
for (let round = 0; round <= Number(values.rounds); round += 1) {
	const times = {};
	for (const [name, job] of Object.entries(jobs)) {
		const begin = processorMs();
		job();
		times[name] = processorMs() - begin;
	}
	// The first round is for the compiler.
	if (round > 0) rounds.push(times);
}
const of = (get) => rounds.map(get);
const seconds = (name) => of((times) => (1000 * SECONDS) / times[name]);
const frames = (name) => of((times) => (1000 * FRAMES) / times[name]);
const millions = (name) => of((times) => EVENTS / 1000 / times[name]);

console.log(`medians (and ranges) of ${rounds.length} rounds; ${look(film)} events of ${FRAMES} frames`);
console.log(
	`mel, 32 bands          ${spread(seconds("mel"), 0)} times real time, ${spread(of(({ mel, melJs }) => melJs / mel))} times plain JavaScript`,
);
console.log(`cochlea, 32 channels   ${spread(seconds("cochlea32"), 0)} times real time`);
console.log(
	`cochlea, 64 channels   ${spread(seconds("cochlea64"), 0)} times real time; by changes ${spread(seconds("cochleaDelta"), 0)}`,
);
console.log(
	`frames of 346 x 260    ${spread(frames("camera"), 0)} a second, ${spread(of(({ camera, cameraJs }) => cameraJs / camera))} times plain JavaScript`,
);
console.log(`- without events       ${spread(frames("cameraStill"), 0)} a second`);
for (const name of Object.keys(filters))
	console.log(`filter: ${name.padEnd(14)} ${spread(millions(`filter.${name}`), 1)} million events a second`);
if (values.json) {
	const figures = {
		melRealTime: median(seconds("mel")),
		cochleaRealTime: median(seconds("cochlea64")),
		framesPerSecond: median(frames("camera")),
		...Object.fromEntries(
			Object.keys(filters).map((name) => [`${name}MillionEvents`, median(millions(`filter.${name}`))]),
		),
	};
	console.log(JSON.stringify(figures));
}

/** The spectrogram and its codes in floating point. */
function plainMel() {
	// As the encoder's defaults.
	const [window, hop, size, bands, floor] = [200, 80, 512, 32, -30];
	const mels = (hz) => 2595 * Math.log10(1 + hz / 700);
	const corners = Array.from({ length: bands + 2 }, (_, index) => {
		const at = mels(60) + ((mels(4000) - mels(60)) * index) / (bands + 1);
		return ((10 ** (at / 2595) - 1) * 700 * size) / RATE_HZ;
	});
	const weights = Array.from({ length: bands }, (_, band) => {
		const [left, middle, right] = corners.slice(band, band + 3);
		const first = Math.ceil(left);
		const heights = Array.from({ length: Math.max(0, Math.floor(right) - first + 1) }, (_, k) =>
			Math.min((first + k - left) / (middle - left), (right - first - k) / (right - middle)),
		);
		const sum = heights.reduce((all, height) => all + height, 0);
		return { first, heights: Float64Array.from(heights, (height) => height / sum) };
	});
	const hann = Float64Array.from(
		{ length: window },
		(_, k) => (0.5 - 0.5 * Math.cos((2 * Math.PI * k) / window)) / 32_768,
	);
	const [cos, sin] = [Math.cos, Math.sin].map((of) =>
		Float64Array.from({ length: size / 2 }, (_, k) => of((-2 * Math.PI * k) / size)),
	);
	const bits = Math.log2(size);
	const mirrored = Uint16Array.from({ length: size }, (_, k) =>
		Number.parseInt(k.toString(2).padStart(bits, "0").split("").reverse().join(""), 2),
	);
	const [re, im] = [new Float64Array(size), new Float64Array(size)];
	return () => {
		const [sums, references] = [new Float64Array(bands), new Float64Array(bands).fill(floor)];
		const spikes = [];
		for (let frame = 0; frame * hop + window <= sound.length; frame += 1) {
			re.fill(0);
			im.fill(0);
			for (let k = 0; k < window; k += 1) re[mirrored[k]] = sound[frame * hop + k] * hann[k];
			for (let half = 1; half < size; half *= 2) {
				const stride = size / (2 * half);
				for (let k = 0; k < half; k += 1) {
					const [c, s] = [cos[k * stride], sin[k * stride]];
					for (let a = k; a < size; a += 2 * half) {
						const b = a + half;
						const p = re[b] * c - im[b] * s;
						const q = re[b] * s + im[b] * c;
						re[b] = re[a] - p;
						im[b] = im[a] - q;
						re[a] += p;
						im[a] += q;
					}
				}
			}
			for (let band = 0; band < bands; band += 1) {
				const { first, heights } = weights[band];
				let energy = 0;
				for (let k = 0; k < heights.length; k += 1) energy += heights[k] * (re[first + k] ** 2 + im[first + k] ** 2);
				const db = Math.max(floor, 10 * Math.log10(energy + 1e-6));
				sums[band] += Math.min(1, (db - floor) / 60);
				if (sums[band] >= 1) {
					sums[band] -= 1;
					spikes.push([frame, band, 0]);
				}
				const change = db - references[band];
				if (Math.abs(change) < 6) continue;
				references[band] += 6 * Math.sign(change);
				spikes.push([frame, band, change > 0 ? 2 : 1]);
			}
		}
		return spikes;
	};
}

/** Frames to events in floating point, sorted by time. */
function plainCamera(frames) {
	const [linear, threshold] = [20, 0.2];
	const brightness = Float64Array.from({ length: 256 }, (_, grey) =>
		grey >= linear ? Math.log(grey) : (Math.log(linear) * grey) / linear,
	);
	const references = Float64Array.from(frames[0], (grey) => brightness[grey]);
	let count = 0;
	for (let index = 1; index < frames.length; index += 1) {
		const [before, now] = [frames[index - 1], frames[index]];
		const made = [];
		for (let pixel = 0; pixel < now.length; pixel += 1) {
			const end = brightness[now[pixel]];
			if (Math.abs(end - references[pixel]) < threshold) continue;
			const begin = brightness[before[pixel]];
			while (Math.abs(end - references[pixel]) >= threshold) {
				const sign = Math.sign(end - references[pixel]);
				references[pixel] += sign * threshold;
				const part = (references[pixel] - begin) / (end - begin);
				const t = Math.min(33_333 * index, Math.ceil((33_333 * (index - 1 + part)) / 1000) * 1000);
				made.push([t, pixel % WIDTH, Math.floor(pixel / WIDTH), sign > 0 ? 1 : 0]);
			}
		}
		made.sort((a, b) => a[0] - b[0]);
		const chunk = {
			t: Float64Array.from(made, ([t]) => t),
			x: Uint16Array.from(made, ([, x]) => x),
			y: Uint16Array.from(made, ([, , y]) => y),
			p: Uint8Array.from(made, ([, , , p]) => p),
		};
		count += chunk.t.length;
	}
	return count;
}
