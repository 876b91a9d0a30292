// Learning to name recordings: online, one at a time, in another order each epoch, tested after each.

import { type Events, type Meter, Network, type NetworkSpec, type Schedule, scheduledRates } from "stllr";
import { shuffled } from "stllr/datasets";
import { grouped } from "../../dist/learning/report.js";
import { type FullSchedule, fullSchedule } from "../../dist/learning/schedule.js";
import { Random } from "../../dist/random.js";
import { type Experiment, type Run, Stopped, type Watch } from "./task.js";

/** A labelled recording, encoded. */
export interface Sample {
	readonly label: number;
	readonly events: Events;
	/** Makes a likeness of it (moved, thinned): what is learned in its place. */
	readonly vary?: (random: Random) => Events;
	/** Looks at it, each classified from rest: the answer is by the sum of their scores. Default: it as it is. */
	readonly looks?: () => Iterable<Events>;
}

/** What is learned and how. */
export interface Lesson {
	readonly train: readonly Sample[];
	readonly epochs: number;
	/** How both learning rates change meanwhile. Default: they fall in a straight line to a tenth. */
	readonly schedule?: Schedule;
}

/** The parts of a set of recordings, and how they are learned. */
export interface Parts extends Omit<Lesson, "epochs"> {
	readonly test: readonly Sample[];
}

/** A task of nothing but learning one part by a fresh network and naming another. */
export async function classification(spec: NetworkSpec, parts: Parts): Promise<Experiment> {
	return {
		about: await describe(spec, parts),
		run: (seed, epochs, watch) => teach(spec, { ...parts, epochs }, seed, watch),
	};
}

/** The same for several pairs of parts, each by a network of its own; figures are means. */
export async function crossValidation(spec: NetworkSpec, folds: readonly Parts[]): Promise<Experiment> {
	return {
		about: `${folds.length} folds; ${await describe(spec, folds[0] ?? { train: [], test: [] })}`,
		async run(seed, epochs, watch) {
			const runs: Run[] = [];
			for (const [at, parts] of folds.entries()) {
				runs.push(await teach(spec, { ...parts, epochs }, seed, partOf(watch, at, folds.length)));
			}
			return { ...sumWork(runs), ...meanFigures(runs) };
		},
	};
}

/** The watch of the `at`-th of `count` parts of a run. */
export function partOf(watch: Watch, at: number, count: number): Watch {
	return {
		...watch,
		progress: (done, text) => watch.progress((at + done) / count, () => `part ${at + 1}/${count}  ${text()}`),
	};
}

/** The sizes of the parts and of the network. */
export async function describe(spec: NetworkSpec, { train, test }: Pick<Parts, "train" | "test">): Promise<string> {
	const { width, height = 1, polarities = 1 } = spec.input;
	const shape = [width * height * polarities, ...spec.layers.flatMap(sizeOf)].join("-");
	const { total } = await Network.memory(spec);
	return `${grouped(train.length)} recordings to learn, ${grouped(test.length)} to test; network ${shape}, ${grouped(total)} bytes`;
}

/** How a layer stands in the line; nothing for those without neurons. */
function sizeOf(layer: NetworkSpec["layers"][number]): (number | string)[] {
	if (layer.type === "dense") return [layer.units];
	if (layer.type === "recurrent") return [`${layer.units}r`];
	if (layer.type === "conv") return [`${layer.filters}c${layer.kernel}`];
	if (layer.type !== "readout" || !("classes" in layer)) return [];
	return [typeof layer.classes === "number" ? layer.classes : layer.classes.length];
}

/** For how long at most the event loop waits, for Ctrl-C to come in. */
const BREATH_MS = 50;
/** Names the random numbers of likenesses. */
const VARY_STREAM = 0x76617279;

/** A fresh network of a spec, taught and tested. */
export async function teach(spec: NetworkSpec, lesson: Lesson & Parts, seed: number, watch: Watch): Promise<Run> {
	const network = await Network.create({ ...watch.spec(spec), seed });
	try {
		const began = performance.now();
		const pupil = new Pupil(network, seed, watch);
		const byEpoch: number[] = [];
		await pupil.learn(lesson, async () => {
			byEpoch.push(await pupil.test(lesson.test));
		});
		return {
			figures: { accuracy: byEpoch.at(-1) ?? Number.NaN },
			byEpoch,
			...pupil.work(),
			seconds: (performance.now() - began) / 1000,
		};
	} finally {
		network.close();
	}
}

/** A network that is being taught; counts what it does. */
export class Pupil {
	readonly network: Network;
	readonly #seed: number;
	readonly #watch: Watch;
	#learned = 0;
	#learningMs = 0;
	#rested = performance.now();
	#meter: Meter | undefined;
	#schedule: FullSchedule | undefined;

	constructor(network: Network, seed: number, watch: Watch) {
		this.network = network;
		this.#seed = seed;
		this.#watch = watch;
	}

	/**
	 * Learns `epochs` times over; the network's rates are then what they were.
	 *
	 * @param afterEpoch called after each, with the part of right answers given while learning, in percent
	 */
	async learn(lesson: Lesson, afterEpoch?: (right: number) => Promise<void>): Promise<void> {
		const { train, epochs } = lesson;
		const schedule = fullSchedule(lesson.schedule);
		const { rates } = this.network;
		const total = train.length * epochs;
		let done = 0;
		for (let epoch = 1; epoch <= epochs; epoch += 1) {
			let right = 0;
			for (const sample of shuffled(train, this.#seed, epoch)) {
				await this.#rest();
				this.network.setRates(scheduledRates(rates, schedule, done / train.length, epochs));
				right += Number(this.learnOne(sample));
				done += 1;
				this.#watch.progress(done / total, () => `epoch ${epoch}/${epochs}  recording ${done}/${total}`);
			}
			await afterEpoch?.((100 * right) / train.length);
		}
		this.network.setRates(rates);
		this.#schedule = schedule;
	}

	/** Learns one recording, by the rates in force. Says whether it was answered rightly meanwhile. */
	learnOne({ events, vary, label }: Sample): boolean {
		const before = performance.now();
		const seen = vary === undefined ? events : vary(new Random(this.#seed, VARY_STREAM, this.#learned));
		// What is tested in between is no learning work.
		if (this.#meter !== undefined) this.network.resetMeter();
		const answer = this.network.learn(seen, label, { startUs: 0 });
		this.#meter = addMeters(this.#meter, this.network.meter());
		this.#learned += 1;
		this.#learningMs += performance.now() - before;
		return answer.label === label;
	}

	/** Right answers, in percent. */
	async test(samples: readonly Sample[]): Promise<number> {
		let right = 0;
		for (const sample of samples) {
			await this.#rest();
			right += Number(this.answer(sample) === sample.label);
		}
		return (100 * right) / samples.length;
	}

	/** The class with the highest score, summed over all looks; the first of equal ones. */
	answer({ events, looks }: Sample): number {
		if (looks === undefined) return this.network.classify(events, { startUs: 0 }).label;
		let sums = new Float64Array();
		for (const look of looks()) {
			const { scores } = this.network.classify(look, { startUs: 0 });
			sums = scores.map((score, at) => score + (sums[at] ?? 0));
		}
		return sums.indexOf(Math.max(...sums));
	}

	/** What a run says of the work. */
	work(): Pick<Run, "recordings" | "learningSeconds" | "bytes" | "meter" | "weightsHash" | "schedule"> {
		return {
			...(this.#schedule && { schedule: this.#schedule }),
			recordings: this.#learned,
			learningSeconds: this.#learningMs / 1000,
			bytes: this.network.memory().total,
			meter: this.#meter ?? this.network.meter(),
			weightsHash: this.network.weightsHash(),
		};
	}

	/** Lets signals in now and then. */
	async #rest(): Promise<void> {
		if (performance.now() - this.#rested < BREATH_MS) return;
		await new Promise((resolve) => setImmediate(resolve));
		this.#rested = performance.now();
		if (this.#watch.signal.aborted) throw new Stopped("stopped");
	}
}

/** The work of several runs together; the network and the schedule are those of the first. */
export function sumWork(runs: readonly Run[]): Omit<Run, "figures" | "byEpoch"> {
	const [first] = runs;
	if (first === undefined) throw new Error("there is no run to sum up");
	const total = (value: (run: Run) => number) => runs.reduce((sum, run) => sum + value(run), 0);
	return {
		...(first.schedule && { schedule: first.schedule }),
		recordings: total((run) => run.recordings),
		seconds: total((run) => run.seconds),
		learningSeconds: total((run) => run.learningSeconds),
		bytes: first.bytes,
		meter: runs.slice(1).reduce((sum, run) => addMeters(sum, run.meter), first.meter),
		weightsHash: runs.map((run) => run.weightsHash).join(" "),
	};
}

/** The means of the runs' figures, of those that all have. */
export function meanFigures(runs: readonly Run[]): Pick<Run, "figures" | "byEpoch"> {
	const mean = (value: (run: Run) => number | undefined) =>
		runs.reduce((sum, run) => sum + (value(run) ?? Number.NaN), 0) / runs.length;
	const [first] = runs;
	const names = Object.keys(first?.figures ?? {});
	return {
		figures: Object.fromEntries(names.map((name) => [name, mean(({ figures }) => figures[name])])),
		byEpoch: (first?.byEpoch ?? []).map((_, at) => mean(({ byEpoch }) => byEpoch[at])),
	};
}

/** The sum of two counts of work. */
export function addMeters(a: Meter | undefined, b: Meter): Meter {
	if (a === undefined) return b;
	return {
		steps: a.steps + b.steps,
		learningSteps: a.learningSteps + b.learningSteps,
		inputSpikes: a.inputSpikes + b.inputSpikes,
		hiddenSpikes: a.hiddenSpikes + b.hiddenSpikes,
		synapticOperations: a.synapticOperations + b.synapticOperations,
		updateOperations: a.updateOperations + b.updateOperations,
		weightUpdates: a.weightUpdates + b.weightUpdates,
	};
}
