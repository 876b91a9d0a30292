// Learns from a camera that sends over the network, records the session, and shows that the recording gives the same network.
// The camera is simulated: gestures as SPIF words, sent by UDP to a port of this machine, 20 times as fast as they were made.
//
//   node examples/live.mjs

import { createSocket } from "node:dgram";
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Network } from "stllr";
import { gestureNames, makeGesture } from "stllr/gestures";
import { openReplay, openSource, recordSource } from "stllr/sensors";

const PERIOD_US = 500_000;
const COUNT = 20;

const spec = {
	input: { width: 20, height: 20, polarities: 2 },
	stepUs: 10_000,
	layers: [
		{ type: "recurrent", units: 64 },
		{ type: "readout", classes: gestureNames },
	],
	rates: { hidden: 1 / 16, readout: 1 / 4096 },
	seed: 3,
};
const labelAt = (us) => makeGesture({ seed: 3, index: Math.floor(us / PERIOD_US) }).label;

// Follows a source from its first event to its end, and learns what `labels` tells.
async function learn(source, labels) {
	const network = await Network.create(spec);
	let learned = 0;
	for await (const answer of network.follow(source, { labels, everyUs: PERIOD_US, startUs: 0 })) {
		if (answer.learned !== undefined) learned += 1;
	}
	const hash = network.weightsHash();
	network.close();
	return { learned, hash };
}

// Port 0 is any that is free; the source says which.
const source = await openSource("udp://127.0.0.1:0?format=spif&receiveBytes=4194304");
const status = source.status();
const file = join(tmpdir(), `stllr-live-${process.pid}.stllr`);
const recorder = recordSource(source, file);
const learning = learn(recorder, recorder.labels(labelAt));

const { value: connected } = await status.next();
const sent = await camera(Number(connected.address.split(":").at(-1)));
// What was sent last is on its way; what is not here a second later was lost, as datagrams may be.
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
for (let waits = 0; source.counts.given < sent && waits < 200; waits += 1) await sleep(5);
await recorder.close();

const live = await learning;
const { received, given, overflowed, late } = source.counts;
console.log(`sent ${sent}, received ${received}, given ${given}, dropped ${overflowed + late}`);
const replay = await openReplay(file, { speed: "max" });
const again = await learn(replay, replay.labels);
console.log(`live:   ${live.learned} stretches learned, weights ${live.hash}`);
console.log(`replay: ${again.learned} stretches learned, weights ${again.hash}`);
console.log(live.hash === again.hash ? "the same bytes" : "not the same bytes");
rmSync(file);

// Sends gestures in datagrams of up to 100 events, in time.
async function camera(port) {
	const socket = createSocket("udp4");
	let sent = 0;
	for (let index = 0; index < COUNT; index += 1) {
		const { t, x, y, p } = makeGesture({ seed: 3, index }).events;
		for (let from = 0; from < t.length; from += 100) {
			const count = Math.min(100, t.length - from);
			const words = new Uint32Array(2 * count);
			for (let i = 0; i < count; i += 1) {
				words[2 * i] = (x[from + i] << 16) | (p[from + i] << 15) | y[from + i];
				words[2 * i + 1] = t[from + i] + index * PERIOD_US;
			}
			await new Promise((resolve) => socket.send(new Uint8Array(words.buffer), port, "127.0.0.1", resolve));
			sent += count;
		}
		await new Promise((resolve) => setTimeout(resolve, PERIOD_US / 1000 / 20));
	}
	socket.close();
	return sent;
}
