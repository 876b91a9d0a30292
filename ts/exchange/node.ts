// `stllr/exchange` in Node.

import "../index.js";

export * from "./mod.js";
