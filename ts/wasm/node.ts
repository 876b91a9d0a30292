// Node: the modules' bytes lie beside this file.

import { readFile } from "node:fs/promises";
import type { WasmSource } from "./module.js";

const FILES = {
	small: { simd128: "stllr_bg.wasm", scalar: "stllr_scalar_bg.wasm" },
	deep: { simd128: "stllr_deep_bg.wasm", scalar: "stllr_deep_scalar_bg.wasm" },
	events: { simd128: "stllr_events_bg.wasm", scalar: "stllr_events_bg.wasm" },
	encode: { simd128: "stllr_encode_bg.wasm", scalar: "stllr_encode_bg.wasm" },
};

/** `STLLR_KERNELS=scalar` in the environment takes the builds without SIMD, to compare. */
export const fromPackage: WasmSource = (name, kernels) => {
	const file = FILES[name][process.env.STLLR_KERNELS === "scalar" ? "scalar" : kernels];
	return readFile(new URL(file, import.meta.url));
};
