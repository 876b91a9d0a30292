// `stllr export`: the network of a checkpoint for other programs.

import { rename, rm, writeFile } from "node:fs/promises";
import { deltaOf } from "../checkpoint/mod.js";
import { exportNir, exportSafetensors } from "../exchange/node.js";
import { type Network, StllrError } from "../index.js";
import { percent } from "../learning/report.js";
import { type Args, type Command, UsageError } from "./args.js";
import { readCheckpoint } from "./checkpoint.js";
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
		"or .stllr: the weights alone, smaller, for who wants answers; with --base only",
		"what changed since that checkpoint, for slow links (`stllr import` adds it).",
	],
	flags: [
		{ name: "bits", value: "N", help: "of weights in a .stllr: 16 or 8 (16)" },
		{ name: "base", value: "BASE.stllr", help: "write what changed since this one" },
		{ name: "drop-bits", value: "N", help: "of each change since the base, 0 to 12 (0: nothing is lost)" },
	],
	named: [[/^dropBits$/, "--drop-bits"]],
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
	const base = args.text("base");
	if (base !== undefined) return exportDelta(from, base, to, args, screen);
	const network = await loadModel(from, (line) => screen.note(line));
	const { bytes, report, lines } = await exported(network, ending, bits);
	await writeWhole(to, bytes);
	tell(screen, lines, `${to}: the network of ${from}, ${bytes.length} bytes`);
	screen.json({ from, to, bytes: bytes.length, ...(report && { report }) });
	return 0;
}

/** Writes what changed from one checkpoint to another, and says how small it is. */
async function exportDelta(from: string, base: string, to: string, args: Args, screen: Screen): Promise<number> {
	if (!to.toLowerCase().endsWith(".stllr")) throw new UsageError(`${to}: what changed since a base goes into a .stllr`);
	const dropBits = args.integer("drop-bits", 0, 12, 0);
	const [old, now] = [await readCheckpoint(base), await readCheckpoint(from)];
	const bytes = await deltaOf(old, now, { dropBits, sources: [base, from] });
	await writeWhole(to, bytes);
	const share = percent((100 * bytes.length) / now.length);
	screen.say(`${to}: from ${base} to ${from}, ${bytes.length} bytes, ${share} of the ${now.length} of ${from}`);
	screen.json({ from, base, to, bytes: bytes.length, fullBytes: now.length, dropBits });
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
