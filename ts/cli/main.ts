#!/usr/bin/env node
// The program: finds the command, runs it, and turns what goes wrong into one line.

import { readFileSync } from "node:fs";
import { type Command, helpOf, readArgs, UsageError } from "./args.js";
import { keepSmall } from "./heap.js";

const COMMANDS: Readonly<Record<string, { about: string; load: () => Promise<{ command: Command }> }>> = {
	demo: { about: "learn gestures from a simulated event camera; needs no data", load: () => import("./demo.js") },
	train: { about: "learn labelled recordings online, one at a time", load: () => import("./train.js") },
	eval: { about: "repeat a run of train and test what came of it", load: () => import("./eval.js") },
	info: { about: "what is in an event file", load: () => import("./info.js") },
	convert: { about: "an event file in another format", load: () => import("./convert.js") },
	record: { about: "a live sensor into a file", load: () => import("./record.js") },
	replay: { about: "a recorded session once more", load: () => import("./replay.js") },
	inspect: { about: "what a network holds and does; what a checkpoint has in it", load: () => import("./inspect.js") },
	diff: { about: "in what two checkpoints differ", load: () => import("./diff.js") },
	import: { about: "a network from NIR, PyTorch, safetensors or a delta", load: () => import("./import.js") },
	export: { about: "a network as NIR, safetensors, weights or a delta", load: () => import("./export.js") },
};

const HELP = `Usage: stllr COMMAND [options]

Spiking networks that learn online from event cameras, with integers only.

Commands:
${Object.entries(COMMANDS)
	.map(([name, { about }]) => `  stllr ${name.padEnd(9)}${about}`)
	.join("\n")}

  stllr COMMAND --help    the options of a command
  stllr --version

Exit codes: 0 done, 1 failed, 2 called wrongly, 130 stopped by Ctrl-C.
`;

async function main(args: readonly string[]): Promise<number> {
	const [name, ...rest] = args;
	if (name === undefined || name === "--help" || name === "-h" || name === "help") {
		(name === undefined ? process.stderr : process.stdout).write(HELP);
		return name === undefined ? 2 : 0;
	}
	if (name === "--version" || name === "-v") {
		process.stdout.write(`${version()}\n`);
		return 0;
	}
	const found = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
	if (found === undefined) {
		const kind = name.startsWith("-") ? "option" : "command";
		throw new UsageError(`there is no ${kind} ${name}; there are ${Object.keys(COMMANDS).join(", ")}`);
	}
	keepSmall();
	const { command } = await found.load();
	if (rest.includes("--help") || rest.includes("-h")) {
		process.stdout.write(helpOf(command));
		return 0;
	}
	try {
		return await command.run(readArgs(command, rest));
	} catch (error) {
		throw renamed(error, command);
	}
}

function version(): string {
	const found: unknown = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
	return typeof found === "object" && found !== null && "version" in found ? String(found.version) : "unknown";
}

/** An error that names the flag where the library names the option that the flag sets. */
function renamed(error: unknown, { named = [] }: Command): unknown {
	if (!(error instanceof Error) || !("option" in error) || typeof error.option !== "string") return error;
	const { option, message } = error;
	const flag = named.find(([pattern]) => pattern.test(option))?.[1];
	if (flag !== undefined && message.startsWith(option)) error.message = flag + message.slice(option.length);
	return error;
}

function fail(error: unknown, isDebug: boolean): number {
	const message = error instanceof Error ? error.message : String(error);
	const stack = isDebug && error instanceof Error ? `\n${error.stack ?? ""}` : "";
	process.stderr.write(`stllr: ${message}${stack}\n`);
	return error instanceof UsageError ? 2 : 1;
}

// A reader that has seen enough (`| head`) is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
	if (error.code === "EPIPE") process.exit();
	throw error;
});

const args = process.argv.slice(2);
process.exitCode = await main(args).catch((error: unknown) => fail(error, args.includes("--debug")));
