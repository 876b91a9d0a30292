// Browsers and workers: the module is fetched from beside this file. Bundlers follow these URLs.

import type { WasmSource } from "./module.js";

export const fromUrl: WasmSource = (kernels) =>
	fetch(
		kernels === "scalar"
			? new URL("./stllr_scalar_bg.wasm", import.meta.url)
			: new URL("./stllr_bg.wasm", import.meta.url),
	);
