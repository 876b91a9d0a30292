// A network that learns, for crash tests: which recordings it has learned follows from how many there were.
import { events, Network } from "stllr";

const SPEC = {
	input: { width: 8, height: 8, polarities: 2 },
	stepUs: 1000,
	layers: [
		{ type: "recurrent", units: 64 },
		{ type: "readout", classes: 2 },
	],
	optimizer: { type: "adam" },
	seed: 5,
};

/**
 * See bytes-state.mjs.
 *
 * @param {Uint8Array | undefined} bytes
 * @returns {Promise<import("./bytes-state.mjs").State>}
 */
export async function openState(bytes) {
	const network = await (bytes === undefined ? Network.create(SPEC) : Network.load(bytes));
	network.notes ??= 0;
	return {
		get samples() {
			return Number(network.notes);
		},
		advance() {
			const sample = Number(network.notes);
			network.learn(seen(sample), sample % 2);
			network.notes = sample + 1;
		},
		snapshot: () => network.save(),
	};
}

/** @param {Uint8Array} bytes */
export async function validate(bytes) {
	(await Network.load(bytes)).close();
}

/**
 * 240 events in 12 time steps, nearly all of them on the side that the sample's class says.
 *
 * @param {number} sample
 */
function seen(sample) {
	let random = sample;
	const below = (count) => {
		random = (Math.imul(random, 1_664_525) + 1_013_904_223) >>> 0;
		return Math.floor((random / 2 ** 32) * count);
	};
	const t = Array.from({ length: 240 }, (_, at) => 50 * at);
	return events({
		t,
		x: t.map(() => Math.min(7, 4 * (sample % 2) + below(5))),
		y: t.map(() => below(8)),
		p: t.map(() => below(2)),
	});
}
