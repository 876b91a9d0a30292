// The WASM modules: each loaded once, at need, with SIMD where the machine has it.

import { EnvironmentError } from "../errors.js";
import type * as glue from "./stllr.js";
import * as small from "./stllr.js";

/**
 * Which module: the `"small"` one, for dense and recurrent layers and for event files, or the `"deep"` one, which holds everything.
 * Both can run side by side.
 */
export type ModuleName = "small" | "deep";

/** What the rest of the package uses of a module. */
export interface StllrModule {
	/** Its memory. It can grow, and every view of it is then empty: compare `memory.buffer` before using one. */
	readonly memory: WebAssembly.Memory;
	readonly Decoder: typeof glue.Decoder;
	readonly Learner: typeof glue.Learner;
	readonly Staging: typeof glue.Staging;
	/** The kernels that run: with or without SIMD. Both give the same bytes. */
	readonly kernels: Kernels;
}

/** Which build of the module: `"simd128"` or `"scalar"`. */
export type Kernels = "simd128" | "scalar";

/** Where a module's bytes come from. */
export type WasmSource = (name: ModuleName, kernels: Kernels) => Promise<BufferSource | Response>;

let source: WasmSource | undefined;
const loading = new Map<ModuleName, Promise<StllrModule>>();

// The glue holds its one instance in a variable of its own, so that two modules need two. Few need the deep one's.
const GLUE: Record<ModuleName, () => Promise<typeof glue>> = {
	small: async () => small,
	deep: () => import("./stllr_deep.js"),
};

/** Sets where the bytes come from; the entry points do, before anything is loaded. */
export function setWasmSource(from: WasmSource): void {
	source = from;
}

/**
 * A module, loaded at the first call.
 *
 * @throws EnvironmentError where WebAssembly is missing or forbidden, or the bytes cannot be had
 */
export function loadModule(name: ModuleName = "small"): Promise<StllrModule> {
	let module = loading.get(name);
	if (module === undefined) {
		module = load(name).catch((cause: unknown) => {
			// A failed attempt is not kept: what was missing may be there the next time.
			loading.delete(name);
			throw cause;
		});
		loading.set(name, module);
	}
	return module;
}

async function load(name: ModuleName): Promise<StllrModule> {
	if (typeof WebAssembly === "undefined") throw new EnvironmentError("this environment has no WebAssembly");
	if (source === undefined) throw new EnvironmentError("no source of the WASM module is set");
	const kernels: Kernels = hasSimd() ? "simd128" : "scalar";
	try {
		const [glue, bytes] = await Promise.all([GLUE[name](), source(name, kernels)]);
		const { memory } = await start(glue, bytes);
		// The source may have chosen another build than it was asked for.
		const running = glue.kernels() === "simd128" ? "simd128" : "scalar";
		return { memory, Decoder: glue.Decoder, Learner: glue.Learner, Staging: glue.Staging, kernels: running };
	} catch (cause) {
		const reason = cause instanceof Error ? cause.message : String(cause);
		throw new EnvironmentError(`the WASM module (${name}, ${kernels}) could not be started: ${reason}`, { cause });
	}
}

/** Bytes are compiled here: the glue would first ask whether they are a Response, and Node then loads all of its fetch. */
async function start(
	{ default: init, initSync }: typeof glue,
	from: BufferSource | Response,
): Promise<glue.InitOutput> {
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
