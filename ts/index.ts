// stllr for Node.

import { setWasmSource } from "./wasm/module.js";
import { fromPackage } from "./wasm/node.js";

setWasmSource(fromPackage);

export * from "./mod.js";
