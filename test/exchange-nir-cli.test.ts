// NIR on the command line: a graph becomes a checkpoint, and a checkpoint a graph.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { events, Network } from "stllr";
import { exportNir, importNir } from "stllr/exchange";
import t from "tap";
import { lastLine, stllr } from "./program.js";

t.test("import writes a checkpoint, export a graph of it; both say what they chose", async (t) => {
	const folder = t.testdir();
	const [graph, model, again] = ["a.nir", "m.stllr", "b.nir"].map((name) => join(folder, name)) as [
		string,
		string,
		string,
	];
	const layers = [
		{ type: "dense", units: 8 },
		{ type: "readout", classes: ["left", "right"] },
	] as const;
	const network = await Network.create({ input: { width: 4 }, stepUs: 2000, layers });
	writeFileSync(graph, (await exportNir(network)).bytes);

	const imported = stllr("import", graph, "-o", model);
	t.equal(imported.status, 0, imported.stderr);
	t.match(imported.stdout, /m\.stllr: the network of .*a\.nir/);
	t.match(imported.stdout, /stepUs: 2000 \(as the file says\)/);
	t.match(imported.stdout, /layer "layers\[0\]" .*none clipped/);
	const loaded = await Network.load(readFileSync(model));
	t.same(loaded.spec.readout.classes, ["left", "right"]);
	const seen = events({ t: [0, 2000, 4000], x: [0, 1, 2], y: [0, 0, 0], p: [0, 0, 0] });
	t.same(loaded.classify(seen).scores, network.classify(seen).scores);

	const exported = stllr("export", model, again, "--json");
	t.equal(exported.status, 0, exported.stderr);
	t.match(lastLine(exported.stdout), { from: model, to: again, report: { stepUs: 2000 } });
	const back = (await importNir(again)).network;
	t.same(back.parameters(), loaded.parameters());
});

t.test("wrong calls and files: one line, and the right exit code", async (t) => {
	const folder = t.testdir({ "a.nir": "no HDF5" });
	const nir = join(folder, "a.nir");
	t.match(stllr("import", nir), { status: 2, stderr: "import needs FROM and -o TO.stllr" });
	t.match(stllr("import", join(folder, "a.onnx"), "-o", "m.stllr"), { status: 2, stderr: /its ending is not known/ });
	const failed = stllr("import", nir, "-o", join(folder, "m.stllr"));
	t.match(failed, { status: 1, stderr: /^stllr: .*a\.nir: .*allowed: a sound HDF5 file\n$/ });
	t.match(stllr("import", nir, "-o", "m.stllr", "--reset", "half"), { status: 2, stderr: /allowed: zero or subtract/ });
	t.match(stllr("export", join(folder, "none.stllr"), nir), { status: 1, stderr: /none\.stllr/ });
	t.match(stllr("export", nir), { status: 2, stderr: "export needs FROM.stllr and TO" });
});

t.test("weights for others and back: safetensors, and a checkpoint of weights alone", async (t) => {
	const folder = t.testdir();
	const [model, tensors, back, small] = ["m.stllr", "m.safetensors", "b.stllr", "s.stllr"].map((name) =>
		join(folder, name),
	) as [string, string, string, string];
	const layers = [
		{ type: "dense", units: 8 },
		{ type: "readout", classes: ["left", "right"] },
	] as const;
	const network = await Network.create({ input: { width: 4 }, stepUs: 2000, layers });
	writeFileSync(model, await network.save());
	t.match(stllr("export", model, tensors), {
		status: 0,
		stdout: /m\.safetensors: the network of .*m\.stllr, \d+ bytes/,
	});
	const imported = stllr("import", tensors, "-o", back);
	t.match(imported, { status: 0, stdout: /layers\[0\] from layers\.0: rounded by 0\.00 at most, none clipped/ });
	const again = (await Network.load(readFileSync(back))).parameters();
	for (const [at, { weights }] of network.parameters().entries()) {
		const off = weights.reduce((most, weight, k) => Math.max(most, Math.abs(weight - (again[at]?.weights[k] ?? 0))), 0);
		t.ok(off <= 2 ** -24, `layer ${at} off by ${off}`);
	}
	t.match(stllr("export", model, small, "--bits", "8"), { status: 0 });
	t.ok(readFileSync(small).length < readFileSync(model).length);
	t.equal((await Network.load(readFileSync(small))).spec.readout.classes[1], "right");
	t.match(stllr("import", join(folder, "m.pth"), "-o", back), { status: 2, stderr: /--spec SPEC\.json says the rest/ });
	t.match(stllr("export", model, join(folder, "m.onnx")), {
		status: 2,
		stderr: /there are \.nir, \.safetensors and \.stllr/,
	});
});
