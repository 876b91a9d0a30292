// `npm run learn -- TASK`: learns a task on real recordings, in full or in its short form, and says how well.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { NetworkSpec } from "stllr";
import { Args, UsageError } from "../../dist/cli/args.js";
import { Interrupt } from "../../dist/cli/interrupt.js";
import { Screen } from "../../dist/cli/screen.js";
import { byDefaults } from "./defaults.js";
import { type Outcome, outcome, reportLines } from "./outcome.js";
import { type DataNeed, type Run, Stopped, type Task } from "./task.js";
import { tasks } from "./tasks/all.js";

/** Beside the clone; this file lies in target/learn when it runs. */
const SHARED = fileURLToPath(new URL("../../../shared/data", import.meta.url));
const SEEDS = { full: 3, short: 1 };

const HELP = `Usage: npm run learn -- TASK [options]

Learns a task on real recordings, prints how well after each epoch, and ends in one JSON line.

Tasks:
${tasks.map(({ name, about }) => `  ${name.padEnd(16)}${about[0]}`).join("\n")}
  ${"all".padEnd(16)}every task in turn

Options:
  --short       the short form: fewer recordings and epochs (one seed)
  --seeds N     runs, by the seeds 1 to N (3)
  --epochs N    how often to learn each recording (the task's own number)
  --validate    score a held-out part of the training data, never the test part: to choose options by
  --defaults    learn by the defaults of Network.create alone, but for encoder, steps, layers and leaks
  --data DIR    where the recordings are (../shared/data beside the clone)
  --json        nothing but the JSON line on stdout; what is for people goes to stderr
  --quiet, -q   no progress; with --json no report either
  --help, -h    this text; after a TASK all about it

Recordings that are missing are an error that says where they come from; \`all --short\` skips such a task, saying so.
Exit codes: 0 done, 1 failed or a figure was missed, 2 called wrongly, 130 stopped by Ctrl-C.
`;

/** How to run tasks. */
interface Plan {
	readonly folder: string;
	readonly short: boolean;
	readonly validate: boolean;
	readonly defaults: boolean;
	readonly seeds: number;
	readonly epochs: number | undefined;
}

async function main(): Promise<number> {
	const args = readArguments();
	const [name, more] = args.positionals;
	const task = tasks.find((task) => task.name === name);
	if (args.has("help")) {
		process.stdout.write(task === undefined ? HELP : `${task.name}: ${task.about.join("\n")}\n`);
		return 0;
	}
	if (name === undefined) throw new UsageError("which task? `npm run learn -- --help` lists them");
	if (more !== undefined) throw new UsageError(`one task at a time; what is ${JSON.stringify(more)}?`);
	if (task === undefined && name !== "all") {
		const names = tasks.map((task) => task.name).join(", ");
		throw new UsageError(`there is no task ${JSON.stringify(name)}; there are ${names}, and all`);
	}
	const short = args.has("short");
	const plan: Plan = {
		folder: args.text("data") ?? SHARED,
		short,
		validate: args.has("validate"),
		defaults: args.has("defaults"),
		seeds: args.integer("seeds", 1, 1000, short ? SEEDS.short : SEEDS.full),
		epochs: args.has("epochs") ? args.integer("epochs", 1, 1_000_000, 1) : undefined,
	};
	const screen = new Screen(args);
	const interrupt = new Interrupt((line) => screen.note(line));
	try {
		const passed =
			task === undefined
				? await runAll(plan, screen, interrupt.signal)
				: await runOne(task, plan, screen, interrupt.signal);
		return interrupt.exitCode || (passed ? 0 : 1);
	} finally {
		interrupt.close();
	}
}

function readArguments(): Args {
	const flag = { type: "boolean" } as const;
	const value = { type: "string" } as const;
	const options = {
		...{
			short: flag,
			validate: flag,
			defaults: flag,
			json: flag,
			help: { ...flag, short: "h" },
			quiet: { ...flag, short: "q" },
		},
		...{ seeds: value, epochs: value, data: value },
	};
	try {
		const { values, positionals } = parseArgs({ options, allowPositionals: true, strict: true });
		return new Args(values, positionals);
	} catch (cause) {
		const [message] = (cause instanceof Error ? cause.message : String(cause)).split(/\. |\n/);
		throw new UsageError(`${message}; \`npm run learn -- --help\` lists the options`);
	}
}

/** Runs a task, reports it, and says whether it reached its figures. */
async function runOne(task: Task, plan: Plan, screen: Screen, signal: AbortSignal): Promise<boolean> {
	const missing = missingOf(task, plan.folder);
	if (missing.length > 0) throw new Error(missing.join("\n"));
	const { json, passed } = await learn(task, plan, screen, signal);
	writeJson(screen, json);
	return passed;
}

/** Runs every task, and says whether all reached their figures. */
async function runAll(plan: Plan, screen: Screen, signal: AbortSignal): Promise<boolean> {
	const outcomes: Outcome[] = [];
	const skipped: string[] = [];
	for (const task of tasks) {
		const missing = missingOf(task, plan.folder);
		if (missing.length > 0 && !plan.short) throw new Error(missing.join("\n"));
		if (missing.length > 0) {
			skipped.push(task.name);
			screen.say(...missing.map((line) => `skipped: ${line}`), "");
		} else if (!signal.aborted) {
			outcomes.push(await learn(task, plan, screen, signal));
		}
	}
	const passed = outcomes.every((outcome) => outcome.passed);
	writeJson(screen, { task: "all", short: plan.short, passed, skipped, tasks: outcomes.map(({ json }) => json) });
	return passed;
}

/** What of a task's data is not there, a line each. */
function missingOf(task: Task, folder: string): string[] {
	const isMissing = ({ path }: DataNeed) => !existsSync(join(folder, path));
	return task.data
		.filter(isMissing)
		.map(({ path, source }) => `${task.name}: ${join(folder, path)} is missing; it comes from ${source}`);
}

/** Runs a task by each seed in turn. A run that is stopped counts as none. */
async function learn(task: Task, plan: Plan, screen: Screen, signal: AbortSignal): Promise<Outcome> {
	const { folder, short, validate, defaults, seeds } = plan;
	const epochs = plan.epochs ?? (short ? task.epochs.short : task.epochs.full);
	screen.note(`${task.name}: loading`);
	const experiment = await task.open({ folder, short, validate });
	screen.note(`${task.name}${short ? " (short)" : ""}: ${experiment.about}`);
	const runs: Run[] = [];
	for (let seed = 1; seed <= seeds && !signal.aborted; seed += 1) {
		const watch = {
			signal,
			spec: defaults ? byDefaults : (spec: NetworkSpec) => spec,
			progress: (part: number, text: () => string) =>
				screen.progress((seed - 1 + part) / seeds, () => `${task.name}  seed ${seed}/${seeds}  ${text()}`),
		};
		try {
			runs.push(await experiment.run(seed, epochs, watch));
		} catch (error) {
			if (!(error instanceof Stopped)) throw error;
		}
	}
	// Goals are for the task's own options, number of epochs and test part.
	const isJudged = !validate && !defaults && plan.epochs === undefined && runs.length === seeds;
	const result = outcome(task, runs, { epochs, short, validate, defaults, isJudged, interrupted: signal.aborted });
	screen.say(...reportLines(task, result, screen.marks), "");
	return result;
}

/** The last line on stdout, with or without --json. */
function writeJson(screen: Screen, json: object): void {
	screen.say();
	process.stdout.write(`${JSON.stringify(json)}\n`);
}

process.exitCode = await main().catch((error: unknown) => {
	const message = error instanceof Error ? error.message : String(error);
	process.stderr.write(`learn: ${message.replaceAll("\n", "\nlearn: ")}\n`);
	return error instanceof UsageError ? 2 : 1;
});
