// What is up to date and need not be made again: a stamp holds a hash over what went in and one over what came out.
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./shell.mjs";

const stamps = join(root, "target/stamps");

/**
 * Makes a step's outputs unless they are there, as the step left them, from just these inputs.
 *
 * `inputs` and `outputs` are paths from the root, folders meaning all files in them. `make` does the work and may return
 * facts to keep in the stamp; `accept` may refuse what is there by its facts. Returns `{ made, facts }`.
 */
export async function step({ name, inputs, outputs, accept = () => true, make }) {
	const before = hashOf(inputs);
	const stamp = readStamp(name);
	if (stamp && stamp.inputs === before && stamp.outputs === hashOf(outputs) && accept(stamp.facts)) {
		return { made: false, facts: stamp.facts };
	}
	const facts = (await make()) ?? {};
	mkdirSync(stamps, { recursive: true });
	writeFileSync(join(stamps, `${name}.json`), JSON.stringify({ inputs: before, outputs: hashOf(outputs), facts }));
	return { made: true, facts };
}

function readStamp(name) {
	try {
		return JSON.parse(readFileSync(join(stamps, `${name}.json`), "utf8"));
	} catch {
		return undefined;
	}
}

/** All files in a folder, sorted, as paths from the root; the path itself where it is a file, nothing where it is missing. */
export function filesIn(path) {
	const found = statSync(join(root, path), { throwIfNoEntry: false });
	if (found === undefined) return [];
	if (!found.isDirectory()) return [path];
	return readdirSync(join(root, path))
		.sort()
		.flatMap((name) => filesIn(`${path}/${name}`));
}

function hashOf(paths) {
	const hash = createHash("sha256");
	for (const file of paths.flatMap(filesIn)) {
		const bytes = readFileSync(join(root, file));
		hash.update(`\n${file} ${bytes.length}\n`).update(bytes);
	}
	return hash.digest("hex");
}
