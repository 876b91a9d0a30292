// Makes a network, lets it learn gestures from a simulated event camera, and asks it about gestures it has not seen.
//
//   node examples/learn.mjs

import { Network } from "stllr";
import { gestureSet } from "stllr/gestures";

const gestures = gestureSet({ seed: 7, train: 1200, test: 120 });

const network = await Network.create({
	input: { width: gestures.width, height: gestures.height, polarities: gestures.polarities },
	stepUs: 10_000,
	layers: [
		{ type: "recurrent", units: 64 },
		{ type: "readout", classes: gestures.classes },
	],
	seed: 7,
});

// Each gesture is seen once. `learn` answers before it learns, so its answers show how it gets better.
let right = 0;
for (const [index, { events, label }] of gestures.train.entries()) {
	if (network.learn(events, label).label === label) right += 1;
	if ((index + 1) % 200 === 0) {
		console.log(`${index + 1} gestures: ${right / 2} % of the last 200 right`);
		right = 0;
	}
}

const correct = gestures.test.filter(({ events, label }) => network.classify(events).label === label).length;
console.log(`not seen before: ${((100 * correct) / gestures.test.length).toFixed(1)} % right`);
console.log(`${network.memory().total} bytes, weights ${network.weightsHash()}`);
network.close();
