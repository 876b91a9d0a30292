// The demo and the examples, run as a user runs them.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import t from "tap";

const root = fileURLToPath(new URL("..", import.meta.url));

// A user's Node has none of the loaders that the test runner gives to every Node it sees started.
const node = ["-u", "NODE_OPTIONS", process.execPath];

function run(...args: string[]) {
	const { status, stdout, stderr } = spawnSync("env", [...node, ...args], { cwd: root, encoding: "utf8" });
	return { status, stdout, stderr };
}

t.test("demo: the same seed gives the same bytes, another seed others", async (t) => {
	const demo = (seed: string) => {
		const args = ["--train", "120", "--test", "60", "--seed", seed, "--json", "--quiet"];
		const { status, stdout, stderr } = run("dist/cli/main.js", "demo", ...args);
		t.same([status, stderr], [0, ""]);
		return JSON.parse(stdout);
	};
	const [first, again, other] = [demo("1"), demo("1"), demo("2")];
	t.match(first, { task: "gestures", seed: 1, recordings: 120, bytes: Number, operations: Number, seconds: Number });
	for (const name of ["accuracy", "weightsHash", "operations", "countsOnlyAccuracy"]) t.equal(again[name], first[name]);
	t.not(other.weightsHash, first.weightsHash);
});

t.test("demo: learns gestures to 90 % and more, which counting events cannot", async (t) => {
	const { status, stdout, stderr } = run("dist/cli/main.js", "demo");
	t.same([status, stderr], [0, ""]);
	const share = (pattern: RegExp) => Number(pattern.exec(stdout)?.[1]);
	t.ok(share(/\n(\d+\.\d) % of 1 200 gestures it had not seen\n/) >= 90, stdout);
	t.ok(share(/\n(\d+\.\d) % by counting events alone/) <= 22);
	t.equal(stdout.match(/^ +[\d ]+ +\d+\.\d % {2}[█▏▎▍▌▋▊▉]+$/gm)?.length, 20, "a chart of how it climbs");
	t.match(stdout, /\ncircle clockwise {9}5 /);
	t.ok(Math.max(...stdout.split("\n").map((line) => line.length)) <= 90);
});

t.test("examples: learn", async (t) => {
	const { status, stdout, stderr } = run("examples/learn.mjs");
	t.same([status, stderr], [0, ""]);
	t.ok(Number(/not seen before: (\d+\.\d) % right/.exec(stdout)?.[1]) >= 60, stdout);
});

t.test("examples: follow", async (t) => {
	const { status, stdout, stderr } = run("examples/follow.mjs");
	t.same([status, stderr], [0, ""]);
	t.ok(Number(/alone: (\d+) of 100 right/.exec(stdout)?.[1]) >= 70, stdout);
});

t.test("examples: listen", async (t) => {
	const { status, stdout, stderr } = run("examples/listen.mjs");
	t.same([status, stderr], [0, ""]);
	t.ok(Number(/^(\d+) of 20 tones right/.exec(stdout)?.[1]) >= 16, stdout);
});

t.test("examples: live", async (t) => {
	const { status, stdout, stderr } = run("examples/live.mjs");
	t.same([status, stderr], [0, ""]);
	t.match(stdout, /^sent (\d+), received \1, given \1, dropped 0\n/);
	t.match(
		stdout,
		/\nlive: {3}(\d\d) stretches learned, weights (\w{16})\nreplay: \1 stretches learned, weights \2\nthe same bytes\n$/,
	);
});

t.test("examples: adapt", async (t) => {
	const { status, stdout, stderr } = run("examples/adapt.mjs");
	t.same([status, stderr], [0, ""]);
	const right = (pattern: RegExp) => Number(pattern.exec(stdout)?.[1]);
	const [before, adapted] = [right(/^before: (\d+) of 120/), right(/\nadapted: (\d+) of 120/)];
	t.ok(before <= 40 && adapted >= 80, stdout);
	t.ok(right(/\nafter 200 wrong labels: (\d+) of 120/) >= adapted - 6, stdout);
	t.match(stdout, /\nrolled back: /);
});

t.test(
	"examples/keep.mjs: a damaged file costs nothing that was saved, and a delta leads to the same answers",
	async (t) => {
		const { status, stdout, stderr } = run("examples/keep.mjs");
		t.same([status, stderr], [0, ""]);
		t.match(stdout, /^\d+ saves of \d+ bytes\nthe previous file was whole/);
		t.match(stdout, "to 400 once more: the same bytes as without the fault");
		const [far = 0, here = 1] = (/: (\d+) of 120 right where it arrives, (\d+) here/.exec(stdout) ?? [])
			.slice(1)
			.map(Number);
		t.ok(far >= here - 6 && here > 60, stdout);
	},
);
