#!/usr/bin/env node
// `npm run learn -- TASK [...]`: builds the package and the tasks in test/learn, then learns in this process, so that Ctrl-C comes to it.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { filesIn, step } from "./fresh.mjs";
import { buildPackage } from "./package.mjs";
import { must, npmTool, root, run } from "./shell.mjs";

const compiled = "target/learn";

await run(async () => {
	await buildPackage();
	await step({
		name: "learn",
		inputs: [
			"test/learn",
			"ts/tsconfig.json",
			"package.json",
			...filesIn("dist").filter((file) => file.endsWith(".d.ts")),
		],
		outputs: [compiled],
		async make() {
			rmSync(join(root, compiled), { recursive: true, force: true });
			await must("compiling the tasks", npmTool("tsc"), ["-p", "test/learn/tsconfig.json"]);
		},
	});
	await import(pathToFileURL(join(root, compiled, "main.js")).href);
});
