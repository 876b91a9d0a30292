// Browsers and workers: a module is fetched from beside this file.

import type { WasmSource } from "./module.js";

// Written out, as bundlers follow them.
const URLS = {
	small: {
		simd128: () => new URL("./stllr_bg.wasm", import.meta.url),
		scalar: () => new URL("./stllr_scalar_bg.wasm", import.meta.url),
	},
	deep: {
		simd128: () => new URL("./stllr_deep_bg.wasm", import.meta.url),
		scalar: () => new URL("./stllr_deep_scalar_bg.wasm", import.meta.url),
	},
	events: {
		simd128: () => new URL("./stllr_events_bg.wasm", import.meta.url),
		scalar: () => new URL("./stllr_events_bg.wasm", import.meta.url),
	},
	encode: {
		simd128: () => new URL("./stllr_encode_bg.wasm", import.meta.url),
		scalar: () => new URL("./stllr_encode_bg.wasm", import.meta.url),
	},
};

export const fromUrl: WasmSource = (name, kernels) => fetch(URLS[name][kernels]());
