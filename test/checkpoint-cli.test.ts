// Checkpoints on the command line: train writes one, eval tests it, inspect shows it, diff compares two.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Network } from "stllr";
import { deltaOf, newKeys, sign } from "stllr/checkpoint";
import t from "tap";
import { lastLine, sides, stllr } from "./program.js";

t.test("a network is written, tested, shown and compared", async (t) => {
	const folder = t.testdir();
	const [data, a, b] = [sides(join(folder, "data")), join(folder, "a.stllr"), join(folder, "b.stllr")];
	const options = ["--epochs", "2", "--hidden", "16", "--step-us", "10000", "--json"];
	const trained = stllr("train", data, "--out", a, ...options);
	t.equal(trained.status, 0, trained.stderr);
	t.match(trained.stderr, `wrote ${a}`);
	const { weightsHash } = lastLine(trained.stdout);
	t.equal((await Network.load(readFileSync(a))).weightsHash(), weightsHash);

	const tested = stllr("eval", a, data, "--json");
	t.equal(tested.status, 0, tested.stderr);
	t.match(lastLine(tested.stdout), { model: a, weightsHash, files: [{ recordings: 50 }] });
	t.match(stllr("eval", a), { status: 2, stderr: /needs a FILE/ });

	const shown = stllr("inspect", a);
	t.equal(shown.status, 0, shown.stderr);
	t.match(shown.stdout, /a\.stllr: a whole learner; [\d\s]+ bytes, format 1\.0, not signed/);
	t.match(shown.stdout, "80 recordings learned: left 40, right 40");
	t.match(shown.stdout, /1 {2}weights +i16 +4\s096/);
	t.match(lastLine(stllr("inspect", a, "--json").stdout), {
		network: a,
		checkpoint: { kind: "full", version: "1.0", isSigned: false, learned: { recordings: [40, 40] } },
	});

	t.match(stllr("diff", a, a), { status: 0, stdout: "the same\n" });
	const network = await Network.load(readFileSync(a));
	network.learn(
		{ t: Float64Array.of(1, 2), x: Uint16Array.of(1, 2), y: Uint16Array.of(0, 0), p: Uint8Array.of(0, 1) },
		"left",
	);
	network.notes = { user: "me" };
	const bytes = await network.save();
	writeFileSync(b, bytes);
	const differ = stllr("diff", a, b, "--json");
	t.equal(differ.status, 1);
	t.match(lastLine(differ.stdout), { same: false });
	const told = stllr("diff", a, b).stdout;
	t.match(told, "learned.recordings[0]: 40 | 41");
	t.match(told, 'notes: null | {"user":"me"}');
	t.match(told, /\d+ numbers of the state/);
	t.match(told, /\d {2}[a-z]+ +\d+ of \d+ +[\d.]+ % +\d+/);

	const delta = join(folder, "d.stllr");
	writeFileSync(delta, await deltaOf(readFileSync(a), bytes));
	t.match(
		stllr("inspect", delta).stdout,
		/what changed since a base; [\s\S]+from the weights [0-9a-f]{32} to [0-9a-f]{32}/,
	);
	const made = stllr("export", b, delta, "--base", a, "--drop-bits", "2");
	t.match(made, {
		status: 0,
		stdout: /d\.stllr: from .*a\.stllr to .*b\.stllr, \d+ bytes, [\d.]+ % of the \d+ of .*b\.stllr/,
	});
	const whole = join(folder, "w.stllr");
	t.match(stllr("import", delta, "--base", a, "-o", whole), {
		status: 0,
		stdout: /what changed since .*a\.stllr is added/,
	});
	t.match((await Network.load(readFileSync(whole))).notes, { user: "me" });
	t.match(stllr("import", delta, "--base", b, "-o", whole), {
		status: 1,
		stderr: /d\.stllr: byte 96: a delta to the weights/,
	});
	writeFileSync(b, await sign(bytes, await newKeys()));
	t.match(stllr("inspect", b).stdout, "signed");
});

t.test("what is no checkpoint, or a damaged one, is told in one line", async (t) => {
	const folder = t.testdir({ "text.stllr": "nothing of that kind" });
	const path = join(folder, "m.stllr");
	const network = await Network.create({
		input: { width: 4 },
		stepUs: 1000,
		layers: [{ type: "readout", classes: 2 }],
	});
	const bytes = await network.save();
	writeFileSync(path, bytes.subarray(0, 120));
	t.match(stllr("inspect", path), {
		status: 1,
		stderr: /^stllr: .*m\.stllr: byte 120: 120 bytes; allowed: \d+, as the frame says\n$/,
	});
	t.match(stllr("eval", path, folder), { status: 1, stderr: /m\.stllr/ });
	bytes[100] = (bytes[100] ?? 0) ^ 1;
	writeFileSync(path, bytes);
	t.match(stllr("inspect", path), { status: 1, stderr: /byte 32: a checksum that the head has not/ });
	t.match(stllr("diff", join(folder, "text.stllr"), path), {
		status: 1,
		stderr: /byte 0: another byte; allowed: a stllr checkpoint/,
	});
	t.match(stllr("diff", join(folder, "none"), path), { status: 1, stderr: /none: cannot be read: ENOENT/ });
	t.match(stllr("diff", path), { status: 2, stderr: /diff needs two checkpoints/ });
});
