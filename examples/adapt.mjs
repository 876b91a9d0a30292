// A network that knows gestures meets a user whose camera hangs upside down. It adapts to them while it is used, by labels that come late;
// then labels are wrong, and it does not become worse.
//
//   node examples/adapt.mjs

import { Network } from "stllr";
import { Adapter } from "stllr/adapt";
import { gestureSet } from "stllr/gestures";

const gestures = gestureSet({ seed: 7, train: 1800, test: 120 });
const { width, height, polarities, classes } = gestures;

const network = await Network.create({
	input: { width, height, polarities },
	stepUs: 10_000,
	layers: [
		{ type: "recurrent", units: 64 },
		{ type: "readout", classes },
	],
	seed: 7,
});
for (const { events, label } of gestures.train.slice(0, 1200)) network.learn(events, label);

// The same gestures as this user's camera sees them: a swipe to the left still is one for the user.
const turned = ({ events, label }) => ({
	label,
	events: { ...events, x: events.x.map((x) => width - 1 - x), y: events.y.map((y) => height - 1 - y) },
});
const user = gestures.train.slice(1200).map(turned);
const later = gestures.test.map(turned);
const right = () => later.filter(({ events, label }) => network.classify(events).label === label).length;
console.log(`before: ${right()} of ${later.length} of the user's gestures right`);

const adapter = new Adapter(network, {
	onEntry: (entry) => {
		if (entry.kind === "drift") console.log(`drift: ${entry.signal} goes ${entry.direction}`);
		if (entry.kind === "rollback")
			console.log(`rolled back: ${entry.right} of ${entry.of} right, ${entry.good} before`);
	},
});

// Each gesture is answered at once; what it was is known three gestures later.
const told = [];
for (const { events, label } of user.slice(0, 400)) {
	told.push({ id: adapter.answer(events).id, label });
	const due = told.length > 3 ? told.shift() : undefined;
	if (due !== undefined) adapter.label(due.id, due.label);
}
console.log(`adapted: ${right()} of ${later.length} right, after ${adapter.count("label")} labels`);

// Somebody's button is broken: every label is that of another class.
for (const { events, label } of user.slice(400)) adapter.label(adapter.answer(events).id, (label + 1) % classes.length);
console.log(`after 200 wrong labels: ${right()} of ${later.length} right, ${adapter.count("rollback")} rollbacks`);

const { total, bound } = adapter.memory();
console.log(`${total} bytes held, ${bound} at most; weights ${network.weightsHash()}`);
network.close();
