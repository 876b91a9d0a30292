// `npm run bench -- NAME [...]`: builds, then runs test/bench/NAME.mjs.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { filesIn } from "./fresh.mjs";
import { buildPackage } from "./package.mjs";
import { Refusal, requireModules, root, run, show } from "./shell.mjs";

await run(async () => {
	requireModules();
	const [name, ...args] = process.argv.slice(2);
	const file = `test/bench/${name}.mjs`;
	if (name === undefined || name === "stats" || !/^[a-z]+$/.test(name) || !existsSync(join(root, file))) {
		const names = filesIn("test/bench").flatMap((path) => /^test\/bench\/([a-z]+)\.mjs$/.exec(path)?.[1] ?? []);
		throw new Refusal(`npm run bench -- NAME, where NAME is ${names.filter((name) => name !== "stats").join(" or ")}`);
	}
	await buildPackage();
	process.exitCode = show(process.execPath, [file, ...args], { stdout: 1 });
});
