// What saving by itself costs: how long learning stands still for a snapshot, and what share of learning's processor time
// goes into saves.
//
//   node test/bench/autosave.mjs [PATH] [--rounds 5] [--json]
//
// A dense network of 2312-256-10 learns recordings of PATH (nmnist-small.zip, say), or made ones of the same size, for so long by
// itself and for so long with an Autosave to a real file, in turn. Each round is a process of its own, so that the first
// snapshots are cold ones.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { child, median, processorMs, spread } from "./stats.mjs";

/** Samples between saves: about a second of learning, without a pause. */
const EVERY_SAMPLES = 2000;
const SAMPLES = 6000;
const SNAPSHOTS = 200;

const { values, positionals } = parseArgs({
	allowPositionals: true,
	options: { rounds: { type: "string", default: "5" }, json: { type: "boolean" }, measure: { type: "boolean" } },
});
if (values.measure) await measure(positionals[0]);
else compare(positionals[0], Number(values.rounds));

function compare(path, rounds) {
	const self = [fileURLToPath(import.meta.url), "--measure", ...(path === undefined ? [] : [path])];
	const runs = Array.from({ length: rounds }, () => child(self));
	const of = (get) => runs.map(get);
	const figures = {
		firstStopMs: of(({ stops }) => stops[0]),
		stopMs: of(({ stops }) => median(stops)),
		turnMs: of(({ turns }) => median(turns)),
		shareUnderMs: of(
			({ stops, turns }) => (100 * stops.filter((stop, k) => stop < 1 && turns[k] < 1).length) / stops.length,
		),
		longestStopMs: of(({ stops }) => Math.max(...stops.slice(1))),
		saveProcessorMs: of(({ saveMs }) => saveMs),
		sharePercent: of(({ saveMs, learnMs }) => (100 * saveMs) / (learnMs * EVERY_SAMPLES)),
		perSecondPercent: of(({ saveMs }) => saveMs / 10),
	};
	const { bytes, learnMs } = runs[0];
	console.log(`dense 2312-256-10, files of ${bytes} bytes; medians (and ranges) of ${rounds} rounds`);
	console.log(
		`learning stands still  ${spread(figures.stopMs, 3)} ms a snapshot; ${spread(figures.longestStopMs, 2)} the longest of ${SNAPSHOTS - 1},`,
	);
	console.log(`                       ${spread(figures.firstStopMs, 2)} the first`);
	console.log(
		`the event loop waits   ${spread(figures.turnMs, 3)} ms for the rest of a save, at most between two turns`,
	);
	console.log(`both are below 1 ms    in ${spread(figures.shareUnderMs, 1)} % of the saves`);
	console.log(
		`a save                 ${spread(figures.saveProcessorMs, 2)} ms of processor time, all threads; a recording is learned in ${learnMs.toFixed(3)}`,
	);
	console.log(
		`saving                 ${spread(figures.sharePercent, 2)} % of learning, every ${EVERY_SAMPLES} recordings; ${spread(figures.perSecondPercent, 2)} % of a processor, once a second`,
	);
	if (values.json) {
		const medians = Object.entries(figures).map(([name, all]) => [name, median(all)]);
		console.log(JSON.stringify(Object.fromEntries(medians)));
	}
}

async function measure(path) {
	const { Network } = await import("stllr");
	const { Autosave, Store } = await import("stllr/store");
	const recordings = await recordingsOf(path);
	const network = await Network.create({
		input: { width: 34, height: 34, polarities: 2 },
		stepUs: 10_000,
		steps: 30,
		layers: [
			{ type: "dense", units: 256 },
			{ type: "readout", classes: 10 },
		],
	});
	const learn = (k) => {
		const { events, label } = recordings[k % recordings.length];
		network.learn(events, label);
	};
	for (let k = 0; k < 1000; k += 1) learn(k);
	const folder = mkdtempSync(join(tmpdir(), "stllr-bench-"));
	try {
		const stops = [];
		const turns = [];
		let bytes = 0;
		for (let k = 0; k < SNAPSHOTS; k += 1) {
			learn(k);
			const began = performance.now();
			let isSaving = true;
			const saving = network.save().finally(() => {
				isSaving = false;
			});
			stops.push(performance.now() - began);
			// What else a save does on this thread lies between two turns of the event loop.
			for (let longest = 0; ; ) {
				const before = performance.now();
				await new Promise(setImmediate);
				longest = Math.max(longest, performance.now() - before);
				if (!isSaving) {
					turns.push(longest);
					break;
				}
			}
			bytes = (await saving).length;
		}
		const began = processorMs();
		for (let k = 0; k < SAMPLES; k += 1) {
			learn(k);
			// As with saves: the event loop gets its turn.
			if (k % 50 === 0) await new Promise(setImmediate);
		}
		const learnMs = (processorMs() - began) / SAMPLES;
		const store = new Store(join(folder, "m.stllr"), { validate: () => undefined });
		const autosave = new Autosave({ store, snapshot: () => network.save(), everySamples: EVERY_SAMPLES });
		const before = processorMs();
		for (let k = 0; k < SAMPLES; k += 1) {
			learn(k);
			autosave.sampled();
			if (k % 50 === 0) await new Promise(setImmediate);
		}
		await autosave.close();
		const inLoop = processorMs() - before - learnMs * SAMPLES;
		// By themselves, so that the learning between them does not count: the two must agree.
		const saves = 30;
		const start = processorMs();
		for (let k = 0; k < saves; k += 1) await store.write(await network.save());
		const saveMs = (processorMs() - start) / saves;
		console.log(JSON.stringify({ stops, turns, bytes, learnMs, saveMs, inLoopMs: inLoop / autosave.stats.saves }));
	} finally {
		rmSync(folder, { recursive: true });
	}
}

/** Recordings of 34 x 34 pixels: real ones, or some 55 inputs a step at random. */
async function recordingsOf(path) {
	if (path !== undefined) {
		const { openLabelled } = await import("stllr/datasets");
		return (await openLabelled(path)).train.slice(0, 100).map(({ events, label }) => ({ events, label }));
	}
	let state = 1;
	const draw = (n) => {
		state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
		return Math.floor((state / 2 ** 32) * n);
	};
	return Array.from({ length: 100 }, (_, label) => {
		const length = 30 * 55;
		const t = Float64Array.from({ length }, (_, k) => Math.floor((k * 300_000) / length));
		const [x, y] = [Uint16Array, Uint16Array].map((Kind) => Kind.from({ length }, () => draw(34)));
		return { events: { t, x, y, p: Uint8Array.from({ length }, () => draw(2)) }, label: label % 10 };
	});
}
