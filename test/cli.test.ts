// The program as a user starts it: what it prints, where, and its exit codes.
import { spawn } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";
import { lastLine, node, program, sides, stllr } from "./program.js";

const shared = fileURLToPath(new URL("../../shared/data/nmnist-small/nmnist-small.zip", import.meta.url));
const unshared = existsSync(shared) ? false : "needs ../shared/data, which is not there";

t.test("stllr: help and version", async (t) => {
	const help = stllr("--help");
	t.same([help.status, help.stderr], [0, ""]);
	for (const command of ["stllr demo", "stllr train", "stllr eval", "stllr inspect"]) t.match(help.stdout, command);
	t.strictSame(stllr(), { status: 2, stdout: "", stderr: help.stdout });
	const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
	t.strictSame(stllr("--version"), { status: 0, stdout: `${version}\n`, stderr: "" });
	for (const command of ["demo", "train", "eval", "inspect", "diff", "import", "export"]) {
		const { status, stdout, stderr } = stllr(command, "--help");
		t.same([status, stderr], [0, ""]);
		t.match(stdout, `Usage: stllr ${command} `);
		t.match(stdout, "--json");
		t.ok(Math.max(...stdout.split("\n").map((line) => line.length)) <= 80, `${command} --help fits 80 columns`);
	}
});

t.test("stllr: a mistake is one line on stderr, nothing on stdout, and exit code 1 or 2", async (t) => {
	const folder = t.testdir({});
	const data = sides(join(folder, "sides"));
	const mistakes: [string[], number, RegExp][] = [
		[
			["lern"],
			2,
			/^stllr: there is no command lern; there are demo, train, eval, info, convert, record, replay, inspect, diff, import, export$/,
		],
		[["--lern"], 2, /^stllr: there is no option --lern;/],
		[["constructor"], 2, /^stllr: there is no command constructor;/],
		[["train"], 2, /^stllr: train needs the PATH/],
		[["train", data, "more"], 2, /^stllr: train takes one PATH; what is "more"\?$/],
		[["train", data, "--epoch", "3"], 2, /^stllr: Unknown option '--epoch'; `stllr train --help` lists the options$/],
		[["train", data, "--epochs", "ten"], 2, /^stllr: --epochs: "ten" is not allowed; allowed: a number$/],
		[["train", data, "--signal", "up"], 2, /^stllr: --signal: "up" is not allowed; allowed: bp or dfa$/],
		[["train", data, "--hidden", "8,,8"], 2, /^stllr: --hidden: "8,,8"/],
		[["train", data, "--seed", "-0.5"], 2, /^stllr: .*--seed/],
		[["train", data, "--schedule", "exp"], 2, /^stllr: --schedule: "exp" is not allowed; allowed: constant, linear/],
		[["train", data, "--schedule", "step"], 2, /^stllr: --schedule: "step" is not allowed; /],
		[["train", data, "--schedule", "step:2:0.5:1"], 2, /^stllr: --schedule: "step:2:0.5:1" is not allowed; /],
		[["train", data, "--schedule", "cosine:"], 2, /^stllr: --schedule: "cosine:" is not allowed; /],
		[["train", data, "--schedule", "linear", "--final-rate", "0"], 2, /^stllr: --final-rate X is --schedule linear:X/],
		[
			["train", data, "--schedule", "cosine:2"],
			1,
			/^stllr: --schedule: 2 is not allowed; allowed: a number from 0 to 1$/,
		],
		[["train", data, "--schedule", "step:0"], 1, /^stllr: --schedule: 0 is not allowed; allowed: an integer from 1 /],
		[["train", data, "--final-rate", "2"], 1, /^stllr: --final-rate: 2 is not allowed; allowed: a number from 0 to 1$/],
		[["train", data, "--folds", "2", "--recipe", "x"], 2, /^stllr: --recipe goes with one run/],
		[["train", data, "--hidden", "0"], 1, /^stllr: --hidden: 0 is not allowed; allowed: an integer from 1 to 65536$/],
		[["train", data, "--leak", "2"], 1, /^stllr: --leak: 2 is not allowed; allowed: a number from 0 to 1$/],
		[["train", data, "--folds", "51", "-q"], 1, /^stllr: --folds: 51 .* from 2 to 50, the number of recordings$/],
		[["train", data, "--epochs", "0", "-q"], 1, /^stllr: --epochs: 0 /],
		[["train", join(folder, "none")], 1, /^stllr: .*none: there is no such file or folder;/],
		[["eval", join(data, "train.csv")], 1, /^stllr: .*train\.csv: cannot be read as a recipe: /],
		[["demo", "more"], 2, /^stllr: demo takes options only; what is "more"\?$/],
		[["demo", "--train", "0"], 2, /^stllr: --train: 0 is not allowed; allowed: an integer from 1 to 1000000$/],
	];
	for (const [args, exit, message] of mistakes) {
		const { status, stdout, stderr } = stllr(...args);
		t.same([status, stdout], [exit, ""], args.join(" "));
		t.match(stderr.trimEnd(), message);
		t.equal(stderr.trimEnd().split("\n").length, 1, stderr);
	}
	t.match(
		stllr("train", data, "--leak", "2", "--debug").stderr,
		/OptionError(.|\n)*\n {4}at /,
		"--debug shows the stack",
	);
});

t.test("train: learns, reports for people, and says it in one JSON line", async (t) => {
	const data = sides(join(t.testdir({}), "sides"));
	const args = ["train", data, "--hidden", "32", "--epochs", "4"];
	const plain = stllr(...args);
	t.equal(plain.status, 0, plain.stderr);
	t.match(plain.stdout, /^epoch {3}while learning {7}test\n/);
	t.match(plain.stdout, /\nleft {2}1 {3}5 {3}· {3}100\.0 %\nright 2 {3}· {3}5 {3}100\.0 %\n/);
	t.match(plain.stdout, /\n100\.0 % of 10 recordings it had not learned from\n/);
	t.match(plain.stderr, /^sides: 40 recordings to learn, 10 to test, 2 classes; network 256-32-2, /);
	t.match(plain.stderr, /\nepoch 4\/4 {2}160\/160 {2}[\d ]+ recordings\/s {2}accuracy \d+\.\d % {2}left 0\.0 s\n$/);
	t.notMatch(plain.stdout + plain.stderr, /\r|\p{Cc}\[/u, "no control characters where no terminal is");

	const { status, stdout, stderr } = stllr(...args, "--json", "--quiet");
	t.same([status, stderr, stdout.split("\n").length], [0, "", 2]);
	const result = lastLine(stdout);
	t.match(result, {
		task: "sides",
		accuracy: 100,
		accuracyByEpoch: [Number, Number, Number, 100],
		recordings: 160,
		seconds: Number,
		bytes: Number,
		operations: Number,
		seed: 1,
		schedule: { type: "linear", final: 0.1 },
		weightsHash: /^[0-9a-f]{16}$/,
	});
	t.match(plain.stdout, `weights ${result.weightsHash}`);
	t.equal(lastLine(stllr(...args, "--json").stdout).weightsHash, result.weightsHash, "the same bytes on every run");
	t.not(lastLine(stllr(...args, "--json", "--seed", "2").stdout).weightsHash, result.weightsHash);
	t.match(stllr(...args, "--json").stderr, "recordings it had not learned from", "with --json, people read stderr");
});

t.test("train: learns by the schedule that it is given, and names it", async (t) => {
	const data = sides(join(t.testdir({}), "sides"));
	const by = (...flags: string[]) => {
		const { status, stdout, stderr } = stllr("train", data, "--hidden", "8", "--epochs", "3", "--json", "-q", ...flags);
		t.same([status, stderr], [0, ""]);
		return lastLine(stdout);
	};
	const schedules: readonly [text: string, schedule: object][] = [
		["constant", { type: "constant" }],
		["linear", { type: "linear", final: 0.1 }],
		["cosine", { type: "cosine", final: 0.1 }],
		["cosine:0.5", { type: "cosine", final: 0.5 }],
		["step:1:0.5", { type: "step", every: 1, factor: 0.5 }],
		["step:2", { type: "step", every: 2, factor: 0.1 }],
		["milestones:1,2:0.3", { type: "milestones", epochs: [1, 2], factor: 0.3 }],
	];
	const hashes = schedules.map(([text, schedule]) => {
		const result = by("--schedule", text);
		t.strictSame(result.schedule, schedule, text);
		return result.weightsHash;
	});
	t.equal(new Set(hashes).size, schedules.length, "each gives other weights");
	t.equal(by().weightsHash, hashes[1], "linear to a tenth is the default");
	t.equal(by("--final-rate", "1").weightsHash, hashes[0], "--final-rate X is linear:X");
});

t.test("train: cross-validates", async (t) => {
	const data = sides(join(t.testdir({}), "sides"));
	const { status, stdout } = stllr("train", data, "--hidden", "16", "--epochs", "2", "--folds", "5", "--json", "-q");
	t.equal(status, 0);
	const { accuracy, folds, foldHashes, recordings } = lastLine(stdout);
	t.ok(Array.isArray(folds) && folds.length === 5);
	t.equal(new Set(foldHashes as string[]).size, 5);
	t.equal(recordings, 5 * 2 * 40);
	t.equal(accuracy, (folds as number[]).reduce((sum, fold) => sum + fold, 0) / 5);
});

t.test("train: Ctrl-C stops it with the result so far", async (t) => {
	const data = sides(join(t.testdir({}), "sides"));
	const args = ["train", data, "--hidden", "16", "--epochs", "1000000", "--json"];
	const child = spawn("env", [...node, program, ...args], { stdio: ["ignore", "pipe", "pipe"] });
	let [stdout, stderr] = ["", ""];
	child.stdout.setEncoding("utf8").on("data", (text: string) => {
		stdout += text;
	});
	child.stderr.setEncoding("utf8").on("data", (text: string) => {
		if (stderr === "") child.kill("SIGINT");
		stderr += text;
	});
	const code = await new Promise((resolve) => child.on("close", resolve));
	t.equal(code, 130);
	t.match(stderr, /\nstopping; Ctrl-C again ends at once\n/);
	t.match(stderr, /\nstopped after [\d ]+ of 40 000 000 recordings\n/);
	t.match(lastLine(stdout), { task: "sides", interrupted: true, accuracy: Number, weightsHash: /^[0-9a-f]{16}$/ });
});

t.test("eval: repeats a run from its recipe, and tests it on recordings and single files", async (t) => {
	const folder = t.testdir({});
	const data = sides(join(folder, "sides"));
	const recipe = join(folder, "run.json");
	const schedule = ["--schedule", "cosine:0.2"];
	const args = ["train", data, "--hidden", "32", "--epochs", "3", ...schedule, "--recipe", recipe, "--json", "-q"];
	const made = lastLine(stllr(...args).stdout);
	const again = stllr("eval", recipe, "--json", "-q");
	t.same([again.status, again.stderr], [0, ""]);
	const { task, accuracy, weightsHash, operations, bytes, seed } = made;
	t.match(lastLine(again.stdout), { task, accuracy, weightsHash, operations, bytes, seed, schedule: made.schedule });
	t.match(stllr("eval", recipe).stderr, `the same weights: ${weightsHash}\n`);

	const file = join(data, "test1.bs2");
	const files = stllr("eval", recipe, file, data);
	t.equal(files.status, 0, files.stderr);
	t.match(files.stdout, `${file}: right  (right `);
	t.match(files.stdout, `${data}: 100.0 % of 50 recordings`);
	t.match(lastLine(stllr("eval", recipe, file, "--json").stdout).files, [
		{ file, label: 1, name: "right", scores: Array },
	]);

	const other = JSON.parse(readFileSync(recipe, "utf8"));
	writeFileSync(recipe, JSON.stringify({ ...other, weightsHash: "0123456789abcdef" }));
	const differs = stllr("eval", recipe, "-q");
	t.same([differs.status, differs.stdout], [1, ""]);
	t.match(differs.stderr, `stllr: the run gave weights ${weightsHash}, the recipe says 0123456789abcdef: `);
	writeFileSync(recipe, JSON.stringify({ ...other, epochs: "3" }));
	t.match(stllr("eval", recipe).stderr, /run\.json: epochs: "3" is not allowed; allowed: a number\n$/);
	writeFileSync(recipe, JSON.stringify({ ...other, schedule: { type: "cosine", final: 2 } }));
	t.match(
		stllr("eval", recipe).stderr,
		/run\.json: schedule\.final: 2 is not allowed; allowed: a number from 0 to 1\n$/,
	);
});

t.test("eval: takes the recipes that named the rates' last part alone", async (t) => {
	const folder = t.testdir({});
	const data = sides(join(folder, "sides"));
	const recipe = join(folder, "run.json");
	const args = ["--hidden", "8", "--epochs", "2", "--final-rate", "0.3", "--recipe", recipe, "--json", "-q"];
	const { weightsHash } = lastLine(stllr("train", data, ...args).stdout);
	const { schedule, ...old } = JSON.parse(readFileSync(recipe, "utf8"));
	t.strictSame(schedule, { type: "linear", final: 0.3 });
	writeFileSync(recipe, JSON.stringify({ ...old, finalRate: 0.3 }));
	const again = stllr("eval", recipe, "--json", "-q");
	t.same([again.status, again.stderr], [0, ""]);
	t.match(lastLine(again.stdout), { weightsHash, schedule });
	writeFileSync(recipe, JSON.stringify(old));
	t.match(stllr("eval", recipe).stderr, /run\.json: schedule: undefined is not allowed; allowed: an object\n$/);
});

t.test("eval: a recipe of version 1 gives what it gave, though defaults are others since", async (t) => {
	const folder = t.testdir({});
	sides(join(folder, "sides"));
	const recipe = join(folder, "run.json");
	const content = {
		stllrRecipe: 1,
		data: "sides",
		spec: {
			input: { width: 16, height: 8, polarities: 2 },
			stepUs: 10_000,
			layers: [
				{ type: "recurrent", units: 8 },
				{ type: "recurrent", units: 6 },
				{ type: "readout", classes: ["left", "right"] },
			],
			...{ seed: 1, rates: {} },
		},
		...{ epochs: 2, seed: 1, schedule: { type: "linear", final: 0.1 }, shift: 0, onFault: "refuse", learned: 80 },
		weightsHash: "3b5ec6760699ffcc",
	};
	const evaluate = (changed: object) => {
		writeFileSync(recipe, JSON.stringify({ ...content, ...changed }));
		return stllr("eval", recipe, "-q");
	};
	t.equal(evaluate({}).status, 0);
	t.match(evaluate({ stllrRecipe: 2 }).stderr, /^stllr: the run gave weights [0-9a-f]{16}, the recipe says 3b5e/);
	t.match(evaluate({ stllrRecipe: 3 }).stderr, /run\.json: stllrRecipe: 3 is not allowed; allowed: 2, or 1\n$/);
	t.match(evaluate({ spec: 5 }).stderr, /run\.json: spec: 5 is not allowed; allowed: an object\n$/);
	t.match(evaluate({ spec: { layers: [null] } }).stderr, /input: undefined is not allowed; allowed: an object/);
});

t.test("train: one epoch of N-MNIST", { skip: unshared }, async (t) => {
	const { status, stdout, stderr } = stllr("train", shared, "--epochs", "1", "--json", "--quiet");
	t.same([status, stderr], [0, ""]);
	const result = lastLine(stdout);
	t.match(result, { task: "nmnist-small", accuracyByEpoch: [result.accuracy], recordings: 850 });
	t.ok(Number(result.accuracy) >= 65, `${result.accuracy} % after one epoch`);
	t.ok(Number(result.maxMemoryMB) < 90, `${result.maxMemoryMB} MB`);
});
