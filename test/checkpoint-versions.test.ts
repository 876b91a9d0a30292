// Checkpoints that earlier versions wrote are loaded for good.
import { readdirSync, readFileSync } from "node:fs";
import { Network } from "stllr";
import { applyDelta, verify } from "stllr/checkpoint";
import t from "tap";

const folder = new URL("data/checkpoints/", import.meta.url);
const read = (name: string) => readFileSync(new URL(name, folder));
const truth: Record<string, { stateHash: string; weightsHash: string }> & { publicKey: string } = JSON.parse(
	read("truth.json").toString(),
);

t.test("every file is what it was when it was written", async (t) => {
	const files = readdirSync(folder).filter((name) => name.endsWith(".stllr") && !name.includes("delta"));
	t.ok(files.length >= 10);
	for (const name of files) {
		const network = await Network.load(read(name), { source: name });
		t.equal(network.weightsHash(), truth[name]?.weightsHash, name);
		t.equal(network.stateHash(), truth[name]?.stateHash, name);
		const seen = {
			t: Float64Array.of(10, 5000),
			x: Uint16Array.of(1, 2),
			y: Uint16Array.of(0, 3),
			p: Uint8Array.of(0, 1),
		};
		if (name.includes("stream")) {
			const answers = [];
			for await (const { learned } of network.follow([], { resume: true, labels: () => 3 })) answers.push(learned);
			t.strictSame(answers, [3], `${name} goes on`);
		}
		network.learn(seen, 0);
		t.equal(network.classify(seen).steps, 3);
	}
});

t.test("deltas lead to the weights that their makers had", async (t) => {
	for (const name of ["dense", "conv", "bytes"]) {
		const network = await Network.load(await applyDelta(read(`v1-${name}.stllr`), read(`v1-delta-${name}.stllr`)));
		t.match(network.notes, { made: "for tests", number: 1.5, list: [true, null] });
		t.equal(network.spec.readout.classes.at(-1), "more");
	}
	t.equal(await verify(read("v1-signed.stllr"), [truth.publicKey]), truth.publicKey);
});
