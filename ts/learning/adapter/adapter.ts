// A network that goes on learning where it is used, and does not become worse by it.

import { OptionError, StateError } from "../../errors.js";
import { copyOf, type Events, type LiveEvents } from "../../events/chunk.js";
import * as check from "../../network/check.js";
import { checkEvents } from "../../network/fault.js";
import type { Answer, Network } from "../../network/network.js";
import { startOf } from "../../network/recording.js";
import { Random } from "../../random.js";
import { DriftWatch } from "./drift.js";
import { Guard } from "./guard.js";
import { type AuditEntry, type AuditEvent, AuditLog, ENTRY_BYTES, type RefusalReason } from "./log.js";
import { type AdapterOptions, type FullAdapterOptions, fullOptions } from "./options.js";
import { Balance, Pace } from "./pace.js";
import { type Answered, Recent } from "./recent.js";
import { EVENT_BYTES, type Kept, Reservoir } from "./reservoir.js";
import { type AdapterFollowOptions, Stretches } from "./stretches.js";

/** What an adapter says of a recording. */
export interface AdapterAnswer extends Answer {
	/** Numbers the recordings, from 0: what labels are given by. */
	readonly id: number;
	/** When the recording began and ended, in us. */
	readonly startUs: number;
	readonly endUs: number;
	/** How far the best score is ahead of the second, as a part of how far it is ahead of the last: 0 to 1. */
	readonly confidence: number;
}

/** Which recording a label is for: by its number, or by a time in it (us; the last one that has it). */
export type Which = number | { readonly us: number };

/** What came of a label or a reward. */
export type Outcome = "learned" | "held" | "noted" | RefusalReason;

/** How many bytes an adapter holds beside its network, and how many it can come to hold at most. */
export interface AdapterMemory {
	readonly recent: number;
	readonly held: number;
	readonly rehearsal: number;
	readonly snapshot: number;
	readonly log: number;
	readonly total: number;
	readonly bound: number;
}

/** Bytes that a recording is counted as beside its events and scores. */
const ITEM_BYTES = 512;
/** Characters of a class's name that the log has. */
const MOST_NAME = 64;
/** Names the streams of random numbers. */
const [HELD_STREAM, REHEARSAL_STREAM, OTHERS_STREAM] = [0x68656c64, 0x72656865, 0x6f746872];

/**
 * Wraps a network for use and learning at once: it answers, and learns where somebody says what was right, at once or later. It is
 * deterministic: the same calls give the same weights and the same log.
 */
export class Adapter {
	/** The network that it adapts. It may be asked and saved; who changes it otherwise calls `accept` then. */
	readonly network: Network;
	readonly #options: FullAdapterOptions;
	readonly #recent: Recent;
	readonly #rehearsal: Reservoir<Kept & { readonly update: number }>;
	readonly #guard: Guard;
	readonly #others: Random;
	readonly #pace: Pace;
	readonly #balance = new Balance();
	readonly #drift = new DriftWatch();
	readonly #log: AuditLog;
	/** The network's classes: labels that are kept are indices of them. */
	#classes: readonly string[];
	#us = 0;
	#next = 0;
	/** Updates so far; those up to `#goodUpdate` are in the last good snapshot. */
	#updates = 0;
	#goodUpdate = 0;
	#caution = 1;
	#frozen = false;
	/** Recordings that were too large to be kept: the ids of the last of them. */
	readonly #large = new Set<number>();

	/** @throws OptionError for an option out of its range, StateError for a network that gives values in place of classes */
	constructor(network: Network, options: AdapterOptions = {}) {
		if (network.spec.readout.classes.length === 0) {
			throw new StateError("an adapter needs a readout of classes, and this one gives values");
		}
		this.network = network;
		this.#classes = network.spec.readout.classes;
		this.#options = fullOptions(options);
		const { seed, memory, guard, rehearsal, limits, log } = this.#options;
		this.#recent = new Recent(memory);
		this.#rehearsal = new Reservoir(rehearsal.perClass, new Random(seed, REHEARSAL_STREAM));
		this.#guard = new Guard(network, guard, new Random(seed, HELD_STREAM));
		this.#others = new Random(seed, OTHERS_STREAM);
		this.#pace = new Pace(limits);
		this.#log = new AuditLog(log);
	}

	/**
	 * Says what a recording shows, at once, and remembers it for its label.
	 *
	 * @param options `startUs`: when step 0 begins (default: the last multiple of `stepUs` at or before the first event); `endUs`: when it
	 *   ended (default: after its last step)
	 * @throws EventError for a bad event
	 */
	answer(events: Events, options: { readonly startUs?: number; readonly endUs?: number } = {}): AdapterAnswer {
		check.object("options", options, ["startUs", "endUs"]);
		checkEvents(events);
		const { stepUs } = this.#open().spec;
		const startUs = startOf(events, options.startUs, stepUs);
		const said = this.network.classify(events, { startUs });
		const endUs = check.integer("endUs", options.endUs, 0, Number.MAX_SAFE_INTEGER, startUs + said.steps * stepUs);
		const id = this.#next;
		this.#next += 1;
		this.#us = Math.max(this.#us, endUs);
		this.#pace.answered();
		const answer: AdapterAnswer = { ...said, id, startUs, endUs, confidence: confidenceOf(said.scores) };
		this.#remember(answer, events);
		this.#watch("confidence", answer.confidence);
		if (endUs > startUs) this.#watch("inputRate", (1e6 * events.t.length) / (endUs - startUs));
		const { selfLabel } = this.#options;
		if (selfLabel !== undefined && answer.confidence >= selfLabel) this.#learnSelf(id, answer.label);
		return answer;
	}

	/**
	 * Says what was right: it is learned, or held back to be scored.
	 *
	 * @param which the recording
	 * @param label its class, by index or name
	 * @returns what came of it
	 * @throws OptionError for a class or a recording that there never was
	 */
	label(which: Which, label: number | string): Outcome {
		const index = check.label("label", label, this.#open().spec.readout.classes);
		const item = this.#find(which);
		if (typeof item === "string") return item;
		item.isTold = true;
		const { id, answered } = item;
		const kept = { id, label: index, events: item.events, startUs: item.startUs };
		const held = this.#guard.draws() && this.#guard.hold(kept, answered === index);
		this.#note({ kind: "label", id, label: index, answered, held });
		this.#watch("error", Number(answered !== index));
		if (held) return "held";
		const { labels, unlikely, balance } = this.#options.rate;
		const isLikely = rankOf(item.scores, index) < LIKELY_RANKS;
		const weight = (balance ? this.#balance.weigh(index) : 1) * (isLikely ? 1 : unlikely);
		const outcome = this.#learn(item, index, labels * weight, "label");
		if (outcome !== "learned") return outcome;
		this.#rehearse();
		this.#rehearsal.offer({ ...kept, update: this.#updates });
		this.#protect();
		return "learned";
	}

	/** Says whether the answer was right: a reward of 1 or -1. */
	judge(which: Which, isRight: boolean): Outcome {
		return this.reward(which, check.flag("isRight", isRight, false) ? 1 : -1);
	}

	/**
	 * Says how good the answer was. Above 0, the answer is learned, by so much. Below, another class drawn at random is: over many
	 * answers that teaches "not this one" and nothing else, where the next best would teach the network its own guesses.
	 *
	 * @param reward -1 to 1
	 * @throws OptionError as `label` does
	 */
	reward(which: Which, reward: number): Outcome {
		this.#open();
		check.number("reward", reward, -1, 1);
		const item = this.#find(which);
		if (typeof item === "string") return item;
		item.isTold = true;
		const { id, answered } = item;
		this.#note({ kind: "reward", id, reward, answered });
		this.#watch("error", (1 - reward) / 2);
		if (reward === 0) return "noted";
		const label = reward > 0 ? answered : this.#another(answered);
		const weight = Math.abs(reward) * (this.#options.rate.balance ? this.#balance.weigh(label) : 1);
		const outcome = this.#learn(item, label, this.#options.rate.rewards * weight, "reward");
		if (outcome === "learned") this.#protect();
		return outcome;
	}

	/**
	 * Holds a labelled recording back, to be scored: of what the network knows and must not forget, say.
	 *
	 * @returns whether it is kept: a class has so many places, and who comes later may find none
	 */
	protect(events: Events, label: number | string, options: { readonly startUs?: number } = {}): boolean {
		check.object("options", options, ["startUs"]);
		const index = check.label("label", label, this.#open().spec.readout.classes);
		checkEvents(events);
		const startUs = startOf(events, options.startUs, this.network.spec.stepUs);
		const isRight = this.network.classify(events, { startUs }).label === index;
		if (events.t.length > this.#options.mostEvents || this.#options.guard.perClass === 0) return false;
		return this.#guard.hold({ id: -1, label: index, events: copyOf(events), startUs }, isRight);
	}

	/**
	 * Follows a live stream: at the end of each stretch it answers by the events of the last `windowUs`, from rest. Labels may be given
	 * inside the loop or from elsewhere, by an answer's `id` or by a time.
	 *
	 * @throws EventError for a bad event, where they are not skipped
	 */
	async *follow(
		source: AsyncIterable<LiveEvents> | Iterable<LiveEvents>,
		options: AdapterFollowOptions = {},
	): AsyncGenerator<AdapterAnswer> {
		const stretches = new Stretches(this.network.spec, options);
		let dropped = 0;
		const answer = ({ events, startUs, endUs }: { events: Events; startUs: number; endUs: number }): AdapterAnswer => {
			const said = { ...this.answer(events, { startUs, endUs }), dropped: stretches.dropped - dropped };
			dropped = stretches.dropped;
			return said;
		};
		for await (const chunk of source) for (const window of stretches.chunk(chunk)) yield answer(window);
		for (const window of stretches.end()) yield answer(window);
	}

	/** From here on nothing is learned; labels and rewards are noted, held back and refused. */
	freeze(): void {
		if (this.#frozen) return;
		this.#frozen = true;
		this.#note({ kind: "freeze" });
	}

	/** From here on it learns again. */
	thaw(): void {
		if (!this.#frozen) return;
		this.#frozen = false;
		this.#note({ kind: "thaw" });
	}

	/** Is it frozen? */
	get isFrozen(): boolean {
		return this.#frozen;
	}

	/** Adds a class to the network, and accepts the network as it is then. */
	addClass(name: string): number {
		const label = this.network.addClass(name);
		this.#note({ kind: "class", label, name: name.slice(0, MOST_NAME) });
		this.#classes = this.network.spec.readout.classes;
		this.accept();
		return label;
	}

	/** Takes the network as it is now for the good one: to be called after it was changed from elsewhere. */
	accept(): void {
		this.#open();
		this.#guard.accept();
		this.#goodUpdate = this.#updates;
	}

	/** The last entries of the audit log, oldest first: plain JSON. */
	log(): AuditEntry[] {
		return this.#log.entries();
	}

	/** How many entries of a kind there ever were. */
	count(kind: AuditEvent["kind"]): number {
		return this.#log.count(kind);
	}

	/** What it holds, and what it can come to hold. */
	memory(): AdapterMemory {
		const { memory, mostEvents, guard, rehearsal, log: mostLog } = this.#options;
		const classes = this.network.spec.readout.classes.length;
		const { held: heldEvents, snapshot } = this.#guard.bytes;
		const recentItem = ITEM_BYTES + 8 * classes;
		const recent = this.#recent.bytes + this.#recent.size * recentItem + this.#large.size * 8;
		const held = heldEvents + this.#guard.held * ITEM_BYTES;
		const rehearsed = this.#rehearsal.bytes + this.#rehearsal.size * ITEM_BYTES;
		const log = this.#log.kept * ENTRY_BYTES;
		const places = classes * (guard.perClass + rehearsal.perClass);
		const bound =
			EVENT_BYTES * memory.events +
			memory.recordings * (recentItem + 8) +
			places * (EVENT_BYTES * mostEvents + ITEM_BYTES) +
			// A new snapshot is made before the old one goes, and a network is held twice while it is rolled back.
			2 * snapshot +
			mostLog * ENTRY_BYTES;
		return {
			recent,
			held,
			rehearsal: rehearsed,
			snapshot,
			log,
			total: recent + held + rehearsed + snapshot + log,
			bound,
		};
	}

	#open(): Network {
		if (this.network.spec.readout.classes === this.#classes) return this.network;
		throw new StateError(
			"the network's classes were changed elsewhere: add them by the adapter, or make a new adapter",
		);
	}

	#remember(answer: AdapterAnswer, events: Events): void {
		const { memory, mostEvents } = this.#options;
		const { id, startUs, endUs, label: answered, scores } = answer;
		if (events.t.length > Math.min(mostEvents, memory.events)) {
			this.#large.add(id);
			for (const old of this.#large) {
				if (this.#large.size <= memory.recordings) break;
				this.#large.delete(old);
			}
			return;
		}
		this.#recent.add({ id, events: copyOf(events), startUs, endUs, answered, scores, isTold: false });
	}

	/** The recording that a label is for, or why there is none; then the refusal is in the log. */
	#find(which: Which): Answered | RefusalReason {
		const item = typeof which === "number" ? this.#recent.get(which) : this.#recent.at(timeOf(which));
		if (item !== undefined) return item.isTold ? this.#refuse(item.id, "again") : item;
		if (typeof which !== "number") return this.#refuse(-1, "late");
		check.integer("which", which, 0, this.#next - 1);
		return this.#refuse(which, this.#large.has(which) ? "large" : "late");
	}

	#learn(
		{ id, events, startUs }: Pick<Answered, "id" | "events" | "startUs">,
		label: number,
		factor: number,
		why: "label" | "reward" | "self",
	): Outcome {
		if (this.#frozen) return this.#refuse(id, "frozen");
		if (!this.#pace.isOpen(this.#us)) return this.#refuse(id, "limit");
		this.#pace.learned(this.#us);
		this.#update({ id, label, events, startUs }, factor, why);
		return "learned";
	}

	/** Learns some of what was learned before again, by the same rates as a new label. */
	#rehearse(): void {
		for (let time = 0; time < this.#options.rehearsal.perLabel; time += 1) {
			const item = this.#rehearsal.draw();
			if (item === undefined || !this.#pace.isOpen(Number.POSITIVE_INFINITY)) return;
			this.#update(item, this.#options.rate.labels, "rehearsal");
		}
	}

	#update(
		{ id, label, events, startUs }: Kept,
		factor: number,
		why: Extract<AuditEvent, { kind: "update" }>["why"],
	): void {
		this.#pace.take();
		const { network } = this;
		const { rates } = network;
		const by = factor * this.#caution;
		const scaled = (rate: number) => (rate * by < LEAST_RATE ? 0 : Math.min(MOST_RATE, rate * by));
		network.setRates({ hidden: scaled(rates.hidden), readout: scaled(rates.readout) });
		try {
			network.learn(events, label, { startUs });
		} finally {
			network.setRates(rates);
		}
		this.#updates += 1;
		this.#guard.updated();
		this.#note({ kind: "update", id, label, factor: by, why });
	}

	#learnSelf(id: number, label: number): void {
		const item = this.#recent.get(id);
		if (item === undefined || this.#frozen) return;
		if (this.#learn(item, label, this.#options.rate.self, "self") === "learned") this.#protect();
	}

	/** A class other than one, each as likely. */
	#another(label: number): number {
		const { length } = this.network.spec.readout.classes;
		return (label + 1 + this.#others.below(length - 1)) % length;
	}

	/** Scores what is held back where it is time to, and rolls back where it must be. */
	#protect(): void {
		if (!this.#guard.isDue()) return;
		const verdict = this.#guard.look();
		this.#note(verdict);
		if (verdict.kind === "snapshot") {
			this.#goodUpdate = this.#updates;
			this.#caution = Math.min(1, 2 * this.#caution);
		}
		if (verdict.kind === "rollback") {
			// What was learned since the good snapshot may be what did the harm.
			const good = this.#goodUpdate;
			this.#rehearsal.keepOnly(({ update }) => update <= good);
			this.#caution = Math.max(this.#options.rate.least, this.#caution / 2);
			this.#goodUpdate = this.#updates;
		}
	}

	#watch(signal: "inputRate" | "confidence" | "error", value: number): void {
		const change = this.#drift.add(signal, value);
		if (change !== undefined) this.#note({ kind: "drift", signal, ...change });
	}

	#refuse(id: number, reason: RefusalReason): RefusalReason {
		this.#note({ kind: "refusal", id, reason });
		return reason;
	}

	#note(event: AuditEvent): void {
		this.#options.onEntry(this.#log.add(this.#us, event));
	}
}

/** A label is likely where it is one of the first two that the network thinks of. */
const LIKELY_RANKS = 2;

/** How many classes have a higher score. */
function rankOf(scores: Float64Array, label: number): number {
	const own = scores[label] ?? Number.NEGATIVE_INFINITY;
	return scores.reduce((rank, score) => rank + Number(score > own), 0);
}

/** The smallest learning rate that a network takes, but for 0; and the largest. */
const LEAST_RATE = 2 ** -24;
const MOST_RATE = 16;

function timeOf(which: { readonly us: number }): number {
	if (typeof which !== "object" || which === null) throw new OptionError("which", which, "an id or { us }");
	return check.number("which.us", which.us, 0, Number.MAX_SAFE_INTEGER);
}

/** By comparisons and one division, so that it is the same number everywhere. */
function confidenceOf(scores: Float64Array): number {
	const sorted = scores.slice().sort();
	const [best = 0, second = 0, last = 0] = [sorted.at(-1), sorted.at(-2), sorted[0]];
	return best === last ? 0 : (best - second) / (best - last);
}
