// What is learned survives: a network learns and saves itself beside that; the newest file is then damaged, as a bad disk would
// do; what was learned comes back from the one before, goes on learning, and is compared with one that never stopped.
//
//   node examples/keep.mjs [FILE.stllr]

import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Network } from "stllr";
import { applyDelta, deltaOf } from "stllr/checkpoint";
import { gestureSet } from "stllr/gestures";
import { Autosave, Store } from "stllr/store";

const path = process.argv[2] ?? join(mkdtempSync(join(tmpdir(), "stllr-")), "gestures.stllr");
const gestures = gestureSet({ seed: 7, train: 600, test: 120 });
const spec = {
	input: { width: gestures.width, height: gestures.height, polarities: gestures.polarities },
	stepUs: 10_000,
	layers: [
		{ type: "recurrent", units: 64 },
		{ type: "readout", classes: gestures.classes },
	],
};
const learn = (network, from, until) => {
	for (const { events, label } of gestures.train.slice(from, until)) network.learn(events, label);
};

// Files are replaced whole, the one before is kept, and what is no whole network is never taken for one.
const validate = async (bytes) => (await Network.load(bytes)).close();
const store = new Store(path, { validate, warn: () => undefined });
const network = await Network.create(spec);
network.notes = { camera: "front", threshold: 0.2 };
const autosave = new Autosave({ store, snapshot: () => network.save(), everySamples: 200 });
for (let k = 0; k < 400; k += 1) {
	learn(network, k, k + 1);
	autosave.sampled();
	// The event loop gets its turn, so that saves come beside learning.
	await new Promise(setImmediate);
}
await autosave.close();
console.log(`${autosave.stats.saves} saves of ${(await store.read()).bytes.length} bytes`);

const newest = readFileSync(path);
newest[1000] ^= 1;
writeFileSync(path, newest);
const { bytes, generation } = await new Store(path, { validate, warn: () => undefined }).read();
const again = await Network.load(bytes);
console.log(`the ${generation} file was whole; it was saved with ${JSON.stringify(again.notes)}`);

// Only the previous generation is left: what came after it is learned again, and it is the same network to the byte.
const before = again.learned.recordings.reduce((sum, count) => sum + count, 0);
learn(again, before, 400);
const isSame = again.stateHash() === network.stateHash();
console.log(
	`gestures ${before + 1} to 400 once more: ${isSame ? "the same bytes as without the fault" : "other bytes"}`,
);

// For a slow link: what another 200 gestures changed.
const base = await again.save();
learn(again, 400, 600);
const now = await again.save();
const delta = await deltaOf(base, now, { dropBits: 4 });
const far = await Network.load(await applyDelta(base, delta));
const right = (of) => gestures.test.filter(({ events, label }) => of.classify(events).label === label).length;
console.log(
	`a delta of ${delta.length} bytes in place of ${now.length}: ${right(far)} of 120 right where it arrives, ${right(again)} here`,
);
