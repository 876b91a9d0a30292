// A network that learns while it listens: the object that users hold.

import type { Kind } from "../checkpoint/format.js";
import type { Head, Json, Learned } from "../checkpoint/head.js";
import { OptionError, StateError } from "../errors.js";
import type { Events, LiveEvents } from "../events/chunk.js";
import type { StllrModule } from "../wasm/module.js";
import * as check from "./check.js";
import type { Saved } from "./checkpoint.js";
import { learnerArguments, moduleOf, refusing } from "./core.js";
import { type Followed, type FollowOptions, type StreamAnswer, StreamRun } from "./follow.js";
import { LearnedCounts } from "./learned.js";
import { type Memory, type Meter, memoryOf, meterOf } from "./meter.js";
import {
	type GivenParameters,
	type LayerParameters,
	parametersOf,
	putParameters,
	type Rounding,
} from "./parameters.js";
import { Recording, type RecordingOptions } from "./recording.js";
import { Snapshot } from "./snapshot.js";
import { checkRates, type FullSpec, fullSpec, type NetworkSpec, type Rates } from "./spec/mod.js";
import { EventStaging } from "./staging.js";
import { adopt, copyState, type GivenArray, readState, setState, setWeights } from "./state.js";
import type { Target } from "./targets.js";
import { type EstimateOptions, type Estimates, type Estimating, estimate, learnValues } from "./values.js";
import { rateWords } from "./words.js";

// Loaded when something is saved or loaded: others need not wait for it.
const checkpoints = () => import("./checkpoint.js");

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

/** The most bytes that a network keeps to copy its state to when it is saved. */
const MOST_ROOM = 2 ** 23;

/** How to load a checkpoint. */
export interface LoadOptions {
	/** A name for the bytes in errors. */
	readonly source?: string;
	/** Public keys, in hexadecimal digits: refuse what none of them signed. */
	readonly signedBy?: readonly string[];
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
	/** The stream that it follows, or followed when it was saved. */
	#stream: StreamRun | undefined;
	#following = false;
	/** Where the last save copied its state to. */
	#room: Uint8Array | undefined;
	#learned: LearnedCounts;
	/** What the user keeps with it, settings of encoders and filters, say; it is saved and loaded with the network. */
	notes: Json = null;

	/**
	 * Makes a network.
	 *
	 * @throws OptionError for an option out of its range
	 * @throws EnvironmentError where WebAssembly is missing
	 */
	static async create(spec: NetworkSpec): Promise<Network> {
		const full = fullSpec(spec);
		return new Network(full, await moduleOf(full));
	}

	/** Bytes that a network of this spec would hold, without making it. Throws as `create` does. */
	static async memory(spec: NetworkSpec): Promise<Memory> {
		const full = fullSpec(spec);
		const module = await moduleOf(full);
		return refusing(full, () => memoryOf(module.Learner.memory(...learnerArguments(full))));
	}

	/**
	 * A network from a checkpoint that `save` made: as it was then, byte for byte, on every machine.
	 *
	 * @throws FormatError where the bytes are damaged, cut, no checkpoint or not signed by whom they must be, with the place
	 */
	static async load(bytes: Uint8Array, options: LoadOptions = {}): Promise<Network> {
		const { source, signedBy } = options;
		if (signedBy !== undefined) await (await import("../checkpoint/sign.js")).verify(bytes, signedBy, source);
		const { load } = await checkpoints();
		const { frame, head, spec, arrays } = await load(bytes, source);
		const network = new Network(spec, await moduleOf(spec));
		try {
			network.#restore(frame.kind, head, arrays, source);
		} catch (cause) {
			network.close();
			throw cause;
		}
		return network;
	}

	/**
	 * All that the network is, as one file: weights, membranes, traces, what waits to be learned, rounding noise, its clock, where it
	 * stands in a stream, and `notes`. It is as the network was when this was called, whatever happens until the promise settles.
	 */
	async save(): Promise<Uint8Array> {
		// One save after the other copies to the same place: memory that is new each time takes longer than what is copied.
		const room = this.#room;
		this.#room = undefined;
		const saved = this.#saved(room);
		const sealing = (await checkpoints()).save(saved);
		const copied = saved.state.arrays[0]?.bytes.buffer;
		if (copied instanceof ArrayBuffer && copied.byteLength <= MOST_ROOM) this.#room = new Uint8Array(copied);
		return sealing;
	}

	/**
	 * The weights alone, as a smaller file for those who want answers: `load` makes a network at rest of it. Weights with more than
	 * `bits` bits are rounded to so many, each layer as coarsely as its largest weight asks. Learning can go on from there.
	 */
	async exportWeights(options: { readonly bits?: 16 | 8 } = {}): Promise<Uint8Array> {
		const { bits = 16 } = options;
		if (bits !== 16 && bits !== 8) throw new OptionError("bits", bits, "16 or 8");
		const saved = this.#saved();
		return (await checkpoints()).exportWeights(saved, bits);
	}

	#saved(room?: Uint8Array): Saved {
		return {
			state: copyState(this.#open(), this.#module, room),
			spec: this.#spec,
			rates: this.#rates,
			learned: this.#learned.saved(),
			stream: this.#stream?.saved(),
			notes: structuredClone(this.notes),
		};
	}

	private constructor(spec: FullSpec, module: StllrModule) {
		this.#spec = spec;
		this.#module = module;
		this.#rates = spec.rates;
		this.#memory = refusing(spec, () => memoryOf(module.Learner.memory(...learnerArguments(spec))));
		this.#learner = refusing(spec, () => new module.Learner(...learnerArguments(spec)));
		this.#staging = EventStaging.of(module);
		this.#learned = new LearnedCounts(spec.readout.classes.length);
	}

	#restore(kind: Kind, head: Head, arrays: readonly GivenArray[], source: string | undefined): void {
		const learner = this.#open();
		if (kind === "full") setState(learner, this.#module, { numbers: head.numbers, arrays }, source);
		else setWeights(learner, this.#module, arrays, source);
		// Those of the state are in it; beside the weights alone they are set.
		this.#rates = checkRates("rates", head.rates, this.#rates);
		if (kind !== "full") learner.setRates(rateWords(this.spec, this.#rates));
		this.#learned.restore(head.learned, source);
		this.notes = head.notes;
		if (head.stream !== undefined) this.#stream = StreamRun.restored(this.#followed(), head.stream, source);
	}

	/**
	 * Learns one recording, online, from rest: step by step it answers, compares and changes.
	 *
	 * @param label the class it shows: its index from 0, or its name
	 * @returns what it said of the recording while it learned it
	 * @throws EventError for a bad event, with its index; it learned nothing then. Events after the last step are left out, whatever they are
	 */
	learn(events: Events, label: number | string, options: RecordingOptions = {}): Answer {
		const learner = this.#free();
		this.#ofClasses("learn");
		const index = this.#labelOf(label);
		const answer = this.#take(learner, events, index, options);
		this.#learned.recording(index);
		return answer;
	}

	/** Says what a recording shows, from rest; learns nothing. Throws as `learn` does. */
	classify(events: Events, options: RecordingOptions = {}): Answer {
		const learner = this.#free();
		this.#ofClasses("classify");
		return this.#take(learner, events, undefined, options);
	}

	/**
	 * Learns values from one recording, online, from rest: what the readout is to give for each pixel in some of its steps. The
	 * others are not learned. The spec's `window` does not count here.
	 *
	 * @param targets ranges of steps in order, none in another, with what they are to learn
	 * @returns what it said of each range while it learned it
	 * @throws OptionError for a target out of its range, EventError for a bad event, with its index; it learned nothing then
	 */
	learnValues(events: Events, targets: readonly Target[], options: RecordingOptions = {}): Estimates {
		const estimates = learnValues(this.#ofValues("learnValues"), events, targets, options);
		this.#learned.values();
		return estimates;
	}

	/** Says what values a recording has, from rest; learns nothing. Throws as `learnValues` does. */
	estimate(events: Events, options: EstimateOptions = {}): Estimates {
		return estimate(this.#ofValues("estimate"), events, options);
	}

	/**
	 * Follows a live stream: answers at a steady pace and learns wherever there is a label. It begins at rest. Time is that of
	 * the events, and of the `untilUs` of chunks that have one.
	 *
	 * The network is the stream's until it ends or the loop is left; then what waits to be learned is. Saved inside the loop and loaded, it goes on with
	 * `resume: true` as if it had never stopped; the source must then begin with the event after the last answer's `events`.
	 */
	async *follow(
		source: AsyncIterable<LiveEvents> | Iterable<LiveEvents>,
		options: FollowOptions = {},
	): AsyncGenerator<StreamAnswer> {
		this.#ofClasses("follow");
		const resumed = this.#stream;
		const learner = this.#free();
		const run = options.resume === true ? resume(resumed, options) : new StreamRun(this.#followed(), options);
		this.#stream = run;
		this.#following = true;
		try {
			yield* run.follow(source);
		} finally {
			learner.endSequence();
			this.#stream = undefined;
			this.#following = false;
		}
	}

	#followed(): Followed {
		const learner = this.#open();
		return {
			learner,
			staging: this.#staging,
			spec: this.spec,
			labelOf: (label) => this.#labelOf(label),
			answer: () => this.#answer(learner),
			learned: (label) => this.#learned.stretch(label),
		};
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
		refusing(this.#spec, () => learner.addClass());
		this.#changeClasses([...classes, name]);
		this.#learned.added();
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
		refusing(this.#spec, () => learner.removeClass(index));
		this.#changeClasses(classes.filter((_, at) => at !== index));
		this.#learned.removed(index);
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

	/** What it was trained on, counts by class: recordings, stretches of streams, and recordings of values. */
	get learned(): Learned {
		return this.#learned.saved();
	}

	/** The learning rates in force. */
	get rates(): Required<Rates> {
		return this.#rates;
	}

	/**
	 * Changes learning rates, from the next block (or, in sequence mode, recording) on; those left out stay. Layers keep their
	 * `rateFactor`: that of `rates.hidden` in which each learns.
	 */
	setRates(rates: Rates): void {
		const learner = this.#open();
		this.#rates = checkRates("rates", rates, this.#rates);
		learner.setRates(rateWords(this.spec, this.#rates));
	}

	/**
	 * What it has learned: the weights and biases of each layer of neurons, in order, and of the readout, as real numbers in
	 * PyTorch's layouts.
	 */
	parameters(): readonly LayerParameters[] {
		return parametersOf(this.#spec, readState(this.#open(), this.#module).arrays);
	}

	/**
	 * Sets weights and biases, rounded to the nearest that can be held; what is left out stays. The network is at rest afterwards, and
	 * what an optimiser remembers stays.
	 *
	 * @returns what rounding did, for each layer given
	 * @throws OptionError for a layer that there is not, or an array of another length; then nothing is changed
	 */
	setParameters(given: readonly GivenParameters[]): readonly Rounding[] {
		const learner = this.#free();
		learner.begin(true, false, 0, false);
		const done = putParameters(this.#spec, readState(learner, this.#module).arrays, given);
		adopt(learner, this.#module);
		return done;
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

	/**
	 * All that `save` keeps, at once and in memory: to go back to, by `restore`. It takes as many bytes as the network's state has.
	 */
	snapshot(): Snapshot {
		return new Snapshot(this, this.#saved());
	}

	/**
	 * Goes back to a snapshot of this network: weights, state, rates, classes, counts and notes are what they were then. Classes added since
	 * are gone, removed ones are back. A stream that it followed then can be resumed. For a moment the network is held twice.
	 *
	 * @throws OptionError for another network's snapshot, StateError while it follows a stream
	 */
	restore(snapshot: Snapshot): void {
		const old = this.#free();
		const { state, spec, rates, learned, stream, notes } = Snapshot.open(snapshot, this);
		const learner = refusing(spec, () => new this.#module.Learner(...learnerArguments(spec)));
		const arrays = state.arrays.map((array) => ({ ...array, byteOffset: 0 }));
		setState(learner, this.#module, { numbers: state.numbers, arrays });
		old.free();
		this.#learner = learner;
		this.#spec = spec;
		this.#memory = memoryOf(this.#module.Learner.memory(...learnerArguments(spec)));
		this.#scores = undefined;
		this.#rates = rates;
		this.#learned = new LearnedCounts(spec.readout.classes.length);
		this.#learned.restore(learned);
		this.#stream = stream && StreamRun.restored(this.#followed(), stream);
		this.notes = structuredClone(notes);
	}

	/** Gives its memory back. Every later call throws a StateError. */
	close(): void {
		if (this.#following) throw new StateError("a network cannot be closed while it follows a stream");
		this.#learner?.free();
		this.#learner = undefined;
	}

	#take(
		learner: InstanceType<StllrModule["Learner"]>,
		events: Events,
		label: number | undefined,
		options: RecordingOptions,
	): Answer {
		const taking = { learner, staging: this.#staging, spec: this.spec, learns: label !== undefined, leastSteps: 0 };
		const recording = new Recording(taking, events, options);
		const steps = recording.begin() ?? 0;
		const { window } = this.spec;
		if (label !== undefined) learner.target(label, window === "all" ? 0 : Math.max(0, steps - window.last), steps);
		recording.finish(learner);
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

	#labelOf(label: number | string): number {
		return check.label("label", label, this.spec.readout.classes);
	}

	#ofClasses(what: string): FullSpec["readout"] {
		const { readout } = this.#spec;
		if (readout.classes.length === 0) throw new StateError(`${what}: the readout gives values, not classes`);
		return readout;
	}

	#ofValues(what: string): Estimating {
		const learner = this.#free();
		const { readout } = this.#spec;
		if (readout.values === 0) throw new StateError(`${what}: the readout tells classes, and gives no values`);
		return { learner, module: this.#module, staging: this.#staging, spec: this.#spec };
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
		// Whatever comes now begins at rest.
		this.#stream = undefined;
		return this.#open();
	}
}

function resume(stream: StreamRun | undefined, options: FollowOptions): StreamRun {
	if (stream === undefined) throw new StateError("there is no stream to resume: the network was not saved within one");
	stream.resume(options);
	return stream;
}
