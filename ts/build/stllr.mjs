#!/usr/bin/env node
// `stllr` in a clone: brings dist up to date, then is the command itself. An installed package starts dist/cli/main.js at once.
import { buildPackage } from "./package.mjs";
import { run, say } from "./shell.mjs";
import { describeSizes } from "./wasm.mjs";

await run(async () => {
	const { made, sizes } = await buildPackage();
	if (made) for (const line of describeSizes(sizes)) say(line);
	await import("../../dist/cli/main.js");
});
