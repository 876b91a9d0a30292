// `stllr/exchange` in browsers and workers.

import "../web.js";

export * from "./mod.js";
