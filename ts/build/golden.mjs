// `npm run golden -- DIR`: replays a folder of golden files through the oracle and the integer core.
import { must, requireRust, run, show } from "./shell.mjs";

const ORACLE = ["--release", "-q", "-p", "stllr-oracle", "--bin", "golden"];

await run(async () => {
	requireRust();
	await must("compiling the oracle", "cargo", ["build", ...ORACLE]);
	process.exitCode = show("cargo", ["run", ...ORACLE, "--", ...process.argv.slice(2)], { stdout: 1 });
});
