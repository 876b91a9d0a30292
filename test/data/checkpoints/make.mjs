// Writes the checkpoints of this version that later ones must still load, with what they are: `node make.mjs` after a build. Files of
// versions that are past are never written again.
import { writeFileSync } from "node:fs";
import { Network } from "stllr";
import { deltaOf, sign } from "stllr/checkpoint";

const input = { width: 5, height: 4, polarities: 2 };
const readout = { type: "readout", classes: ["left", "right", "still"] };

/** Events of a sequence: the same on every machine. */
function recording(number) {
	const length = 60;
	const at = (k, by, of) => (k * by + number * 3) % of;
	return {
		t: Float64Array.from({ length }, (_, k) => 1000 * k),
		x: Uint16Array.from({ length }, (_, k) => at(k, 2, 5)),
		y: Uint16Array.from({ length }, (_, k) => at(k, 3, 4)),
		p: Uint8Array.from({ length }, (_, k) => at(k, 1, 2)),
	};
}

const SPECS = {
	dense: { layers: [{ type: "dense", units: 6, bias: true }, readout], rule: { alphaPost: -0.5 } },
	conv: {
		layers: [
			{ type: "conv", filters: 3, kernel: 3, padding: 1, standardize: true },
			{ type: "dropout", rate: 0.2 },
			{ type: "recurrent", units: 5 },
			readout,
		],
		optimizer: { type: "momentum" },
		signal: "dfa",
		mode: "sequence",
	},
	bytes: { layers: [{ type: "dense", units: 6 }, readout], weights: 8, signal: "local" },
};

const truth = {};
const write = async (name, bytes) => {
	writeFileSync(new URL(`v1-${name}.stllr`, import.meta.url), bytes);
	if (name.startsWith("delta")) return;
	const network = await Network.load(bytes);
	truth[`v1-${name}.stllr`] = { stateHash: network.stateHash(), weightsHash: network.weightsHash() };
};
for (const [name, spec] of Object.entries(SPECS)) {
	const network = await Network.create({ input, stepUs: 2000, blockSteps: 8, seed: 11, ...spec });
	for (const number of [0, 1, 2, 3]) network.learn(recording(number), number % 3);
	network.addClass("more");
	network.notes = { made: "for tests", number: 1.5, list: [true, null] };
	const base = await network.save();
	await write(name, base);
	await write(`${name}-weights`, await network.exportWeights({ bits: 8 }));
	// Within a stream, and within a block.
	for await (const { us } of network.follow([recording(4)], { everyUs: 2000, labels: () => 3 })) {
		if (us < 22_000) continue;
		await write(`${name}-stream`, await network.save());
		break;
	}
	await write(`delta-${name}`, await deltaOf(base, await network.save()));
}
const privateKey = "302e020100300506032b657004220420000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const publicKey = "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8";
const signed = await Network.create({ input, stepUs: 2000, layers: [readout] });
await write("signed", await sign(await signed.save(), { privateKey, publicKey }));
truth.publicKey = publicKey;
writeFileSync(new URL("truth.json", import.meta.url), `${JSON.stringify(truth, undefined, "\t")}\n`);
