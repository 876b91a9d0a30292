// Kills a process that learns, again and again, and looks at what is left.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { StorageError, Store } from "stllr/store";
import { Random } from "../../ts/random.js";
import type { State } from "./bytes-state.mjs";

/** What learns: its bytes, and how to tell whole ones. */
interface StateModule {
	openState(bytes: Uint8Array | undefined): Promise<State>;
	validate(bytes: Uint8Array): void | Promise<void>;
}

/** What happened. */
export interface Crashes {
	/** Saves that were acknowledged in all lives. */
	readonly saved: number;
	/** Kills after which the file held a save that had been acknowledged, or one that was on its way. */
	readonly old: number;
	readonly new: number;
	/** Kills by the last operation on the disk that the process had begun. */
	readonly during: ReadonlyMap<string, number>;
	/** Samples that the last save had learned. */
	readonly samples: number;
}

/** Of one save. */
interface Save {
	readonly samples: number;
	readonly hash: string;
}

const child = fileURLToPath(new URL("child.mjs", import.meta.url));

/**
 * Starts a process that learns and saves, kills it after a number of bytes of its output that the seed decides, reads
 * what is left, and starts it again on that; so many rounds. Throws at the first save that is neither the last
 * acknowledged one nor a later one, bit for bit, or that a process which was never killed would not have made.
 *
 * @param mostBytes of output before a kill
 */
export async function crash(
	folder: string,
	module: URL,
	options: { rounds: number; seed: number; mostBytes: number },
): Promise<Crashes> {
	const { openState, validate } = (await import(module.href)) as StateModule;
	const path = join(folder, "state.stllr");
	const random = new Random(options.seed, 9);
	const during = new Map<string, number>();
	const counts = { saved: 0, old: 0, new: 0 };
	/** What the bytes are after so many samples: the same in each life. */
	const hashes = new Map<number, string>();
	let last: Save | undefined;
	for (let round = 0; round < options.rounds; round += 1) {
		const lines = await killed([path, module.href], 1 + random.below(options.mostBytes));
		const fail = (what: string) =>
			new Error(`seed ${options.seed}, round ${round}: ${what}\n${lines.slice(-12).join("\n")}`);
		/** The last acknowledged save, and those behind it. */
		let allowed = [last];
		for (const line of lines) {
			const [what = "", samples = "", hash = ""] = line.split(" ");
			if (what === "op") continue;
			const save = { samples: Number(samples), hash };
			if (what === "found" && save.hash !== (last?.hash ?? "")) throw fail(`it began with another save: ${line}`);
			if (what === "taken") allowed.push(save);
			if (what === "saved") {
				counts.saved += 1;
				allowed = [save];
			}
			if (what !== "found" && (hashes.get(save.samples) ?? hash) !== hash)
				throw fail(`another life had others: ${line}`);
			if (what !== "found") hashes.set(save.samples, hash);
		}
		const operation = lines.filter((line) => line.startsWith("op ")).at(-1) ?? "op none";
		during.set(operation.slice(3), (during.get(operation.slice(3)) ?? 0) + 1);

		const warnings: string[] = [];
		const store = new Store(path, { validate, warn: (text) => warnings.push(text) });
		const read = await store.read().catch((error: unknown) => {
			if (error instanceof StorageError && error.kind === "missing") return undefined;
			throw error;
		});
		const hash = read && createHash("sha256").update(read.bytes).digest("hex");
		const at = allowed.findIndex((save) => save?.hash === hash);
		if (at < 0) throw fail(`what is left was not saved, or replaced before: ${hash}`);
		if (warnings.length > 0) throw fail(warnings.join("\n"));
		counts[at === 0 ? "old" : "new"] += 1;
		last = allowed[at];
	}

	const store = new Store(path, { validate });
	const { bytes } = await store.read();
	const unbroken = await openState(undefined);
	while (unbroken.samples < (last?.samples ?? 0)) await unbroken.advance();
	if (Buffer.compare(await unbroken.snapshot(), bytes) !== 0) throw new Error("a process never killed has other bytes");
	await store.write(bytes);
	const odd = readdirSync(folder).filter((name) => ![basename(path), `${basename(path)}.previous`].includes(name));
	if (odd.length > 0) throw new Error(`left over: ${odd}`);
	return { ...counts, during, samples: last?.samples ?? 0 };
}

/** The whole lines of a process that was killed when it had said so many bytes. */
function killed(given: readonly string[], bytes: number): Promise<string[]> {
	// A user's Node has none of the loaders that the test runner gives to every Node it sees started.
	const env = { ...process.env, NODE_OPTIONS: "" };
	const running = spawn(process.execPath, [child, ...given], { env, stdio: ["ignore", "pipe", "pipe"] });
	let said = "";
	let complaint = "";
	running.stdout.setEncoding("latin1").on("data", (part: string) => {
		said += part;
		if (said.length >= bytes) running.kill("SIGKILL");
	});
	running.stderr.on("data", (part) => {
		complaint += part;
	});
	return new Promise((resolve, reject) => {
		running.on("error", reject);
		running.on("close", (code, signal) => {
			if (signal !== "SIGKILL") reject(new Error(`it ended by itself: ${code ?? signal}\n${complaint}`));
			else resolve(said.split("\n").slice(0, -1));
		});
	});
}
