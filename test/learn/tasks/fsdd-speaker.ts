// A speaker never heard before: learned online, from a few takes, by a network that knows others.
//
// Each of the five speakers in turn is the new one. `--validate` leaves the new one out altogether and takes the speaker after it
// for the new one: so the options were chosen, on the voices that a network is else taught by.

import { Network } from "stllr";
import { describe, meanFigures, Pupil, partOf, sumWork } from "../classify.js";
import type { Request, Run, Task, Watch } from "../task.js";
import { digitNetwork, needs, openTakes, type Take } from "./fsdd.js";

/** The takes of each digit that are learned of the new speaker; all later ones are for testing. */
const LEARNED_TAKES = 5;

/** What is learned before, of the new speaker, and what is for testing. */
export interface Parts {
	readonly known: readonly Take[];
	readonly train: readonly Take[];
	readonly test: readonly Take[];
}

export const fsddSpeaker: Task = {
	name: "fsdd-speaker",
	about: [
		"spoken digits of a new speaker, learned online",
		"Encoded as in fsdd. A network learns four speakers (12 epochs, takes moved in time and thinned at random), then",
		"5 takes a digit of the fifth: one pass, and anew four passes over the same. Test: the new speaker's other 450",
		"takes. Figures are means over the five speakers present.",
		"--epochs is the number of passes. Options were chosen with the new speaker left out (--validate).",
	],
	data: needs,
	goals: [
		{ figure: "accuracy", about: "% right of the new speaker after all passes", full: 94, short: 88 },
		{ figure: "onePass", about: "% right after a single pass", full: 90, short: 80 },
		{ figure: "before", about: "% right before anything of the new speaker", full: 75 },
	],
	epochs: { full: 4, short: 2 },
	async open(request) {
		const { short } = request;
		const folds = await openSpeakers(request);
		const [first = { known: [], train: [], test: [] }] = folds;
		const taught = short ? 3 : 12;
		return {
			about: `${folds.length} speakers in turn; ${await describe(digitNetwork(first.known, { type: "dense" }), first)}`,
			async run(seed, passes, watch) {
				const runs: Run[] = [];
				for (const [at, parts] of folds.entries()) {
					runs.push(await adapt(parts, seed, { taught, passes }, partOf(watch, at, folds.length)));
				}
				return { ...sumWork(runs), ...meanFigures(runs) };
			},
		};
	},
};

/** For each speaker, what the others' network learns of them. */
export async function openSpeakers(request: Request): Promise<Parts[]> {
	const { short, validate } = request;
	const takes = await openTakes(request, ({ take }) => !short || take < 20);
	const speakers = [...new Set(takes.map(({ speaker }) => speaker))].sort();
	return speakers.slice(0, short ? 1 : undefined).map((out, at) => {
		const next = speakers[(at + 1) % speakers.length] ?? out;
		const [stranger, left] = validate ? [next, takes.filter(({ speaker }) => speaker !== out)] : [out, takes];
		const theirs = left.filter(({ speaker }) => speaker === stranger);
		return {
			known: left.filter(({ speaker }) => speaker !== stranger),
			train: theirs.filter(({ take }) => take < LEARNED_TAKES),
			test: theirs.filter(({ take }) => take >= LEARNED_TAKES),
		};
	});
}

/** Teaches a network the known speakers, then the new one: for one pass, and anew for all passes, as rates fall otherwise. */
async function adapt(
	{ known, train, test }: Parts,
	seed: number,
	{ taught, passes }: { readonly taught: number; readonly passes: number },
	watch: Watch,
): Promise<Run> {
	const runs: Run[] = [];
	for (const [at, epochs] of [1, passes].entries()) {
		const network = await Network.create({ ...watch.spec(digitNetwork(known, { type: "dense" })), seed });
		try {
			const began = performance.now();
			const pupil = new Pupil(network, seed, partOf(watch, at, 2));
			await pupil.learn({ train: known.map(({ varied }) => varied), epochs: taught });
			const before = await pupil.test(test);
			const byEpoch: number[] = [];
			await pupil.learn({ train, epochs }, async () => {
				byEpoch.push(await pupil.test(test));
			});
			const accuracy = byEpoch.at(-1) ?? Number.NaN;
			const figures = at === 0 ? { accuracy, onePass: accuracy, before } : { accuracy, before };
			runs.push({ figures, byEpoch, ...pupil.work(), seconds: (performance.now() - began) / 1000 });
		} finally {
			network.close();
		}
	}
	const [one, all] = runs as [Run, Run];
	return { ...sumWork(runs), byEpoch: all.byEpoch, figures: { ...one.figures, ...all.figures } };
}
