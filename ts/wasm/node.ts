// Node: the module's bytes lie beside this file.

import { readFile } from "node:fs/promises";
import type { WasmSource } from "./module.js";

/** `STLLR_KERNELS=scalar` in the environment takes the build without SIMD, to compare. */
export const fromPackage: WasmSource = (kernels) => {
	const scalar = kernels === "scalar" || process.env.STLLR_KERNELS === "scalar";
	return readFile(new URL(scalar ? "./stllr_scalar_bg.wasm" : "./stllr_bg.wasm", import.meta.url));
};
