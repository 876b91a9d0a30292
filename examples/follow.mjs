// Follows a live stream: gestures come one after the other, in small chunks as a camera sends them. For the first ones
// somebody says what they are; the network learns from that while it answers, and goes on alone.
//
//   node examples/follow.mjs

import { events, Network } from "stllr";
import { gestureNames, makeGesture } from "stllr/gestures";

const PERIOD_US = 500_000;
const TAUGHT = 1500;
const COUNT = 1600;

const network = await Network.create({
	input: { width: 20, height: 20, polarities: 2 },
	stepUs: 10_000,
	layers: [
		{ type: "recurrent", units: 64 },
		{ type: "readout", classes: gestureNames },
	],
	seed: 3,
});

// The camera: one gesture each half a second, in chunks of up to 100 events. It never ends a chunk where a gesture ends.
async function* camera() {
	for (let index = 0; index < COUNT; index += 1) {
		const { t, x, y, p } = makeGesture({ seed: 3, index }).events;
		for (let from = 0; from < t.length; from += 100) {
			const until = Math.min(t.length, from + 100);
			yield events({
				t: t.slice(from, until).map((us) => us + index * PERIOD_US),
				x: x.subarray(from, until),
				y: y.subarray(from, until),
				p: p.subarray(from, until),
			});
		}
	}
}

const labelAt = (us) => makeGesture({ seed: 3, index: Math.floor(us / PERIOD_US) }).label;

// An answer each half second, and a label for each while there is a teacher.
const labels = (us) => (us < TAUGHT * PERIOD_US ? labelAt(us) : undefined);
let [asked, right] = [0, 0];
for await (const { us, label, name, learned } of network.follow(camera(), { labels, everyUs: PERIOD_US, startUs: 0 })) {
	if (learned !== undefined) continue;
	asked += 1;
	if (label === labelAt(us - PERIOD_US / 2)) right += 1;
	if (asked <= 5) console.log(`${(us / 1e6).toFixed(1)} s: ${name}`);
}
console.log(`alone: ${right} of ${asked} right`);
network.close();
