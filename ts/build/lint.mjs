// `npm run lint`: formatting and lints of the TypeScript and the Rust; a warning is an error.
import { npmTool, Refusal, requireModules, requireRust, run, say, show } from "./shell.mjs";
import { lintWasm } from "./wasm.mjs";

// What the small module is built from.
const SMALL = ["-p", "stllr-core", "-p", "stllr-wasm", "--no-default-features"];

const CHECKS = {
	biome: () => show(npmTool("biome"), ["check", "--error-on-warnings"]),
	rustfmt: () => show("cargo", ["fmt", "--all", "--check"]),
	clippy: () => show("cargo", ["clippy", "-q", "--workspace", "--all-targets", "--", "-D", "warnings"]),
	"clippy without deep": () => show("cargo", ["clippy", "-q", ...SMALL, "--", "-D", "warnings"]),
	"clippy for wasm32": lintWasm,
};

await run(async () => {
	requireModules();
	requireRust();
	const failed = [];
	for (const [name, check] of Object.entries(CHECKS)) {
		const status = await check();
		say(`${name}: ${status === 0 ? "ok" : "failed"}`);
		if (status !== 0) failed.push(name);
	}
	if (failed.length > 0) throw new Refusal(`failed: ${failed.join(", ")}`);
});
