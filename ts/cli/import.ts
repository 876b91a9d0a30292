// `stllr import`: a network of another program into a checkpoint.

import { applyDelta } from "../checkpoint/mod.js";
import {
	type Imported,
	importNir,
	importSafetensors,
	importTorch,
	type NirOptions,
	type NirReport,
	type TensorSpec,
} from "../exchange/node.js";
import { Network } from "../index.js";
import { type Args, type Command, UsageError } from "./args.js";
import { readCheckpoint } from "./checkpoint.js";
import { modelStore } from "./model.js";
import { networkOf } from "./network.js";
import { Screen } from "./screen.js";

/** The command. */
export const command: Command = {
	name: "import",
	usage: "FROM -o TO.stllr [options]",
	about: [
		"Makes a network of another program's file and writes it as a checkpoint, with a",
		"report of all that was chosen and rounded. FROM is a NIR graph (.nir, needs the",
		"package h5wasm), PyTorch's checkpoint of a state dict (.pth, .pt, .tar), or",
		".safetensors. What such weights do not say (steps, leaks, thresholds, layers",
		"without weights) is in SPEC.json, as Network.create takes it. A .stllr with what",
		"changed since a checkpoint is added to that one (--base).",
	],
	flags: [
		{ name: "out", short: "o", value: "FILE", help: "where the network goes (m.stllr)" },
		{ name: "base", value: "BASE.stllr", help: "of what changed: the checkpoint that it was made from" },
		{ name: "spec", value: "SPEC.json", help: "of weights: the rest of the network" },
		{ name: "key", value: "NAME", help: "of a PyTorch file: where in it the state dict is" },
		{ name: "step-us", value: "US", help: "of a graph: a time step (what the file says, else 1000)" },
		{ name: "method", value: "NAME", help: "of a graph: leaks by euler (1 - dt / tau) or exact; euler" },
		{ name: "reset", value: "NAME", help: "of a graph: zero or subtract (what the file says)" },
		{ name: "if-gain", value: "NAME", help: "of a graph: r of IF and I counts by step or second; step" },
		{ name: "answer", value: "NAME", help: "of a graph: classes or values (classes, from two on)" },
	],
	named: [
		[/^stepUs$/, "--step-us"],
		[/^answer$/, "--answer"],
	],
	run,
};

async function run(args: Args): Promise<number> {
	const [from, more] = args.positionals;
	const out = args.text("out");
	if (from === undefined || out === undefined) throw new UsageError("import needs FROM and -o TO.stllr");
	if (more !== undefined) throw new UsageError(`import takes one file; what is ${JSON.stringify(more)}?`);
	const screen = new Screen(args);
	const base = args.text("base");
	const { network, report, lines } = base === undefined ? await imported(from, args) : await added(from, base);
	await modelStore(out, (line) => screen.note(line)).write(await network.save());
	tell(screen, lines, `${out}: the network of ${from}`);
	screen.json({ from, out, weightsHash: network.weightsHash(), report });
	return 0;
}

/** A network with what was done, for programs and as lines. */
interface Done {
	readonly network: Network;
	readonly report: object;
	readonly lines: readonly string[];
}

/** A base with what changed since. */
async function added(from: string, base: string): Promise<Done> {
	const bytes = await applyDelta(await readCheckpoint(base), await readCheckpoint(from), [base, from]);
	return { network: await Network.load(bytes), report: { base }, lines: [`what changed since ${base} is added`] };
}

async function imported(from: string, args: Args): Promise<Done> {
	const ending = /\.[^.]*$/.exec(from.toLowerCase())?.[0] ?? "";
	if (ending === ".nir") {
		const { network, report } = await importNir(from, readOptions(args));
		return { network, report: dataOf(report), lines: report.lines };
	}
	if (![".pth", ".pt", ".tar", ".safetensors"].includes(ending)) {
		throw new UsageError(
			`${from}: its ending is not known; there are .nir, .pth, .pt, .tar and .safetensors, and .stllr with --base`,
		);
	}
	const [path, key] = [args.text("spec"), args.text("key")];
	const spec = path === undefined ? undefined : (networkOf(path) as TensorSpec);
	if (ending === ".safetensors") return told(await importSafetensors(from, spec === undefined ? {} : { spec }));
	if (spec === undefined) throw new UsageError(`${from}: weights alone are no network: --spec SPEC.json says the rest`);
	return told(await importTorch(from, { spec, ...(key !== undefined && { key }) }));
}

function told({ network, report }: Imported): Done {
	const layers = report.layers.map(({ layer, module, largest, clipped, step, range, choices }) => {
		const rounded = `rounded by ${largest.toPrecision(3)} at most, ${clipped === 0 ? "none" : clipped} clipped`;
		const held = `held in steps of ${step.toPrecision(3)} up to ${range.toPrecision(3)}`;
		const chosen = choices.map(({ option, value, from }) => `; ${option} ${JSON.stringify(value)} (${from})`).join("");
		return `${layer} from ${module}: ${rounded}; ${held}${chosen}`;
	});
	const unused = report.leftOut.map(({ tensor, reason }) => `${tensor} is left out: ${reason}`);
	return { network, report, lines: [...layers, ...unused] };
}

function readOptions(args: Args): NirOptions {
	const stepUs = args.number("step-us");
	const method = args.word("method", ["euler", "exact"]);
	const reset = args.word("reset", ["zero", "subtract"]);
	const ifGain = args.word("if-gain", ["step", "second"]);
	const answer = args.word("answer", ["classes", "values"]);
	return {
		...(stepUs !== undefined && { stepUs }),
		...(method !== undefined && { method }),
		...(reset !== undefined && { reset }),
		...(ifGain !== undefined && { ifGain }),
		...(answer !== undefined && { answer }),
	};
}

/** Says what was done. */
export function tell(screen: Screen, lines: readonly string[], head: string): void {
	screen.say(head, ...lines.map((line) => `  ${line}`));
}

/** A report for programs, who do not want its lines. */
export function dataOf({ lines: _, ...data }: NirReport): object {
	return data;
}
