// What a task is to the runner: one file a task exports one, and `tasks/all.ts` lists them.

import type { Meter, NetworkSpec, Schedule } from "stllr";

/** A file under ../shared/data that a task cannot do without. */
export interface DataNeed {
	/** Its path from ../shared/data. */
	readonly path: string;
	/** Where the recordings come from. */
	readonly source: string;
}

/** What a figure has to be at least (or, where `atMost`, at most): of full runs, and of short ones. */
export interface Goal {
	/** Which of a run's figures. */
	readonly figure: string;
	/** What it says, for people. */
	readonly about: string;
	readonly full: number;
	/** Clearly below what short runs give; a short run that misses it is a failure. Left out where short runs have no such figure. */
	readonly short?: number;
	readonly atMost?: boolean;
}

/** What a task is opened for. */
export interface Request {
	/** The folder that `DataNeed.path` starts from. */
	readonly folder: string;
	/** The short form: fewer recordings, epochs or parts. */
	readonly short: boolean;
	/** Score a held-out part of the training data in place of the test part, and do not learn from it. */
	readonly validate: boolean;
}

/** A task: recordings, an encoder, a network and how it learns. */
export interface Task {
	readonly name: string;
	/** What it is, how it is encoded and how its options were chosen; lines of at most 100 characters. */
	readonly about: readonly string[];
	readonly data: readonly DataNeed[];
	/** The first is the one that epochs are reported by. */
	readonly goals: readonly [Goal, ...Goal[]];
	/** Epochs where the user names none. */
	readonly epochs: { readonly full: number; readonly short: number };
	/** Loads and encodes. */
	open(request: Request): Promise<Experiment>;
}

/** A task with its data in memory, ready for any number of runs. */
export interface Experiment {
	/** Sizes of the parts and of the network, in a line. */
	readonly about: string;
	/** One run: a fresh network, learned and tested. The same seed gives the same run. */
	run(seed: number, epochs: number, watch: Watch): Promise<Run>;
}

/** What a run is given to be watched by, and what of its network's spec it is to take. */
export interface Watch {
	/** Stops it between two recordings: the run throws a `Stopped`. */
	readonly signal: AbortSignal;
	/** @param part how much of the run is done, 0 to 1; @param text what it is doing, made only when it is shown */
	readonly progress: (part: number, text: () => string) => void;
	/** The spec to learn with: all that the task says, or (with --defaults) no more than what it cannot do without. */
	readonly spec: (spec: NetworkSpec) => NetworkSpec;
}

/** A run that was stopped from outside. */
export class Stopped extends Error {}

/** What a run came to. */
export interface Run {
	/** The goals' figures and any others, in the unit of the goal (percent for shares). */
	readonly figures: Readonly<Record<string, number>>;
	/** The first goal's figure after each epoch. */
	readonly byEpoch: readonly number[];
	/** Recordings learned. */
	readonly recordings: number;
	/** Seconds that it took, tests included, and those of learning alone. */
	readonly seconds: number;
	readonly learningSeconds: number;
	/** Bytes that the network holds. */
	readonly bytes: number;
	/** Work done while learning. */
	readonly meter: Meter;
	/** How the learning rates changed, where the run says so. */
	readonly schedule?: Schedule;
	readonly weightsHash: string;
}
