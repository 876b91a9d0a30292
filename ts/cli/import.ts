// `stllr import`: a network of another program into a checkpoint.

import { importNir, type NirOptions, type NirReport } from "../exchange/node.js";
import { type Args, type Command, UsageError } from "./args.js";
import { modelStore } from "./model.js";
import { Screen } from "./screen.js";

/** The command. */
export const command: Command = {
	name: "import",
	usage: "FROM.nir -o TO.stllr [options]",
	about: [
		"Makes a network of a NIR graph and writes it as a checkpoint, with a report of",
		"all that was chosen and rounded. Needs the package h5wasm.",
	],
	flags: [
		{ name: "out", short: "o", value: "FILE", help: "where the network goes (m.stllr)" },
		{ name: "step-us", value: "US", help: "the length of a time step (what the file says, else 1000)" },
		{ name: "method", value: "NAME", help: "leaks by euler (1 - dt / tau) or exact (exp(-dt / tau)); euler" },
		{ name: "reset", value: "NAME", help: "a spike sets to zero or subtracts (what the file says, else zero)" },
		{ name: "if-gain", value: "NAME", help: "r of IF and I counts by step or second; step" },
		{ name: "answer", value: "NAME", help: "classes or values (classes, where there are two outputs or more)" },
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
	if (from === undefined || out === undefined) throw new UsageError("import needs FROM.nir and -o TO.stllr");
	if (more !== undefined) throw new UsageError(`import takes one file; what is ${JSON.stringify(more)}?`);
	if (!from.toLowerCase().endsWith(".nir")) throw new UsageError(`${from}: its ending is not known; there is .nir`);
	const screen = new Screen(args);
	const { network, report } = await importNir(from, readOptions(args));
	await modelStore(out, (line) => screen.note(line)).write(await network.save());
	tell(screen, report, `${out}: the network of ${from}`);
	screen.json({ from, out, weightsHash: network.weightsHash(), report: dataOf(report) });
	return 0;
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
export function tell(screen: Screen, { lines }: NirReport, head: string): void {
	screen.say(head, ...lines.map((line) => `  ${line}`));
}

/** A report for programs, who do not want its lines. */
export function dataOf({ lines: _, ...data }: NirReport): object {
	return data;
}
