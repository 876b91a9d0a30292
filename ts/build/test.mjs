// `npm test`: builds, then runs cargo's tests and tap's, and ends with `N passed, N failed` over both.
//
//   npm test                    everything but test/long
//   npm test -- FILE...         these tap files only
//   npm run test:long           test/long only
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { filesIn, step } from "./fresh.mjs";
import { buildPackage } from "./package.mjs";
import { must, npmTool, quietly, Refusal, requireModules, requireRust, root, run, say, show } from "./shell.mjs";
import { add, describe, nothing, tallyCargo, tallyTap } from "./tally.mjs";
import { buildSweeps } from "./wasm.mjs";

await run(async () => {
	requireModules();
	requireRust();
	const given = process.argv.slice(2);
	const isLong = given[0] === "--long";
	const files = isLong ? testsIn("test/long") : given.length > 0 ? given : testsIn("test");
	await buildPackage();
	await buildSweeps();
	await checkTypes();
	const native = given.length > 0 ? nothing : await runCargo();
	const sum = add(native, runTap(files, isLong ? ["--timeout=3600"] : []));
	process.stdout.write(`${describe(sum)}\n`);
	if (sum.failed > 0) process.exitCode = 1;
});

// The files of one folder, not of those within it.
function testsIn(folder) {
	const depth = folder.split("/").length + 1;
	return filesIn(folder).filter((file) => file.endsWith(".test.ts") && file.split("/").length === depth);
}

function checkTypes() {
	return step({
		name: "test-types",
		inputs: [
			"test",
			"examples",
			"ts/tsconfig.json",
			"package.json",
			...filesIn("dist").filter((file) => file.endsWith(".d.ts")),
		],
		outputs: [],
		async make() {
			await must("checking the types of the tests", npmTool("tsc"), ["-p", "test/tsconfig.json"]);
		},
	});
}

async function runCargo() {
	await must("compiling the native tests", "cargo", ["test", "-q", "--workspace", "--no-run"]);
	const { status, output } = await quietly("running the native tests", "cargo", [
		"test",
		"--workspace",
		"--no-fail-fast",
	]);
	if (status !== 0) process.stderr.write(output);
	const sum = certain(tallyCargo(output), status);
	say(`cargo: ${describe(sum)}`);
	return sum;
}

function runTap(files, options) {
	if (files.length === 0) throw new Refusal("there is no test to run");
	const report = join(root, "target/test.tap");
	mkdirSync(join(report, ".."), { recursive: true });
	rmSync(report, { force: true });
	const reporter = process.stdout.isTTY ? "base" : "min";
	const status = show(
		npmTool("tap"),
		["run", `--reporter=${reporter}`, `--output-file=${report}`, ...options, ...files],
		{
			stdout: 1,
		},
	);
	const sum = certain(tallyTap(readFileSync(report, "utf8")), status);
	say(`tap: ${describe(sum)}`);
	return sum;
}

// A runner that failed without a failed test (it could not start, or was killed) is a failure too.
function certain(sum, status) {
	return status !== 0 && sum.failed === 0 ? add(sum, { ...nothing, failed: 1 }) : sum;
}
