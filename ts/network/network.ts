// A network that learns while it listens: the object that users hold.

import { OptionError, StateError } from "../errors.js";
import type { Events } from "../events/chunk.js";
import type { StllrModule } from "../wasm/module.js";
import * as check from "./check.js";
import { checkBuilt, learnerArguments, moduleOf, refusing } from "./core.js";
import { checkEvents, eventFault } from "./fault.js";
import { type FollowOptions, followStream, type StreamAnswer } from "./follow.js";
import { type Memory, type Meter, memoryOf, meterOf } from "./meter.js";
import { checkRates, type FullSpec, fullSpec, type NetworkSpec, type Rates } from "./spec/mod.js";
import { EventStaging } from "./staging.js";
import { rateWords } from "./words.js";

/** What a network says of a recording. */
export interface Answer {
	/** The class with the largest score, from 0. */
	readonly label: number;
	/** Its name. */
	readonly name: string;
	/** For each class the sum of its readout membrane over the steps. */
	readonly scores: Float64Array;
	/** Time steps that were run. */
	readonly steps: number;
	/** Faulty events that were dropped. */
	readonly dropped: number;
}

/** How to take a recording. */
export interface RecordingOptions {
	/**
	 * At an event that is outside the sensor, goes back in time, lies more than `maxGapUs` after the one before or has a time
	 * that is no whole number: refuse the recording and change nothing (`"refuse"`, the default), or drop and count it.
	 */
	readonly onFault?: "refuse" | "skip";
	/** When step 0 begins, in us. Default: the last multiple of `stepUs` at or before the first event. */
	readonly startUs?: number;
}

/** A network, on one thread. Learning changes its weights; everything else about it is fixed when it is made. */
export class Network {
	readonly #module: StllrModule;
	readonly #staging: EventStaging;
	#spec: FullSpec;
	#memory: Memory;
	#learner: InstanceType<StllrModule["Learner"]> | undefined;
	#rates: Required<Rates>;
	#scores: Float64Array | undefined;
	#following = false;

	/**
	 * Makes a network.
	 *
	 * @throws OptionError for an option out of its range
	 * @throws EnvironmentError where WebAssembly is missing
	 */
	static async create(spec: NetworkSpec): Promise<Network> {
		const full = fullSpec(spec);
		checkBuilt(full);
		return new Network(full, await moduleOf(full));
	}

	/** Bytes that a network of this spec would hold, without making it. Throws as `create` does. */
	static async memory(spec: NetworkSpec): Promise<Memory> {
		const full = fullSpec(spec);
		checkBuilt(full);
		const module = await moduleOf(full);
		return refusing(() => memoryOf(module.Learner.memory(...learnerArguments(full))));
	}

	private constructor(spec: FullSpec, module: StllrModule) {
		this.#spec = spec;
		this.#module = module;
		this.#rates = spec.rates;
		this.#memory = refusing(() => memoryOf(module.Learner.memory(...learnerArguments(spec))));
		this.#learner = refusing(() => new module.Learner(...learnerArguments(spec)));
		this.#staging = EventStaging.of(module);
	}

	/**
	 * Learns one recording, online, from rest: step by step it answers, compares and changes.
	 *
	 * @param label the class it shows: its index from 0, or its name
	 * @returns what it said of the recording while it learned it
	 * @throws EventError for a bad event, with its index; it learned nothing then. Events after the last step are left out, whatever they are
	 */
	learn(events: Events, label: number | string, options: RecordingOptions = {}): Answer {
		return this.#take(events, this.#labelOf(label), options);
	}

	/** Says what a recording shows, from rest; learns nothing. Throws as `learn` does. */
	classify(events: Events, options: RecordingOptions = {}): Answer {
		return this.#take(events, undefined, options);
	}

	/**
	 * Follows a live stream: answers at a steady pace and learns wherever there is a label. It begins at rest.
	 *
	 * The network is the stream's until it ends or the loop is left; then what waits to be learned is.
	 */
	async *follow(
		source: AsyncIterable<Events> | Iterable<Events>,
		options: FollowOptions = {},
	): AsyncGenerator<StreamAnswer> {
		const learner = this.#free();
		this.#following = true;
		try {
			const labelOf = (label: number | string) => this.#labelOf(label);
			const stream = { learner, staging: this.#staging, spec: this.spec, labelOf, answer: () => this.#answer(learner) };
			yield* followStream(stream, source, options);
		} finally {
			learner.endSequence();
			this.#following = false;
		}
	}

	/** What it was made from, with every default filled in, and the classes that it has now. */
	get spec(): FullSpec {
		return this.#spec;
	}

	/**
	 * Adds a class behind the others, to be learned like them. The others keep their weights, so their scores stay as they
	 * were. The network is at rest afterwards.
	 *
	 * @returns its label
	 * @throws OptionError for a name that a class has already, StllrError where the memory limit leaves no room
	 */
	addClass(name: string): number {
		const learner = this.#free();
		const { classes } = this.#ofClasses("addClass");
		check.className("name", name, classes);
		refusing(() => learner.addClass());
		this.#changeClasses([...classes, name]);
		return classes.length;
	}

	/**
	 * Removes a class; those behind it move up by one label. The network is at rest afterwards.
	 *
	 * @param label its index or name
	 * @throws OptionError where there is no such class, StllrError where two would not be left
	 */
	removeClass(label: number | string): void {
		const learner = this.#free();
		const { classes } = this.#ofClasses("removeClass");
		const index = this.#labelOf(label);
		refusing(() => learner.removeClass(index));
		this.#changeClasses(classes.filter((_, at) => at !== index));
	}

	/** Puts membranes, traces and the counts of `meter` to zero, and forgets what waits to be learned; weights stay. */
	reset(): void {
		const learner = this.#free();
		learner.begin(true, false, 0, false);
		learner.resetMeter();
	}

	/** Bytes that it holds, by part. */
	memory(): Memory {
		return this.#memory;
	}

	/** Work done since it was made, `reset` or `resetMeter`. */
	meter(): Meter {
		return meterOf(this.#open().meter());
	}

	/** Starts the counts of `meter` anew. */
	resetMeter(): void {
		this.#open().resetMeter();
	}

	/** The learning rates in force. */
	get rates(): Required<Rates> {
		return this.#rates;
	}

	/** Changes learning rates, from the next block (or, in sequence mode, recording) on; those left out stay. */
	setRates(rates: Rates): void {
		const learner = this.#open();
		this.#rates = checkRates("rates", rates, this.#rates);
		learner.setRates(rateWords(this.spec, this.#rates));
	}

	/** A hash of all weights, 16 hexadecimal digits: equal training gives equal hashes on every machine. */
	weightsHash(): string {
		return this.#open().weightsHash().toString(16).padStart(16, "0");
	}

	/** A hash of everything that decides what the network does next. */
	stateHash(): string {
		return this.#open().stateHash().toString(16).padStart(16, "0");
	}

	/** The kernels in use: `"simd128"` or `"scalar"`. */
	get kernels(): "simd128" | "scalar" {
		return this.#module.kernels;
	}

	/** Gives its memory back. Every later call throws a StateError. */
	close(): void {
		if (this.#following) throw new StateError("a network cannot be closed while it follows a stream");
		this.#learner?.free();
		this.#learner = undefined;
	}

	#take(events: Events, label: number | undefined, options: RecordingOptions): Answer {
		const learner = this.#free();
		checkEvents(events);
		const skip = check.oneOf("onFault", options.onFault, ["refuse", "skip"], "refuse") === "skip";
		const start = this.#startOf(events, options.startUs);
		const { steps: fixed, stepUs, blockSteps, window } = this.spec;
		const pieces = piecesOf(events.t.length, this.#staging.capacity);
		learner.begin(label !== undefined, label !== undefined, start, skip);
		let steps = fixed ?? Number.MAX_SAFE_INTEGER;
		// Weights change when a block ends, and no event is taken after the last step: a recording of one block, or one that is
		// only answered, can be refused at any event. Any other is checked as a whole before anything is learned.
		const isChecked = label !== undefined && (fixed === undefined || fixed > blockSteps);
		if (isChecked) {
			for (const [from, until] of pieces) {
				const count = this.#staging.put(events, from, until);
				const untilUs = Math.min(start + steps * stepUs, Number.MAX_SAFE_INTEGER);
				if (!learner.check(this.#staging.buffer, count, untilUs)) throw eventFault(learner, events, from);
			}
			steps = fixed ?? Math.floor((learner.checkedUs() - start) / stepUs) + 1;
		}
		if (label !== undefined) learner.target(label, window === "all" ? 0 : Math.max(0, steps - window.last), steps);
		for (const [from, until] of pieces) {
			// A single piece is still staged from its check.
			const isStaged = isChecked && pieces.length === 1;
			const count = isStaged ? until : this.#staging.put(events, from, until);
			learner.feed(this.#staging.buffer, 0, count, steps);
			if (learner.faultKind() >= 0) {
				const fault = eventFault(learner, events, from);
				learner.begin(false, false, 0, false);
				throw fault;
			}
		}
		learner.run(fixed ?? (isChecked ? steps : learner.stepsBegun()));
		if (label !== undefined) learner.endSequence();
		return this.#answer(learner);
	}

	#answer(learner: InstanceType<StllrModule["Learner"]>): Answer {
		const label = learner.answer();
		const { classes } = this.spec.readout;
		const { buffer } = this.#module.memory;
		if (this.#scores === undefined || this.#scores.buffer !== buffer) {
			this.#scores = new Float64Array(buffer, learner.scoresPtr(), classes.length);
		}
		return {
			label,
			name: classes[label] ?? "",
			scores: this.#scores.slice(),
			steps: learner.stepIndex(),
			dropped: learner.dropped(),
		};
	}

	#startOf(events: Events, given: number | undefined): number {
		if (given !== undefined) return check.integer("startUs", given, 0, Number.MAX_SAFE_INTEGER);
		const first = events.t.find((t) => t >= 0 && t <= Number.MAX_SAFE_INTEGER) ?? 0;
		return Math.floor(first) - (Math.floor(first) % this.spec.stepUs);
	}

	#labelOf(label: number | string): number {
		const { classes } = this.spec.readout;
		const index = typeof label === "string" ? classes.indexOf(label) : label;
		if (Number.isInteger(index) && index >= 0 && index < classes.length) return index;
		const names = classes.length <= 12 ? ` or ${classes.map((name) => `"${name}"`).join(", ")}` : " or a class's name";
		throw new OptionError("label", label, `an integer from 0 to ${classes.length - 1}${names}`);
	}

	#ofClasses(what: string): FullSpec["readout"] {
		const { readout } = this.#spec;
		if (readout.classes.length === 0) throw new StateError(`${what}: the readout gives values, not classes`);
		return readout;
	}

	#changeClasses(classes: readonly string[]): void {
		const { readout } = this.#spec;
		const shape = { ...readout.shape, channels: classes.length };
		this.#spec = { ...this.#spec, readout: { ...readout, classes, shape } };
		this.#memory = memoryOf(this.#module.Learner.memory(...learnerArguments(this.#spec)));
		this.#scores = undefined;
	}

	#open(): InstanceType<StllrModule["Learner"]> {
		if (this.#learner === undefined) throw new StateError("the network is closed");
		return this.#learner;
	}

	#free(): InstanceType<StllrModule["Learner"]> {
		if (this.#following) throw new StateError("the network follows a stream: leave that loop first");
		return this.#open();
	}
}

function piecesOf(length: number, size: number): [from: number, until: number][] {
	const pieces: [number, number][] = [];
	for (let from = 0; from < length; from += size) pieces.push([from, Math.min(length, from + size)]);
	return pieces;
}
