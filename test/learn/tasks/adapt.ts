// The adapter on real drift: a speaker never heard, and a later session of a radar; by labels that are right, and by labels of which a
// fifth is wrong.
//
// Options were chosen by `--validate`, on the same parts as those of `fsdd-speaker` and `neuroradar`.

import { Network, type NetworkSpec } from "stllr";
import { Adapter, type AdapterOptions } from "stllr/adapt";
import { shuffled } from "stllr/datasets";
import { Random } from "../../../dist/random.js";
import { describe, meanFigures, Pupil, partOf, type Sample, sumWork } from "../classify.js";
import type { Goal, Run, Task, Watch } from "../task.js";
import { digitNetwork, needs } from "./fsdd.js";
import { openSpeakers } from "./fsdd-speaker.js";
import { FINAL_RATE, neuroradar, openSessions } from "./neuroradar.js";

/** How many answers a label comes behind its recording. */
const LATE = 3;
/** Labels that are wrong, where some are. */
const WRONG = 0.2;
/** Names the random order of what is new, and the labels that are wrong. */
const [NEW_ORDER, WRONG_STREAM] = [1000, 0x77726f6e];

/**
 * Where most is known already, wrong labels do more harm than right ones do good: of a few variants on session 7 this one had the best worst
 * case.
 */
const CAREFUL: AdapterOptions = { rate: { labels: 0.5, unlikely: 0.25 } };

/** Fifty labels are few: each is learned by little, and three old ones beside it. Of some variants on three of the voices this one gained most. */
const FEW: AdapterOptions = {
	rate: { labels: 0.25, unlikely: 0.25 },
	rehearsal: { perLabel: 3 },
	guard: { share: 0.1 },
};

/** Samples that come in one by one with their labels, late, and the network that is to adapt to them. */
interface Drift {
	readonly known: readonly Sample[];
	readonly taught: number;
	readonly stream: readonly Sample[];
	/** Tested after the stream; where there is none, the answers of the stream are the test. */
	readonly test: readonly Sample[] | undefined;
	/** What the rates are multiplied by in the stream. */
	readonly rate: number;
	/** To what part of themselves rates fall while the known ones are learned. */
	readonly final: number;
	readonly options: AdapterOptions;
}

const ABOUT = [
	`An Adapter answers at once; labels come ${LATE} answers later. Figures: not adapting; with labels that are right; with`,
	"a fifth of them wrong (any other class). The network learns all known recordings before that.",
];

/** Goals that every drift has: what wrong labels may cost at most, and what right ones gain at least. */
function goals(gain: Pick<Goal, "full" | "short">): Task["goals"] {
	return [
		{ figure: "gain", about: "points that adapting by right labels gains", ...gain },
		{
			figure: "wrongGain",
			about: "points that adapting gains where a fifth of the labels is wrong",
			full: -2,
			short: -2,
		},
	];
}

export const fsddAdapt: Task = {
	name: "fsdd-adapt",
	about: [
		"a new speaker's digits, adapted to by stllr/adapt",
		"As in fsdd-speaker: four speakers are known, 5 takes a digit of the fifth come in, each once, their other 450 are the test.",
		...ABOUT,
	],
	data: needs,
	goals: goals({ full: 5, short: 2 }),
	epochs: { full: 12, short: 3 },
	async open(request) {
		const folds = await openSpeakers(request);
		const [first = { known: [], train: [], test: [] }] = folds;
		return {
			about: `${folds.length} speakers in turn; ${await describe(digitNetwork(first.known, { type: "dense" }), first)}`,
			async run(seed, taught, watch) {
				const runs: Run[] = [];
				for (const [at, { known, train, test }] of folds.entries()) {
					const varied = known.map((take) => take.varied);
					const drift = { known: varied, taught, stream: train, test, rate: 1, final: 0.1, options: FEW };
					const spec = digitNetwork(known, { type: "dense" });
					runs.push(await adapt(spec, drift, seed, partOf(watch, at, folds.length)));
				}
				return { ...sumWork(runs), ...meanFigures(runs) };
			},
		};
	},
};

export const neuroradarAdapt: Task = {
	name: "neuroradar-adapt",
	about: [
		"radar gestures of a later session, adapted to by stllr/adapt",
		"Sessions 1 to 7 are known; session 8 comes in, in an order drawn at random, and its answers are the test.",
		...ABOUT,
	],
	data: neuroradar.data,
	goals: goals({ full: 0, short: 0 }),
	epochs: neuroradar.epochs,
	async open(request) {
		const { train, test, spec } = await openSessions(request);
		const drift = {
			known: train,
			stream: test,
			test: undefined,
			rate: FINAL_RATE,
			final: FINAL_RATE,
			options: CAREFUL,
		};
		return {
			about: await describe(spec, { train, test }),
			run: (seed, taught, watch) => adapt(spec, { ...drift, taught }, seed, watch),
		};
	},
};

/** Teaches a network what is known, then lets it adapt to what is new: by right labels, and anew by some that are wrong. */
async function adapt(spec: NetworkSpec, drift: Drift, seed: number, watch: Watch): Promise<Run> {
	const { known, taught, stream, test, rate, final } = drift;
	const network = await Network.create({ ...watch.spec(spec), seed });
	try {
		const began = performance.now();
		const pupil = new Pupil(network, seed, watch);
		await pupil.learn({ train: known, epochs: taught, schedule: { type: "linear", final } });
		const { hidden, readout } = network.rates;
		network.setRates({ hidden: rate * hidden, readout: rate * readout });
		const before = await pupil.test(test ?? stream);
		const start = network.snapshot();
		const figures: Record<string, number> = { before };
		for (const [name, wrong] of [
			["", 0],
			["wrong", WRONG],
		] as const) {
			network.restore(start);
			const adapter = new Adapter(network, { seed, ...drift.options });
			const answers = follow(adapter, shuffled(stream, seed, NEW_ORDER), wrong, seed);
			const accuracy = test === undefined ? answers : await pupil.test(test);
			figures[name === "" ? "adapted" : "wrongAdapted"] = accuracy;
			figures[name === "" ? "gain" : "wrongGain"] = accuracy - before;
			figures[name === "" ? "rollbacks" : "wrongRollbacks"] = adapter.count("rollback");
		}
		return { figures, byEpoch: [], ...pupil.work(), seconds: (performance.now() - began) / 1000 };
	} finally {
		network.close();
	}
}

/** Gives an adapter samples and, later, their labels; says how many of its answers were right, in percent. */
function follow(adapter: Adapter, stream: readonly Sample[], wrong: number, seed: number): number {
	const random = new Random(seed, WRONG_STREAM);
	const classes = adapter.network.spec.readout.classes.length;
	const told: { id: number; label: number }[] = [];
	let right = 0;
	for (const { events, label } of stream) {
		const { id, label: said } = adapter.answer(events, { startUs: 0 });
		right += Number(said === label);
		const isWrong = random.chance(wrong);
		told.push({ id, label: isWrong ? (label + 1 + random.below(classes - 1)) % classes : label });
		const due = told.length > LATE ? told.shift() : undefined;
		if (due !== undefined) adapter.label(due.id, due.label);
	}
	for (const { id, label } of told) adapter.label(id, label);
	return (100 * right) / stream.length;
}
