// What an adapter can be told, with its ranges and defaults.

import * as check from "../../network/check.js";
import type { AuditEntry } from "./log.js";

/** How an adapter learns, and what it protects. */
export interface AdapterOptions {
	/** Names all its random choices: 0 to 2^32 - 1. Default 1. */
	readonly seed?: number;
	/** The recordings that are remembered until their labels come. */
	readonly memory?: {
		/** At most: 1 to 65,536. Default 64. */
		readonly recordings?: number;
		/** Events of all of them together: 1 to 2^26. Default 2^18 (3.4 MB). */
		readonly events?: number;
	};
	/** A longer recording is answered, but nothing of it is kept, so it cannot be learned: 1 to 2^24 events. Default 16,384. */
	readonly mostEvents?: number;
	/** Labelled recordings that are held back from learning, to be scored. */
	readonly guard?: {
		/** How many of each class: 0 (nothing is scored, and nothing rolled back) to 1,024. Default 8. */
		readonly perClass?: number;
		/** The part of the labels that are held back: 0 to 1. Default 0.2. */
		readonly share?: number;
		/** Scored after so many updates: 1 to 10^6. Default 16. */
		readonly every?: number;
		/**
		 * It rolls back where more of the held ones are wrong than by the last good snapshot, by more than this many percent of them, and
		 * by more than chance does (McNemar's test): 0 to 100. Default 5.
		 */
		readonly fall?: number;
		/** Nothing is decided by fewer held ones than: 1 to 10^6. Default 10. */
		readonly least?: number;
	};
	/** Labelled recordings that were learned, and are again beside new ones. */
	readonly rehearsal?: {
		/** How many of each class are kept: 0 to 1,024. Default 8. */
		readonly perClass?: number;
		/** Learned again for each label that is learned: 0 to 64. Default 1. */
		readonly perLabel?: number;
	};
	/** What the network's rates are multiplied by. */
	readonly rate?: {
		/** For labels: 0 to 16. Default 1. */
		readonly labels?: number;
		/** For labels that are neither the answer nor the second best: those may be wrong. 0 to 1, a part of `labels`. Default 1. */
		readonly unlikely?: number;
		/** For rewards of 1 and -1, others count by their size: 0 to 16. Default 1. */
		readonly rewards?: number;
		/** For its own labels: 0 to 16. Default 0.25. */
		readonly self?: number;
		/**
		 * Classes that came more often than the mean class among the last 64 that were to be learned are learned by less: by the mean
		 * over their own count. Default true.
		 */
		readonly balance?: boolean;
		/** After a rollback all of these count half, until a good snapshot comes: not below this part, 0 to 1. Default 1/8. */
		readonly least?: number;
	};
	/** How much it may learn, by answers and by the time of events. */
	readonly limits?: {
		/** Updates for each answer, in the mean: above 0, to 1,000. Default 16. */
		readonly perAnswer?: number;
		/** Updates that may come at once, saved up in answers without any: 1 to 10^6. Default 256. */
		readonly burst?: number;
		/** Least time of events between labels that are learned, in us. Default 0. */
		readonly everyUs?: number;
	};
	/** Learn its own answer as a weak label where its confidence is at least so much: 0 to 1. Default: never. */
	readonly selfLabel?: number;
	/** Entries of the audit log that are kept: 0 to 10^6. Default 1,000. */
	readonly log?: number;
	/** Called with each entry of the audit log as it is written. It must not call the adapter. */
	readonly onEntry?: (entry: AuditEntry) => void;
}

/** Options with every default. */
export type FullAdapterOptions = ReturnType<typeof fullOptions>;

const KEYS = [
	...["seed", "memory", "mostEvents", "guard", "rehearsal", "rate", "limits", "selfLabel", "log", "onEntry"],
] as const;

/** Checks options and fills in what they leave out. @throws OptionError */
export function fullOptions(given: AdapterOptions) {
	check.object("options", given, KEYS);
	const { memory = {}, guard = {}, rehearsal = {}, rate = {}, limits = {} } = given;
	check.object("memory", memory, ["recordings", "events"]);
	check.object("guard", guard, ["perClass", "share", "every", "fall", "least"]);
	check.object("rehearsal", rehearsal, ["perClass", "perLabel"]);
	check.object("rate", rate, ["labels", "unlikely", "rewards", "self", "balance", "least"]);
	check.object("limits", limits, ["perAnswer", "burst", "everyUs"]);
	return {
		seed: check.integer("seed", given.seed, 0, 2 ** 32 - 1, 1),
		memory: {
			recordings: check.integer("memory.recordings", memory.recordings, 1, 2 ** 16, 64),
			events: check.integer("memory.events", memory.events, 1, 2 ** 26, 2 ** 18),
		},
		mostEvents: check.integer("mostEvents", given.mostEvents, 1, 2 ** 24, 2 ** 14),
		guard: {
			perClass: check.integer("guard.perClass", guard.perClass, 0, 1024, 8),
			share: check.number("guard.share", guard.share, 0, 1, 0.2),
			every: check.integer("guard.every", guard.every, 1, 1e6, 16),
			fall: check.number("guard.fall", guard.fall, 0, 100, 5),
			least: check.integer("guard.least", guard.least, 1, 1e6, 10),
		},
		rehearsal: {
			perClass: check.integer("rehearsal.perClass", rehearsal.perClass, 0, 1024, 8),
			perLabel: check.integer("rehearsal.perLabel", rehearsal.perLabel, 0, 64, 1),
		},
		rate: {
			labels: check.number("rate.labels", rate.labels, 0, 16, 1),
			unlikely: check.number("rate.unlikely", rate.unlikely, 0, 1, 1),
			rewards: check.number("rate.rewards", rate.rewards, 0, 16, 1),
			self: check.number("rate.self", rate.self, 0, 16, 0.25),
			balance: check.flag("rate.balance", rate.balance, true),
			least: check.number("rate.least", rate.least, 0, 1, 1 / 8),
		},
		limits: {
			perAnswer: check.number("limits.perAnswer", limits.perAnswer, Number.MIN_VALUE, 1000, 16),
			burst: check.integer("limits.burst", limits.burst, 1, 1e6, 256),
			everyUs: check.integer("limits.everyUs", limits.everyUs, 0, Number.MAX_SAFE_INTEGER, 0),
		},
		selfLabel: given.selfLabel === undefined ? undefined : check.number("selfLabel", given.selfLabel, 0, 1),
		log: check.integer("log", given.log, 0, 1e6, 1000),
		onEntry: given.onEntry ?? (() => undefined),
	};
}
