// `npm run build`: makes the package in dist, and says how large its WASM is.
import { buildPackage } from "./package.mjs";
import { run, say } from "./shell.mjs";
import { describeSizes } from "./wasm.mjs";

await run(async () => {
	const { made, sizes } = await buildPackage();
	for (const line of describeSizes(sizes)) say(line);
	say(made ? "dist is built" : "dist is up to date");
});
