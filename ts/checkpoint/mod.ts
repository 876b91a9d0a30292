// What can be done with checkpoints as files, without a network.

export { applyDelta, type DeltaOptions, deltaOf } from "./delta.js";
export type { Kind } from "./format.js";
export type { Json, Learned } from "./head.js";
export { type Keys, newKeys, sign, verify } from "./sign.js";
