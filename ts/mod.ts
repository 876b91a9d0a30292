// What the package offers, in every environment.

export { type Fold, folds } from "./datasets/folds.js";
export { type LabelledOptions, type LabelledSet, openLabelled, type Recording } from "./datasets/labelled.js";
export { shuffled } from "./datasets/shuffle.js";
export { gestureNames, gestureSet, makeGesture } from "./demo/gestures.js";
export * from "./errors.js";
export { EventRoom, type Events, events } from "./events/chunk.js";
export type { DecodedEvents, EventFormat, OnFault } from "./events/decode.js";
export { openEvents, type ReadOptions } from "./events/read.js";
export type { FollowOptions, StreamAnswer } from "./network/follow.js";
export type { Memory, Meter } from "./network/meter.js";
export { type Answer, Network, type RecordingOptions } from "./network/network.js";
export type * from "./network/spec.js";
export { hasSimd } from "./wasm/module.js";
