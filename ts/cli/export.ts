// `stllr export`: the network of a checkpoint for other programs.

import { rename, rm, writeFile } from "node:fs/promises";
import { exportNir, exportSafetensors } from "../exchange/node.js";
import { type Network, StllrError } from "../index.js";
import { type Args, type Command, UsageError } from "./args.js";
import { dataOf, tell } from "./import.js";
import { loadModel } from "./model.js";
import { Screen } from "./screen.js";

/** The command. */
export const command: Command = {
	name: "export",
	usage: "FROM.stllr TO [options]",
	about: [
		"Writes the network of a checkpoint for others. TO is a NIR graph (.nir, with a",
		"report of all that NIR has no word for; needs the package h5wasm), .safetensors,",
		"or .stllr: the weights alone, smaller, for who wants answers.",
	],
	flags: [{ name: "bits", value: "N", help: "of weights in a .stllr: 16 or 8 (16)" }],
	run,
};

async function run(args: Args): Promise<number> {
	const [from, to, more] = args.positionals;
	if (from === undefined || to === undefined) throw new UsageError("export needs FROM.stllr and TO");
	if (more !== undefined) throw new UsageError(`export takes one network; what is ${JSON.stringify(more)}?`);
	const ending = /\.[^.]*$/.exec(to.toLowerCase())?.[0] ?? "";
	if (![".nir", ".safetensors", ".stllr"].includes(ending)) {
		throw new UsageError(`${to}: its ending is not known; there are .nir, .safetensors and .stllr`);
	}
	const bits = args.word("bits", ["16", "8"]) === "8" ? 8 : 16;
	const screen = new Screen(args);
	const network = await loadModel(from, (line) => screen.note(line));
	const { bytes, report, lines } = await exported(network, ending, bits);
	await writeWhole(to, bytes);
	tell(screen, lines, `${to}: the network of ${from}, ${bytes.length} bytes`);
	screen.json({ from, to, bytes: bytes.length, ...(report && { report }) });
	return 0;
}

async function exported(network: Network, ending: string, bits: 16 | 8) {
	if (ending === ".stllr") return { bytes: await network.exportWeights({ bits }), report: undefined, lines: [] };
	if (ending === ".safetensors") return { bytes: exportSafetensors(network), report: undefined, lines: [] };
	const { bytes, report } = await exportNir(network);
	return { bytes, report: dataOf(report), lines: report.lines };
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
