// `stllr/adapt`: a network that goes on learning where it is used, with guard rails.

export { Adapter, type AdapterAnswer, type AdapterMemory, type Outcome, type Which } from "./adapter.js";
export type { AuditEntry, AuditEvent, RefusalReason } from "./log.js";
export type { AdapterOptions } from "./options.js";
export { type Change, PageHinkley, type PageHinkleyOptions } from "./page-hinkley.js";
export type { AdapterFollowOptions } from "./stretches.js";
