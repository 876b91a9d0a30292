// stllr for browsers and workers.

import { setWasmSource } from "./wasm/module.js";
import { fromUrl } from "./wasm/web.js";

setWasmSource(fromUrl);

export * from "./mod.js";
