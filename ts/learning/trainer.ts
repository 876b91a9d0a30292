// Runs of learning over labelled recordings: online, one recording at a time, tested after each epoch.
//
// Nothing here depends on the clock but what is shown: the same network, recordings and options give the same weights.

import type { Recording } from "../datasets/labelled.js";
import { shuffled } from "../datasets/shuffle.js";
import { OptionError } from "../errors.js";
import { EventRoom, type Events } from "../events/chunk.js";
import type { Network } from "../network/network.js";
import type { Rates } from "../network/spec/mod.js";
import { Confusion } from "./confusion.js";
import { Progress } from "./progress.js";
import { changesByEpoch, fullSchedule, type Schedule, scheduledRates } from "./schedule.js";
import { drawShift, shifted } from "./shift.js";

/** What to learn from and what to test on. */
export interface Parts {
	readonly train: readonly Recording[];
	readonly test: readonly Recording[];
}

/** How to learn. */
export interface TrainOptions {
	/** How often to learn each recording, 1 to 10^6. */
	readonly epochs: number;
	/** Which order the recordings come in, another one in each epoch: an integer from 0 to 2^32 - 1. */
	readonly seed: number;
	/** How both learning rates change meanwhile. Default: in a straight line to a tenth, `{ type: "linear", final: 0.1 }`. */
	readonly schedule?: Schedule;
	/** Moves each recording by up to so many pixels each way, otherwise at each epoch; 0 to 1024. Default 0. */
	readonly shift?: number;
	/** Stop after so many recordings, the rates falling as in the whole run: repeats a run that was stopped. */
	readonly stopAfter?: number;
	/** What to do about bad events; see `RecordingOptions`. */
	readonly onFault?: "refuse" | "skip";
	/** Stops the run between two recordings; what was learned is tested and kept. */
	readonly signal?: AbortSignal;
	/** Called after each recording and before each test; it should be quick. */
	readonly onProgress?: (progress: Progress) => void;
	/** Called after each whole epoch. */
	readonly onEpoch?: (epoch: EpochResult) => void;
}

/** How an epoch went. */
export interface EpochResult {
	/** Which one, from 1. */
	readonly epoch: number;
	/** Right answers given while learning, each before its recording was learned, in percent. */
	readonly learning: number;
	/** Right answers on the test part, in percent. */
	readonly accuracy: number;
}

/** What a run came to. */
export interface TrainResult {
	/** The whole epochs. */
	readonly epochs: readonly EpochResult[];
	/** The answers on the test part, by what was learned in the end. */
	readonly confusion: Confusion;
	/** Recordings learned, and how many the whole run has. */
	readonly learned: number;
	readonly total: number;
	/** Events of the recordings learned. */
	readonly events: number;
	/** Faulty events that were dropped. */
	readonly dropped: number;
	/** Additions to membranes and to weights' changes, while learning. */
	readonly operations: number;
	/** Seconds that it took, tests included, and those of learning alone. */
	readonly seconds: number;
	readonly learningSeconds: number;
	/** The hash of the weights in the end. */
	readonly weightsHash: string;
}

/** After how many recordings the learning rates are set anew, where they change within an epoch. */
const RATE_EVERY = 100;
/** For how long at most the event loop waits. */
const BREATH_MS = 30;

/**
 * Lets a network learn the train part, `epochs` times over, and tests it after each.
 *
 * The network's rates are in the end what they were before.
 *
 * @throws OptionError for an option out of its range or a part with no recording
 * @throws EventError, FormatError for a recording that is bad; what was learned before it stays learned
 */
export async function train(
	network: Network,
	parts: Parts,
	options: TrainOptions,
	progress?: Progress,
): Promise<TrainResult> {
	checkOptions(parts, options);
	const total = parts.train.length * options.epochs;
	return new Run(network, parts, options, total, progress ?? new Progress(total)).run();
}

/** Shows a network recordings, without learning, and counts its answers. Throws as `Network.classify` does. */
export async function test(
	network: Network,
	recordings: readonly Recording[],
	options: Pick<TrainOptions, "onFault"> = {},
): Promise<Confusion> {
	const confusion = new Confusion(network.spec.readout.classes.length);
	const [room, breath] = [new EventRoom(), new Breath()];
	for (const recording of recordings) {
		if (breath.isDue()) await breath.take();
		const events = recording.read?.(room) ?? recording.events;
		confusion.add(recording.label, network.classify(events, faultOptions(options)).label);
	}
	return confusion;
}

class Run {
	readonly #network: Network;
	readonly #parts: Parts;
	readonly #options: TrainOptions;
	readonly #total: number;
	readonly #progress: Progress;
	readonly #schedule: Schedule;
	readonly #rates: Required<Rates>;
	readonly #room = new EventRoom();
	readonly #shiftRoom = new EventRoom();
	readonly #breath = new Breath();
	readonly #epochs: EpochResult[] = [];
	#learned = 0;
	#events = 0;
	#dropped = 0;
	#operations = 0;
	#learningMs = 0;

	constructor(network: Network, parts: Parts, options: TrainOptions, total: number, progress: Progress) {
		this.#network = network;
		this.#parts = parts;
		this.#options = options;
		this.#total = total;
		this.#progress = progress;
		this.#schedule = fullSchedule(options.schedule);
		this.#rates = network.rates;
	}

	async run(): Promise<TrainResult> {
		const began = performance.now();
		const { epochs } = this.#options;
		let confusion: Confusion | undefined;
		try {
			for (let epoch = 1; epoch <= epochs && !this.#isOver(); epoch += 1) {
				this.#progress.enter(epoch, false);
				const { right, whole } = await this.#learn(epoch);
				confusion = await this.#test(epoch);
				if (whole) this.#finish({ epoch, learning: right, accuracy: confusion.accuracy });
			}
		} finally {
			this.#network.setRates(this.#rates);
		}
		return {
			epochs: this.#epochs,
			confusion: confusion ?? (await this.#test(1)),
			learned: this.#learned,
			total: this.#total,
			events: this.#events,
			dropped: this.#dropped,
			operations: this.#operations,
			seconds: (performance.now() - began) / 1000,
			learningSeconds: this.#learningMs / 1000,
			weightsHash: this.#network.weightsHash(),
		};
	}

	/** Learns an epoch, or as much of it as is wanted. */
	async #learn(epoch: number): Promise<{ right: number; whole: boolean }> {
		const began = performance.now();
		const network = this.#network;
		const order = shuffled(this.#parts.train, this.#options.seed, epoch);
		const faults = faultOptions(this.#options);
		let [right, count] = [0, 0];
		network.resetMeter();
		for (const recording of order) {
			if (this.#breath.isDue()) await this.#breath.take();
			if (this.#isOver()) break;
			if (changesByEpoch(this.#schedule) ? count === 0 : this.#learned % RATE_EVERY === 0) this.#setRates();
			const events = this.#see(recording);
			const answer = network.learn(events, recording.label, faults);
			const isRight = answer.label === recording.label;
			right += Number(isRight);
			count += 1;
			this.#learned += 1;
			this.#events += events.t.length;
			this.#dropped += answer.dropped;
			this.#progress.answered(isRight);
			this.#options.onProgress?.(this.#progress);
		}
		const { synapticOperations, updateOperations } = network.meter();
		this.#operations += synapticOperations + updateOperations;
		this.#learningMs += performance.now() - began;
		return { right: (100 * right) / count, whole: count === order.length };
	}

	/** The events of the next recording to learn. */
	#see(recording: Recording): Events {
		const events = recording.read?.(this.#room) ?? recording.events;
		const { shift = 0, seed } = this.#options;
		if (shift === 0) return events;
		return shifted(events, drawShift(shift, seed, this.#learned), this.#network.spec.input, this.#shiftRoom);
	}

	async #test(epoch: number): Promise<Confusion> {
		this.#progress.enter(epoch, true);
		this.#options.onProgress?.(this.#progress);
		const confusion = await test(this.#network, this.#parts.test, this.#options);
		this.#progress.enter(epoch, false);
		return confusion;
	}

	#finish(epoch: EpochResult): void {
		this.#epochs.push(epoch);
		this.#options.onEpoch?.(epoch);
	}

	#isOver(): boolean {
		const { signal, stopAfter } = this.#options;
		return signal?.aborted === true || this.#learned >= (stopAfter ?? Number.POSITIVE_INFINITY);
	}

	#setRates(): void {
		const epoch = this.#learned / this.#parts.train.length;
		this.#network.setRates(scheduledRates(this.#rates, this.#schedule, epoch, this.#options.epochs));
	}
}

/** Lets the event loop run now and then: a signal from outside has to come in, a progress line has to get out. */
class Breath {
	#last = performance.now();

	isDue(): boolean {
		return performance.now() - this.#last > BREATH_MS;
	}

	async take(): Promise<void> {
		// Browsers have no setImmediate.
		await new Promise<void>((resolve) => {
			if (typeof setImmediate === "function") setImmediate(resolve);
			else setTimeout(resolve);
		});
		this.#last = performance.now();
	}
}

function faultOptions({ onFault }: Pick<TrainOptions, "onFault">): { onFault?: "refuse" | "skip" } {
	return onFault === undefined ? {} : { onFault };
}

function checkOptions(parts: Parts, { epochs, schedule, shift = 0, stopAfter = 0 }: TrainOptions): void {
	for (const name of ["train", "test"] as const) {
		if (parts[name].length === 0) throw new OptionError(`${name}.length`, 0, "at least one recording");
	}
	if (!Number.isInteger(epochs) || epochs < 1 || epochs > 1e6) {
		throw new OptionError("epochs", epochs, "an integer from 1 to 1000000");
	}
	fullSchedule(schedule);
	if (!Number.isInteger(shift) || shift < 0 || shift > 1024) {
		throw new OptionError("shift", shift, "an integer from 0 to 1024");
	}
	if (!Number.isInteger(stopAfter) || stopAfter < 0) {
		throw new OptionError("stopAfter", stopAfter, "a whole number of recordings");
	}
}
