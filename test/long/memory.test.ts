// Memory while a file is read: what a file of some 40 MB takes more than one of a thousand events, format by format.
import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";
import { KINDS, writeRecording } from "./recordings.js";

const program = fileURLToPath(new URL("read.mjs", import.meta.url));
const skip = existsSync("/proc/self/status") ? false : "needs Linux, which counts a process's memory in /proc";
const FEW = 1000;
const MB = 2 ** 20;
const RUNS = 3;
/** Chunks of their own wait to be collected: V8 begins when there are 32 MB of arrays. */
const WAYS = [
	{ way: "reuse", what: "chunks in the same memory", limitMB: 16 },
	{ way: "own", what: "chunks of their own", limitMB: 48 },
];

/** What HDF5's library takes more where a file has many chunks: as much for one of 10 MB as for one of 90. */
const LIBRARY_MB = 12;

// A user's Node has none of the loaders that the test runner gives to every Node it sees started.
const node = ["-u", "NODE_OPTIONS", process.execPath];

/** The most memory of a process that reads this file. */
function peakMB(path: string, wanted: number, way: string): number {
	const { status, stdout, stderr } = spawnSync("env", [...node, program, path, way], { encoding: "utf8" });
	if (status !== 0) throw new Error(stderr);
	const { digest, peakKB }: { digest: number; peakKB: number } = JSON.parse(stdout);
	if (digest !== wanted) throw new Error(`${path}: other events than were written`);
	return peakKB / 1024;
}

const middle = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

for (const kind of KINDS) {
	t.test(`${kind.name}: a file of 40 MB takes hardly more memory than a small one`, { skip }, async (t) => {
		const folder = t.testdir({});
		const [few, many] = [join(folder, `few.${kind.ending}`), join(folder, `many.${kind.ending}`)];
		const digests = [await writeRecording(kind, few, FEW), await writeRecording(kind, many, kind.events)] as const;
		const size = statSync(many).size / MB;
		t.ok(size > 36, `${size.toFixed(1)} MB`);
		for (const { way, what, limitMB } of WAYS) {
			const over: number[] = [];
			const bases: number[] = [];
			for (let run = 0; run < RUNS; run += 1) {
				const base = peakMB(few, digests[0], way);
				bases.push(base);
				over.push(peakMB(many, digests[1], way) - base);
			}
			const figures = over.map((mb) => mb.toFixed(1)).join(", ");
			t.comment(`${kind.name}, ${size.toFixed(0)} MB, ${what}: ${figures} MB over ${middle(bases).toFixed(0)}`);
			t.ok(middle(over) < limitMB + (kind.library ? LIBRARY_MB : 0), `${what}: ${figures} MB over the base`);
		}
	});
}
