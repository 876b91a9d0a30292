// The WASM modules: each loaded once, at need, with SIMD where the machine has it.

import { EnvironmentError } from "../errors.js";
import * as small from "./stllr.js";
import type * as deep from "./stllr_deep.js";
import type * as encodeGlue from "./stllr_encode.js";
import type * as eventsGlue from "./stllr_events.js";

/**
 * Which module: of the learner's two the `"small"` one, for dense and recurrent layers, or the `"deep"` one, which holds every
 * kind of layer; that of `"events"`, which decodes files; or that of `"encode"`, which makes and filters events. All can run side
 * by side.
 */
export type ModuleName = "small" | "deep" | "events" | "encode";

/** What the rest of the package uses of a learner's module. */
export interface StllrModule {
	/** Its memory. It can grow, and every view of it is then empty: compare `memory.buffer` before using one. */
	readonly memory: WebAssembly.Memory;
	readonly Learner: typeof small.Learner;
	readonly Staging: typeof small.Staging;
	/** What readouts of values learn and give; only the deep module has it. */
	readonly Values: typeof deep.Values | undefined;
	/** The kernels that run: with or without SIMD. Both give the same bytes. */
	readonly kernels: Kernels;
}

/** What the rest of the package uses of the events' module. */
export interface EventsModule {
	/** As of a learner's module. */
	readonly memory: WebAssembly.Memory;
	readonly Decoder: typeof eventsGlue.Decoder;
	readonly Column: typeof eventsGlue.Column;
	readonly Wav: typeof eventsGlue.Wav;
	readonly Inflater: typeof eventsGlue.Inflater;
	readonly fieldOf: typeof eventsGlue.fieldOf;
	readonly detect: typeof eventsGlue.detect;
	readonly suspect: typeof eventsGlue.suspect;
}

/** What the rest of the package uses of the encoders' and filters' module. */
export interface EncodeModule {
	/** As of a learner's module. */
	readonly memory: WebAssembly.Memory;
	readonly SampleEncoder: typeof encodeGlue.SampleEncoder;
	readonly FrameEncoder: typeof encodeGlue.FrameEncoder;
	readonly FilterPipe: typeof encodeGlue.FilterPipe;
}

/** Which build of the module: `"simd128"` or `"scalar"`. */
export type Kernels = "simd128" | "scalar";

/** Where a module's bytes come from. Those of events and encoders have one build for all. */
export type WasmSource = (name: ModuleName, kernels: Kernels) => Promise<BufferSource | Response>;

let source: WasmSource | undefined;

// The glue holds its one instance in a variable of its own, so that two modules need two. Few need more than the small one's.
const learners = {
	small: once(() => loadLearner("small", async () => small)),
	deep: once(() => loadLearner("deep", () => import("./stllr_deep.js"))),
};
const decoders = once(() => loadDecoders());
const encoders = once(() => loadEncoders());

/** Sets where the bytes come from; the entry points do, before anything is loaded. */
export function setWasmSource(from: WasmSource): void {
	source = from;
}

/**
 * A learner's module, loaded at the first call.
 *
 * @throws EnvironmentError where WebAssembly is missing or forbidden, or the bytes cannot be had
 */
export function loadModule(name: "small" | "deep" = "small"): Promise<StllrModule> {
	return learners[name]();
}

/** The events' module, loaded at the first call. Throws as `loadModule` does. */
export function loadEventsModule(): Promise<EventsModule> {
	return decoders();
}

/** The encoders' and filters' module, loaded at the first call. Throws as `loadModule` does. */
export function loadEncodeModule(): Promise<EncodeModule> {
	return encoders();
}

function once<T>(load: () => Promise<T>): () => Promise<T> {
	let loading: Promise<T> | undefined;
	return () => {
		loading ??= load().catch((cause: unknown) => {
			// A failed attempt is not kept: what was missing may be there the next time.
			loading = undefined;
			throw cause;
		});
		return loading;
	};
}

async function loadLearner(
	name: "small" | "deep",
	glueOf: () => Promise<typeof small | typeof deep>,
): Promise<StllrModule> {
	const { glue, memory } = await start(name, glueOf);
	// The source may have chosen another build than it was asked for.
	const kernels = glue.kernels() === "simd128" ? "simd128" : "scalar";
	const { Learner, Staging } = glue;
	return { memory, Learner, Staging, Values: "Values" in glue ? glue.Values : undefined, kernels };
}

async function loadDecoders(): Promise<EventsModule> {
	const { glue, memory } = await start("events", () => import("./stllr_events.js"));
	const { Decoder, Column, Wav, Inflater, fieldOf, detect, suspect } = glue;
	return { memory, Decoder, Column, Wav, Inflater, fieldOf, detect, suspect };
}

async function loadEncoders(): Promise<EncodeModule> {
	const { glue, memory } = await start("encode", () => import("./stllr_encode.js"));
	return { memory, SampleEncoder: glue.SampleEncoder, FrameEncoder: glue.FrameEncoder, FilterPipe: glue.FilterPipe };
}

/** What wasm-bindgen writes for every module. */
interface Glue {
	readonly default: (from: { module_or_path: Response | BufferSource }) => Promise<Exports>;
	readonly initSync: (from: { module: WebAssembly.Module }) => Exports;
}

interface Exports {
	readonly memory: WebAssembly.Memory;
}

async function start<G extends Glue>(
	name: ModuleName,
	glueOf: () => Promise<G>,
): Promise<{ glue: G; memory: WebAssembly.Memory }> {
	if (typeof WebAssembly === "undefined") throw new EnvironmentError("this environment has no WebAssembly");
	if (source === undefined) throw new EnvironmentError("no source of the WASM module is set");
	const kernels: Kernels = hasSimd() ? "simd128" : "scalar";
	try {
		const [glue, bytes] = await Promise.all([glueOf(), source(name, kernels)]);
		return { glue, memory: (await instantiate(glue, bytes)).memory };
	} catch (cause) {
		const reason = cause instanceof Error ? cause.message : String(cause);
		throw new EnvironmentError(`the WASM module (${name}, ${kernels}) could not be started: ${reason}`, { cause });
	}
}

/** Bytes are compiled here: the glue would first ask whether they are a Response, and Node then loads all of its fetch. */
async function instantiate({ default: init, initSync }: Glue, from: BufferSource | Response): Promise<Exports> {
	if (from instanceof ArrayBuffer || ArrayBuffer.isView(from)) {
		return initSync({ module: await WebAssembly.compile(from) });
	}
	return init({ module_or_path: from });
}

/** Does this machine run 128-bit SIMD? Asked of a module of one function that splats an integer. */
export function hasSimd(): boolean {
	return WebAssembly.validate(
		new Uint8Array([
			...[0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0],
			...[10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11],
		]),
	);
}
