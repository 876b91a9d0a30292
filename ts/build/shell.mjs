// Running other programs and telling the user about it. All talk goes to stderr: stdout belongs to what the user asked for.
import { spawn, spawnSync } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of package.json, without a slash at its end. */
export const root = fileURLToPath(new URL("../..", import.meta.url)).replace(/[\\/]$/, "");

/** Something the user can put right. Its message is all that is shown, without a stack trace; an empty one is not. */
export class Refusal extends Error {}

export function say(line) {
	process.stderr.write(`stllr: ${line}\n`);
}

/** Runs `main` and turns a Refusal into one line and exit code 1. */
export async function run(main) {
	try {
		requireNode();
		await main();
	} catch (error) {
		if (!(error instanceof Refusal)) throw error;
		if (error.message !== "") say(error.message);
		process.exitCode = 1;
	}
}

function requireNode() {
	const major = Number(process.versions.node.split(".")[0]);
	if (major < 20) throw new Refusal(`Node ${process.versions.node} is too old; install Node 20 or newer`);
}

/** Throws where `npm ci` has not been run. */
export function requireModules() {
	if (!existsSync(join(root, "node_modules/typescript")))
		throw new Refusal("the packages are missing: run `npm ci` first");
}

/** Throws where the machine's own Rust, which tests and lints run on, is missing. */
export function requireRust() {
	if (!onPath("cargo")) throw new Refusal("cargo is missing: install Rust from https://rustup.rs, then run this again");
	if (!onPath("cc"))
		throw new Refusal("no C compiler (cc), which Rust links with; on Debian: apt-get install gcc libc6-dev");
}

export function onPath(name) {
	return (process.env.PATH ?? "").split(delimiter).some((folder) => isExecutable(join(folder, name)));
}

function isExecutable(path) {
	try {
		accessSync(path, constants.X_OK);
		return true;
	} catch {
		return false;
	}
}

/** The program of an npm package, as a command to run. */
export function npmTool(name) {
	return join(root, "node_modules/.bin", name);
}

/**
 * Runs a command and returns its exit code. It is heard as it speaks, its stdout on our stderr unless `stdout` says otherwise.
 */
export function show(command, args, { env = process.env, stdout = 2 } = {}) {
	const done = spawnSync(command, args, { cwd: root, env, stdio: ["ignore", stdout, 2] });
	if (done.error) throw new Refusal(`${command} cannot be run: ${done.error.message}`);
	return done.status ?? 1;
}

/**
 * Runs a command in silence and returns `{ status, output }`, output being both its streams. Says `doing` once it has
 * taken longer than three seconds.
 */
export function quietly(doing, command, args, { env = process.env } = {}) {
	return new Promise((resolve, reject) => {
		const child = spawn(command, args, { cwd: root, env, stdio: ["ignore", "pipe", "pipe"] });
		const late = setTimeout(say, 3000, `${doing} ...`);
		let output = "";
		for (const stream of [child.stdout, child.stderr]) {
			stream.setEncoding("utf8");
			stream.on("data", (text) => {
				output += text;
			});
		}
		child.on("error", (error) => {
			clearTimeout(late);
			reject(new Refusal(`${command} cannot be run: ${error.message}`));
		});
		child.on("close", (status) => {
			clearTimeout(late);
			resolve({ status: status ?? 1, output });
		});
	});
}

/** As `quietly`, but refuses with all the output where the command fails. */
export async function must(doing, command, args, options) {
	const { status, output } = await quietly(doing, command, args, options);
	if (status === 0) return output;
	process.stderr.write(output);
	throw new Refusal(`${doing} failed (${command} ${args.join(" ")})`);
}
