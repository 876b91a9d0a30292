// `npm run learn` as it is started: what it says, its last line, its exit codes; and a task in its short form.
import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { NetworkSpec } from "stllr";
import t from "tap";
import { byDefaults } from "./learn/defaults.js";

const program = fileURLToPath(new URL("../ts/build/learn.mjs", import.meta.url));
const shared = fileURLToPath(new URL("../../shared/data/", import.meta.url));
const needs = (path: string) =>
	existsSync(shared + path) ? false : `needs ../shared/data/${path}, which is not there`;

// A user's Node has none of the loaders that the test runner gives to every Node it sees started.
const node = ["-u", "NODE_OPTIONS", process.execPath];

function learn(...args: string[]) {
	const { status, stdout, stderr } = spawnSync("env", [...node, program, ...args], { encoding: "utf8" });
	return { status, stdout, stderr, last: lastLine(stdout) };
}

function lastLine(stdout: string): Record<string, unknown> {
	const line = stdout.trimEnd().split("\n").at(-1) ?? "";
	return line.startsWith("{") ? (JSON.parse(line) as Record<string, unknown>) : {};
}

t.test("it is called wrongly: one line that says how, exit code 2", async (t) => {
	for (const [args, said] of [
		[[], /which task\?/],
		[["juggling"], /no task "juggling"; there are nmnist, .*braille.* and all/],
		[["braille", "cue"], /one task at a time/],
		[["braille", "--seeds", "0"], /--seeds: 0 is not allowed; allowed: an integer from 1/],
		[["braille", "--epochs", "few"], /--epochs: "few" is not allowed/],
		[["braille", "--fast"], /'--fast'/],
	] as const) {
		const { status, stdout, stderr } = learn(...args);
		t.equal(status, 2, args.join(" "));
		t.equal(stdout, "");
		t.match(stderr, said);
	}
});

t.test("--help: all tasks, or all about one", async (t) => {
	const { status, stdout } = learn("--help");
	t.equal(status, 0);
	t.match(stdout, /^Usage: npm run learn -- TASK/);
	t.match(stdout, / {2}neuroradar +\w+/);
	t.match(learn("cue", "--help").stdout, /cue accumulation[\s\S]*--validate/);
});

t.test("--defaults: what a task is stays, and how it learns is left out", async (t) => {
	const layers: NetworkSpec["layers"] = [
		{ type: "conv", filters: 4, kernel: 3, stride: 2, std: 1, bias: true, name: "a" },
		{ type: "dropout", rate: 0.5 },
		{ type: "recurrent", units: 5, leak: 0.5, rule: { lambdaPre: 0.1 }, recurrentStd: 0 },
		{ type: "readout", classes: ["x", "y"], leak: 0.9, traceDecay: 0.8 },
	];
	const spec: NetworkSpec = {
		...{ input: { width: 8, height: 8 }, stepUs: 1000, steps: 9, window: { last: 3 }, leak: 0.75, layers },
		...{ mode: "sequence", blockSteps: 4, rates: { hidden: 1 }, optimizer: { type: "adam" }, threshold: 2, seed: 5 },
	};
	t.strictSame(byDefaults(spec), {
		...{ input: { width: 8, height: 8 }, stepUs: 1000, steps: 9, window: { last: 3 }, leak: 0.75 },
		layers: [
			{ type: "conv", filters: 4, kernel: 3, stride: 2, name: "a" },
			{ type: "recurrent", units: 5, leak: 0.5 },
			{ type: "readout", classes: ["x", "y"], leak: 0.9 },
		],
	});
	const { status, last } = learn("demo", "--short", "--defaults", "--validate", "--json", "-q");
	t.equal(status, 0);
	t.match(last, { task: "demo", defaults: true, validate: true, accuracy: Number });
	t.notOk("passed" in last, "goals are for the task's own options");
});

t.test("missing recordings: which, where from, exit code 1; in short form of all they are skipped", async (t) => {
	const nowhere = t.testdir();
	const { status, stdout, stderr } = learn("braille", "--data", nowhere);
	t.equal(status, 1);
	t.equal(stdout, "");
	t.match(stderr, /braille-tactile\/braille\.npz is missing; it comes from Zenodo/);
	t.equal(learn("all", "--data", nowhere).status, 1);
	const all = learn("all", "--short", "--data", nowhere);
	t.equal(all.status, 0);
	t.match(all.stdout, /skipped: fsdd: .*fsdd\.zip is missing/);
	t.match(all.last, { task: "all", passed: true, tasks: [{ task: "demo", passed: true }] }, "it needs no recordings");
	t.ok(Array.isArray(all.last.skipped) && all.last.skipped.includes("cue"));
});

const unshared = needs("braille-tactile/braille.npz");

t.test("a task in its short form reaches its figure, and is the same run each time", { skip: unshared }, async (t) => {
	const { status, stdout, last } = learn("braille", "--short");
	t.equal(status, 0, stdout);
	t.match(stdout, /accuracy .*: reached/);
	t.match(last, { task: "braille", short: true, passed: true, seeds: 1, recordings: 4320 });
	t.ok(Number(last.accuracy) >= 93);
	t.same(Array.isArray(last.accuracyByEpoch) && last.accuracyByEpoch.at(-1), last.accuracy);
	t.ok(Number(last.operations) > 0 && Number(last.bytes) > 0 && Number(last.seconds) > 0);
	const again = learn("braille", "--short", "--json", "--quiet");
	t.equal(again.stdout.trimEnd().split("\n").length, 1, "with --json, nothing but the line");
	t.equal(again.stderr, "");
	t.same(again.last.weightsHashes, last.weightsHashes);
});

const unclipped = needs("dvs128-gesture-clips/dvs128-gesture-clips-0-1000ms.zip");

t.test(
	"gestures from a second of a clip each, in their short form: the last 300 ms are named",
	{ skip: unclipped },
	async (t) => {
		const { status, stdout, last } = learn("dvs-clips", "--short");
		t.equal(status, 0, stdout);
		t.match(last, { task: "dvs-clips", short: true, passed: true, seeds: 1, recordings: 500, learningSteps: 7500 });
		t.ok(Number(last.accuracy) >= 60);
	},
);

t.test("what is scored by --validate is no test part, and held against no goal", { skip: unshared }, async (t) => {
	const { status, stdout, last } = learn("braille", "--short", "--validate", "--epochs", "1");
	t.equal(status, 0);
	t.match(stdout, /accuracy/);
	t.match(last, { validate: true, epochs: 1 });
	t.notOk("passed" in last);
});

t.test("Ctrl-C: what was done is reported, exit code 130", { skip: unshared }, async (t) => {
	const child = spawn("env", [...node, program, "braille", "--epochs", "1000"], { stdio: ["ignore", "pipe", "pipe"] });
	let [stdout, stderr] = ["", ""];
	child.stdout.on("data", (data) => {
		stdout += data;
	});
	child.stderr.on("data", (data) => {
		// Said when the recordings are loaded: from then on it learns.
		if (!/to learn/.test(stderr) && /to learn/.test(stderr + data)) setTimeout(() => child.kill("SIGINT"), 500);
		stderr += data;
	});
	const status = await new Promise((resolve) => child.on("close", resolve));
	t.equal(status, 130, stderr);
	t.match(stderr, /stopping/);
	t.match(lastLine(stdout), { task: "braille", interrupted: true, seeds: 0 });
});

for (const [task, recordings] of [
	["fsdd-adapt", "fsdd/fsdd.zip"],
	["neuroradar-adapt", "neuroradar-gesture/neuroradar-gesture.zip"],
] as const) {
	t.test(`${task}, in short form: right labels help, wrong ones do no harm`, { skip: needs(recordings) }, async (t) => {
		const { status, last } = learn(task, "--short", "--json", "--quiet");
		t.equal(status, 0);
		t.match(last, { task, passed: true, before: Number, gain: Number, wrongGain: Number });
	});
}
