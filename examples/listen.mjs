// Listens: sound as it comes from a microphone, in small chunks, becomes spikes of a mel spectrogram, and a network learns to tell
// rising tones from falling ones while it hears them.
//
//   node examples/listen.mjs

import { Network } from "stllr";
import { melEncoder, pipe, rateLimit } from "stllr/encode";

const RATE_HZ = 8000;
const TONE_S = 0.5;
const TAUGHT = 60;
const COUNT = 80;

const mel = await melEncoder({ sampleRateHz: RATE_HZ, delaysUs: [0, 60_000, 120_000] });
const network = await Network.create({
	input: mel.input,
	stepUs: 10_000,
	layers: [
		{ type: "dense", units: 64 },
		{ type: "readout", classes: ["falling", "rising"] },
	],
	// Sixty tones, and spikes of many bands in every step: smaller steps than usual.
	rates: { readout: 1 / 4096 },
	seed: 1,
});

// Which way each tone goes, and where it begins: by a small generator of pseudo-random numbers.
let state = 7;
const random = () => {
	state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
	return state / 2 ** 32;
};
const tones = Array.from({ length: COUNT }, () => ({ rising: random() < 0.5, fromHz: 400 + 400 * random() }));

// The microphone: one tone after the other, 20 ms a chunk.
async function* microphone() {
	for (const { rising, fromHz } of tones) {
		let phase = 0;
		const samples = Float32Array.from({ length: TONE_S * RATE_HZ }, (_, k) => {
			const part = k / (TONE_S * RATE_HZ);
			const hz = fromHz * (1 + (rising ? part : 1 - part));
			phase += (2 * Math.PI * hz) / RATE_HZ;
			return 0.3 * Math.sin(phase) * Math.sin(Math.PI * part) + 0.01 * (random() - 0.5);
		});
		for (let from = 0; from < samples.length; from += 160) yield samples.subarray(from, from + 160);
	}
}

const toneAt = (us) => tones[Math.floor(us / (TONE_S * 1e6))];
const labels = (us) => (us < TAUGHT * TONE_S * 1e6 ? Number(toneAt(us)?.rising ?? false) : undefined);
const heard = pipe(mel.stream(microphone()), [rateLimit({ rateHz: 20_000 })]);
let [asked, right] = [0, 0];
for await (const { us, label, learned } of network.follow(heard, { labels, everyUs: TONE_S * 1e6, startUs: 0 })) {
	const tone = toneAt(us - 1);
	if (learned !== undefined || tone === undefined) continue;
	asked += 1;
	if (label === Number(tone.rising)) right += 1;
}
const [{ byRule }] = heard.removed;
console.log(
	`${right} of ${asked} tones right; an event is known ${mel.latencyUs / 1000} ms after its time; ${byRule} events dropped`,
);
mel.close();
network.close();
