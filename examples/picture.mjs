// Draws docs/demo.svg, the picture in the README: one gesture of each class as the camera sees it, and how accuracy climbs while
// a network learns such gestures one by one.
//
//   node examples/picture.mjs [FILE]
import { writeFileSync } from "node:fs";
import { Network, scheduledRates } from "stllr";
import { gestureNames, gestureSet, makeGesture } from "stllr/gestures";

const TRAIN = 4000;
const GROUP = 100;
const network = await Network.create({
	input: { width: 20, height: 20, polarities: 2 },
	stepUs: 10_000,
	layers: [
		{ type: "recurrent", units: 128 },
		{ type: "readout", classes: gestureNames },
	],
});
const set = gestureSet({ seed: 1, train: TRAIN, test: 1200 });

const { rates } = network;
const climb = [];
let right = 0;
for (const [i, { events, label }] of set.train.entries()) {
	if (i % GROUP === 0) {
		network.setRates(scheduledRates(rates, { type: "linear" }, i / TRAIN, 1));
	}
	right += Number(network.learn(events, label).label === label);
	if (i % GROUP === GROUP - 1) {
		climb.push((100 * right) / GROUP);
		right = 0;
	}
}
const unseen =
	(100 * set.test.filter(({ events, label }) => network.classify(events).label === label).length) / set.test.length;

const parts = gestureNames.map((name, label) => gesture(name, label, 20 + label * 125, 20));
const curve = climb.map(
	(percent, i) => `${(60 + (i * 680) / (climb.length - 1)).toFixed(1)},${(400 - percent * 1.8).toFixed(1)}`,
);
const axis = [0, 50, 100].map(
	(percent) =>
		`<path class="grid" d="M60 ${400 - percent * 1.8}H740"/><text x="52" y="${404 - percent * 1.8}" text-anchor="end">${percent} %</text>`,
);
const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 770 450" font-family="system-ui, sans-serif" font-size="12">
<title>Events of six gestures, and accuracy as a network learns them one by one</title>
<style>
	.paper { fill: #fff } text { fill: #333 } .grid { stroke: #ddd } .curve { fill: none; stroke: #0a7d5a; stroke-width: 2.5 }
	.on { stroke: #d9481c } .off { stroke: #1f6fd0 } .on, .off { stroke-width: 2 } .frame { fill: none; stroke: #ccc }
	@media (prefers-color-scheme: dark) {
		.paper { fill: #16181c } text { fill: #ddd } .grid { stroke: #333 } .curve { stroke: #3fd0a0 } .on { stroke: #ff8a5c } .off { stroke: #6db1ff } .frame { stroke: #444 }
	}
</style>
<rect class="paper" width="770" height="450"/>
${parts.join("\n")}
${axis.join("\n")}
<polyline class="curve" points="${curve.join(" ")}"/>
<text x="20" y="172">Events of six gestures: place across the sensor (top to bottom) against time; ON and OFF events</text>
<text x="60" y="206">Right answers while learning, each given before the gesture is learned</text>
<text x="740" y="425" text-anchor="end">${TRAIN} gestures; then ${unseen.toFixed(1)} % of ${set.test.length} gestures it has not seen</text>
<text x="60" y="425">1</text>
</svg>
`;
writeFileSync(process.argv[2] ?? new URL("../docs/demo.svg", import.meta.url), svg);

/** A gesture as space and time: where across its way an event was, against when; ON and OFF events in two colours. */
function gesture(name, label, left, top) {
	const { events } = makeGesture({ seed: 1, index: 12, label });
	const span = events.t.at(-1) ?? 1;
	const along = label === 2 || label === 3 ? events.y : events.x;
	const dots = (polarity) =>
		[...events.t]
			.map((us, i) => [us, i])
			.filter(([, i]) => events.p[i] === polarity)
			.map(
				([us, i]) =>
					`M${(left + 2 + (us / span) * 108).toFixed(1)} ${(top + 2.5 + (along[i] / 19) * 107).toFixed(1)}h2`,
			);
	const marks = `<path class="on" d="${dots(1).join("")}"/><path class="off" d="${dots(0).join("")}"/>`;
	const caption = name.replace("circle ", "");
	return `<g><rect class="frame" x="${left}" y="${top}" width="112" height="112"/>${marks}<text x="${left}" y="${top + 128}">${caption}</text></g>`;
}
