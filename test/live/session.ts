// A live stream of gestures, one after the other, and a network that learns them.
import { type Events, events, type NetworkSpec } from "stllr";
import { gestureNames, gestureSet } from "stllr/gestures";

export const SPEC: NetworkSpec = {
	input: { width: 20, height: 20, polarities: 2 },
	stepUs: 10_000,
	layers: [
		{ type: "recurrent", units: 32 },
		{ type: "readout", classes: gestureNames },
	],
	rates: { hidden: 1 / 16 },
	seed: 3,
};
/** A gesture every 500 ms. */
export const EVERY_US = 500_000;
export const gestures = gestureSet({ seed: 9, train: 12, test: 0 }).train.map(({ events, label }) => ({
	events,
	label,
}));

/** All of them. */
export function session(): Events {
	const parts = gestures.map(({ events }, place) => ({ ...events, t: events.t.map((us) => us + place * EVERY_US) }));
	const all = <K extends keyof Events>(key: K) => parts.flatMap((part) => [...part[key]]);
	return events({ t: all("t"), x: all("x"), y: all("y"), p: all("p") });
}
