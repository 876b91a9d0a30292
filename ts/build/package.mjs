// Everything that the package holds: the WASM modules and the compiled TypeScript, in dist.
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { filesIn, step } from "./fresh.mjs";
import { must, npmTool, requireModules, root } from "./shell.mjs";
import { buildModules } from "./wasm.mjs";

/** Brings dist up to date. Returns `{ made, sizes }`: whether anything had to be made, and the WASM's sizes. */
export async function buildPackage() {
	requireModules();
	const modules = await buildModules();
	const scripts = await buildScripts();
	return { made: modules.made || scripts.made, sizes: modules.sizes };
}

function buildScripts() {
	return step({
		name: "scripts",
		inputs: [
			...sources(),
			"ts/tsconfig.json",
			"dist/wasm/stllr.d.ts",
			"dist/wasm/stllr_deep.d.ts",
			"dist/wasm/stllr_events.d.ts",
			"dist/wasm/stllr_encode.d.ts",
			"node_modules/typescript/package.json",
			"node_modules/esbuild/package.json",
			"node_modules/msgpackr/package.json",
		],
		outputs: compiled(),
		async make() {
			prune();
			await must("compiling the TypeScript", npmTool("tsc"), ["-p", "ts/tsconfig.json"]);
			await Promise.all(Object.entries(BUNDLED).map(bundle));
		},
	});
}

/** Files that a library is made part of: so the package needs no other to be installed, and pages no bundler. */
const BUNDLED = { "dist/checkpoint/pack.js": "msgpackr" };

/** Puts the library that a file imports into it, with its licence. */
async function bundle([file, library]) {
	// The file imports nothing but the library: a copy of ours would be another module.
	const flags = ["--bundle", "--format=esm", "--platform=neutral", "--conditions=browser", "--legal-comments=inline"];
	const licence = readFileSync(join(root, "node_modules", library, "LICENSE"), "utf8").trim();
	const banner = `--banner:js=/*! ${library}\n\n${licence}\n*/`;
	const output = [`--outfile=${file}`, "--allow-overwrite", "--log-level=warning", banner];
	await must(`bundling ${file}`, npmTool("esbuild"), [file, ...flags, ...output]);
}

function sources() {
	return filesIn("ts").filter((file) => file.endsWith(".ts") && !file.startsWith("ts/build/"));
}

function compiled() {
	return sources().flatMap((file) => {
		const path = file.replace(/^ts/, "dist").replace(/\.ts$/, "");
		return [`${path}.js`, `${path}.d.ts`];
	});
}

// What a source that is gone has left must not get into the package.
function prune() {
	const wanted = new Set(compiled());
	for (const file of filesIn("dist")) {
		const isGlue = /^dist\/wasm\/stllr(_\w+)?\.(js|d\.ts|wasm)$/.test(file);
		if (!isGlue && !wanted.has(file)) rmSync(join(root, file));
	}
}
