// A live stream: chunks of events in, answers at a steady pace out, learning wherever there is a label.

import type { StreamHead } from "../checkpoint/head.js";
import { FormatError, OptionError } from "../errors.js";
import type { Events, LiveEvents } from "../events/chunk.js";
import type { StllrModule } from "../wasm/module.js";
import * as check from "./check.js";
import { checkEvents, eventFault } from "./fault.js";
import type { Answer } from "./network.js";
import type { FullSpec } from "./spec/mod.js";
import type { EventStaging } from "./staging.js";

/** How to follow a stream. */
export interface FollowOptions {
	/**
	 * The class that the stream shows at a time (us, the middle of a stretch), by index or name; `undefined` where nobody
	 * knows: then the stretch is answered but not learned. Asked once a stretch, just before it is run.
	 */
	readonly labels?: (us: number) => number | string | undefined;
	/** Length of a stretch in us: an answer comes at the end of each. Default 32 steps. */
	readonly everyUs?: number;
	/** Answer by the sum of the readout over so many us, a multiple of `everyUs`. Default one stretch. */
	readonly windowUs?: number;
	/** At a bad event: throw (`"refuse"`, the default; what came before it is taken), or drop and count it. */
	readonly onFault?: "refuse" | "skip";
	/** When step 0 begins, in us. Default: the last multiple of `stepUs` at or before the first event. */
	readonly startUs?: number;
	/**
	 * Go on with the stream in which the network was saved, with the event behind those that it had taken; then of the other options only
	 * `labels` may be given.
	 */
	readonly resume?: boolean;
}

/** What a network says at the end of a stretch. */
export interface StreamAnswer extends Answer {
	/** When the stretch ended, in us. */
	readonly us: number;
	/** What the stretch learned, or `undefined`. */
	readonly learned: number | undefined;
	/** Events of the source that were taken so far, dropped ones too; those behind them are still to come. */
	readonly events: number;
}

/** The network's side of a stream. */
export interface Followed {
	readonly learner: InstanceType<StllrModule["Learner"]>;
	readonly staging: EventStaging;
	readonly spec: FullSpec;
	readonly labelOf: (label: number | string) => number;
	readonly answer: () => Answer;
	/** Notes that a stretch of this class was learned. */
	readonly learned: (label: number) => void;
}

/** A stream on its way through a network; see `Network.follow`. */
export class StreamRun {
	readonly #network: Followed;
	#labels: (us: number) => number | string | undefined;
	readonly #stretchSteps: number;
	readonly #window: ScoreWindow;
	readonly #skip: boolean;
	#startUs: number | undefined;
	#stretchEnd = 0;
	#learned: number | undefined;
	#events = 0;

	constructor(network: Followed, options: FollowOptions) {
		const { stepUs, readout } = network.spec;
		const everyUs = multiple("everyUs", options.everyUs ?? 32 * stepUs, stepUs);
		const windowUs = multiple("windowUs", options.windowUs ?? everyUs, everyUs);
		this.#network = network;
		this.#labels = options.labels ?? noLabels;
		this.#stretchSteps = everyUs / stepUs;
		this.#window = new ScoreWindow(windowUs / everyUs, readout.classes.length);
		this.#skip = check.oneOf("onFault", options.onFault, ["refuse", "skip"], "refuse") === "skip";
		if (options.startUs !== undefined) {
			this.#begin(check.integer("startUs", options.startUs, 0, Number.MAX_SAFE_INTEGER));
		}
	}

	/** A stream as it was when it was saved; the learner's state is set already. @throws FormatError where it cannot be */
	static restored(network: Followed, saved: StreamHead, source?: string): StreamRun {
		const { everyUs, windowUs, skips } = saved;
		const classes = network.spec.readout.classes.length;
		const refuse = (what: string, allowed: string) => new FormatError(96, `stream: ${what}`, allowed, source);
		let run: StreamRun;
		try {
			run = new StreamRun(network, { everyUs, windowUs, onFault: skips ? "skip" : "refuse" });
		} catch (cause) {
			throw refuse(cause instanceof Error ? cause.message : String(cause), "times that fit the steps");
		}
		const label = Number.isInteger(saved.learned) && saved.learned >= -1 && saved.learned < classes;
		if (!label) throw refuse(`the class ${saved.learned}`, `-1 to ${classes - 1}`);
		// A stretch ends after the step that is open, or it would never end.
		const step = network.learner.stepIndex();
		const last = step + run.#stretchSteps;
		if (saved.startUs !== undefined && (saved.stretchEnd <= step || saved.stretchEnd > last)) {
			throw refuse(`a stretch up to step ${saved.stretchEnd}`, `${step + 1} to ${last}`);
		}
		run.#window.restore(saved.scores, () => refuse(`${saved.scores.length} scores`, "those of whole stretches"));
		run.#startUs = saved.startUs;
		run.#stretchEnd = saved.stretchEnd;
		run.#learned = saved.learned < 0 ? undefined : saved.learned;
		run.#events = saved.events;
		return run;
	}

	/** Where it stands, but for the learner's state. */
	saved(): StreamHead {
		const everyUs = this.#stretchSteps * this.#network.spec.stepUs;
		return {
			startUs: this.#startUs,
			everyUs,
			windowUs: this.#window.length * everyUs,
			stretchEnd: this.#stretchEnd,
			learned: this.#learned ?? -1,
			skips: this.#skip,
			events: this.#events,
			scores: this.#window.saved(),
		};
	}

	/** Goes on, with labels from here on. @throws OptionError for any other option */
	resume(options: FollowOptions): void {
		for (const name of ["everyUs", "windowUs", "onFault", "startUs"] as const) {
			if (options[name] !== undefined) throw new OptionError(name, options[name], "nothing, where a stream is resumed");
		}
		this.#labels = options.labels ?? noLabels;
	}

	/** Runs a source through the network; gives an answer for each stretch. */
	async *follow(source: AsyncIterable<LiveEvents> | Iterable<LiveEvents>): AsyncGenerator<StreamAnswer> {
		for await (const events of source) {
			checkEvents(events);
			yield* this.chunk(events);
			if (events.untilUs !== undefined) yield* this.until(events.untilUs);
		}
		yield* this.end();
	}

	/** Takes a chunk; gives an answer for each stretch that it completes. */
	*chunk(events: Events): Generator<StreamAnswer> {
		const { learner, staging, spec } = this.#network;
		if (this.#startUs === undefined) {
			const first = events.t.find((t) => t >= 0 && t <= Number.MAX_SAFE_INTEGER);
			if (first === undefined && this.#skip) {
				this.#events += events.t.length;
				return;
			}
			this.#begin(Math.floor((first ?? 0) / spec.stepUs) * spec.stepUs);
		}
		for (let from = 0; from < events.t.length; ) {
			// Staged anew in each round: between two answers, other networks may have used the staging buffer.
			const until = Math.min(events.t.length, from + staging.capacity);
			const count = staging.put(events, from, until);
			const taken = learner.feed(staging.buffer, 0, count, this.#stretchEnd);
			if (learner.faultKind() >= 0) throw eventFault(learner, events, from);
			from += taken;
			this.#events += taken;
			if (learner.stepIndex() === this.#stretchEnd) yield this.#finishStretch();
		}
	}

	/** Time has come so far, whether there were events or not: steps that are over are run; gives an answer for each stretch. */
	*until(untilUs: number): Generator<StreamAnswer> {
		const { learner, spec } = this.#network;
		const { stepUs, maxGapUs } = spec;
		const beganUs = this.#startUs ?? Math.floor(untilUs / stepUs) * stepUs;
		const nowUs = beganUs + learner.stepIndex() * stepUs;
		const latest = Math.min(Number.MAX_SAFE_INTEGER, (this.#startUs === undefined ? untilUs : nowUs) + maxGapUs);
		check.integer("events.untilUs", untilUs, 0, latest);
		if (this.#startUs === undefined) this.#begin(beganUs);
		const step = Math.floor((untilUs - beganUs) / stepUs);
		while (learner.stepIndex() < step) {
			learner.run(Math.min(step, this.#stretchEnd));
			if (learner.stepIndex() === this.#stretchEnd) yield this.#finishStretch();
		}
	}

	/** The stream has ended: the last stretch is run as far as it has begun. */
	*end(): Generator<StreamAnswer> {
		const { learner } = this.#network;
		if (this.#startUs === undefined) return;
		learner.run(learner.stepIndex() + 1);
		yield this.#answerNow();
	}

	#begin(startUs: number): void {
		this.#startUs = startUs;
		this.#network.learner.begin(true, false, startUs, this.#skip);
		this.#nextStretch();
	}

	#finishStretch(): StreamAnswer {
		const answer = this.#answerNow();
		this.#nextStretch();
		return answer;
	}

	#nextStretch(): void {
		const { learner, labelOf, spec } = this.#network;
		const from = this.#stretchEnd;
		this.#stretchEnd = from + this.#stretchSteps;
		const label = this.#labels((this.#startUs ?? 0) + ((from + this.#stretchEnd) / 2) * spec.stepUs);
		this.#learned = label === undefined ? undefined : labelOf(label);
		learner.target(this.#learned ?? 0, from, this.#learned === undefined ? from : this.#stretchEnd);
	}

	#answerNow(): StreamAnswer {
		const { learner, spec, answer } = this.#network;
		const now = answer();
		learner.clearScores();
		const scores = this.#window.add(now.scores);
		const label = scores.indexOf(Math.max(...scores));
		const us = (this.#startUs ?? 0) + now.steps * spec.stepUs;
		const learned = this.#learned;
		if (learned !== undefined) this.#network.learned(learned);
		return { ...now, label, name: spec.readout.classes[label] ?? "", scores, us, learned, events: this.#events };
	}
}

/** The sum of the last so many scores. */
class ScoreWindow {
	readonly #kept: Float64Array[] = [];
	/** Stretches that it adds up. */
	readonly length: number;
	readonly #classes: number;

	constructor(length: number, classes: number) {
		this.length = length;
		this.#classes = classes;
	}

	/** All that it holds, one after the other. */
	saved(): Float64Array {
		return Float64Array.from(this.#kept.flatMap((scores) => [...scores]));
	}

	/** Holds what another did. */
	restore(saved: Float64Array, refuse: () => Error): void {
		if (saved.length % this.#classes !== 0 || saved.length > this.length * this.#classes) throw refuse();
		for (let from = 0; from < saved.length; from += this.#classes) {
			this.#kept.push(saved.slice(from, from + this.#classes));
		}
	}

	add(scores: Float64Array): Float64Array {
		this.#kept.push(scores);
		if (this.#kept.length > this.length) this.#kept.shift();
		// Added anew each time: the parts are exact, so the sum does not drift.
		const sum = new Float64Array(this.#classes);
		for (const kept of this.#kept) for (let c = 0; c < sum.length; c += 1) sum[c] = (sum[c] ?? 0) + (kept[c] ?? 0);
		return sum;
	}
}

function noLabels(): undefined {}

function multiple(option: string, given: unknown, of: number): number {
	const value = check.integer(option, given, of, Number.MAX_SAFE_INTEGER);
	if (value % of !== 0) throw new OptionError(option, value, `a multiple of ${of}`);
	return value;
}
