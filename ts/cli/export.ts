// `stllr export`: the network of a checkpoint for other programs.

import { rename, rm, writeFile } from "node:fs/promises";
import { exportNir } from "../exchange/node.js";
import { StllrError } from "../index.js";
import { type Args, type Command, UsageError } from "./args.js";
import { dataOf, tell } from "./import.js";
import { loadModel } from "./model.js";
import { Screen } from "./screen.js";

/** The command. */
export const command: Command = {
	name: "export",
	usage: "FROM.stllr TO.nir [options]",
	about: [
		"Writes the network of a checkpoint as a NIR graph, with a report of all that NIR",
		"has no word for. Needs the package h5wasm.",
	],
	flags: [],
	run,
};

async function run(args: Args): Promise<number> {
	const [from, to, more] = args.positionals;
	if (from === undefined || to === undefined) throw new UsageError("export needs FROM.stllr and TO.nir");
	if (more !== undefined) throw new UsageError(`export takes one network; what is ${JSON.stringify(more)}?`);
	if (!to.toLowerCase().endsWith(".nir")) throw new UsageError(`${to}: its ending is not known; there is .nir`);
	const screen = new Screen(args);
	const network = await loadModel(from, (line) => screen.note(line));
	const { bytes, report } = await exportNir(network);
	await writeWhole(to, bytes);
	tell(screen, report, `${to}: the network of ${from}, ${bytes.length} bytes`);
	screen.json({ from, to, bytes: bytes.length, report: dataOf(report) });
	return 0;
}

/** Writes a file beside, and puts it in its place when it is whole. */
async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
	const beside = `${path}.part-${process.pid}`;
	try {
		await writeFile(beside, bytes);
		await rename(beside, path);
	} catch (cause) {
		await rm(beside, { force: true });
		throw new StllrError("storage", `${path}: cannot be written: ${cause instanceof Error ? cause.message : cause}`, {
			cause,
		});
	}
}
