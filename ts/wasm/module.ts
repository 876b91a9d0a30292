// The WASM module: loaded once, with SIMD where the machine has it.

import { EnvironmentError } from "../errors.js";
import * as glue from "./stllr.js";

/** What the rest of the package uses of the module. */
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

/** Where the module's bytes come from. */
export type WasmSource = (kernels: Kernels) => Promise<BufferSource | Response>;

let source: WasmSource | undefined;
let loading: Promise<StllrModule> | undefined;

/** Sets where the bytes come from; the entry points do, before anything is loaded. */
export function setWasmSource(from: WasmSource): void {
	source = from;
}

/**
 * The module, loaded at the first call.
 *
 * @throws EnvironmentError where WebAssembly is missing or forbidden, or the bytes cannot be had
 */
export function loadModule(): Promise<StllrModule> {
	loading ??= load().catch((cause: unknown) => {
		// A failed attempt is not kept: what was missing may be there the next time.
		loading = undefined;
		throw cause;
	});
	return loading;
}

async function load(): Promise<StllrModule> {
	if (typeof WebAssembly === "undefined") throw new EnvironmentError("this environment has no WebAssembly");
	if (source === undefined) throw new EnvironmentError("no source of the WASM module is set");
	const kernels: Kernels = hasSimd() ? "simd128" : "scalar";
	try {
		const { memory } = await start(await source(kernels));
		// The source may have chosen another build than it was asked for.
		const running = glue.kernels() === "simd128" ? "simd128" : "scalar";
		return { memory, Decoder: glue.Decoder, Learner: glue.Learner, Staging: glue.Staging, kernels: running };
	} catch (cause) {
		const reason = cause instanceof Error ? cause.message : String(cause);
		throw new EnvironmentError(`the WASM module (${kernels}) could not be started: ${reason}`, { cause });
	}
}

/** Bytes are compiled here: the glue would first ask whether they are a Response, and Node then loads all of its fetch. */
async function start(from: BufferSource | Response): Promise<glue.InitOutput> {
	if (from instanceof ArrayBuffer || ArrayBuffer.isView(from)) {
		return glue.initSync({ module: await WebAssembly.compile(from) });
	}
	return glue.default({ module_or_path: from });
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
