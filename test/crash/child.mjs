// A process that learns and saves until it is killed: FILE MODULE.
//
// Says on its standard output, a line each, at once: what it found (`found SAMPLES HASH` or `found nothing`), each
// snapshot before it goes to the store (`taken`), each operation on the disk before it is done (`op`), and each snapshot
// that the store has acknowledged (`saved`). What is learned is MODULE's concern: see bytes-state.mjs.
import { createHash } from "node:crypto";
import { writeSync } from "node:fs";
import { Autosave, nodeFiles, Store } from "stllr/store";

const [path = "", module = ""] = process.argv.slice(2);
const { openState, validate } = await import(module);

const store = new Store(path, { files: told(nodeFiles), validate });
const found = await store.read().catch((error) => {
	if (error.kind !== "missing") throw error;
});
const state = await openState(found?.bytes);
say(found === undefined ? "found nothing" : `found ${lineOf(state.samples, found.bytes)}`);

const autosave = new Autosave({
	store: {
		async write(bytes) {
			const line = lineOf(taken, bytes);
			say(`taken ${line}`);
			await store.write(bytes);
			say(`saved ${line}`);
		},
	},
	snapshot() {
		taken = state.samples;
		return state.snapshot();
	},
	everySamples: 3,
	onError(error) {
		throw error;
	},
});
let taken = 0;
process.on("warning", (warning) => {
	throw warning;
});
for (;;) {
	await state.advance();
	autosave.sampled();
	// However slow the disk is, it is asked to save every few samples.
	do await new Promise((resolve) => setImmediate(resolve));
	while (autosave.stats.unsavedSamples > 12);
}

function lineOf(samples, bytes) {
	return `${samples} ${createHash("sha256").update(bytes).digest("hex")}`;
}

/** Not by process.stdout, which would keep it for later. Fails, and ends this process, when nobody reads any more. */
function say(line) {
	writeSync(1, `${line}\n`);
}

/** Files, or an open file, that say what is about to be done. */
function told(files) {
	return new Proxy(files, {
		get(target, name) {
			const value = Reflect.get(target, name);
			if (typeof value !== "function" || name === "isGone") return value;
			return async (...given) => {
				say(`op ${name}`);
				const result = await value.apply(target, given);
				return name === "create" || name === "open" ? told(result) : result;
			};
		},
	});
}
