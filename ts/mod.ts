// What the package offers, in every environment.

export type { AudioFormat } from "./audio/decode.js";
export { type Audio, openAudio } from "./audio/read.js";
export {
	type AudioChunk,
	type AudioOptions,
	type AudioStream,
	type AudioStreamOptions,
	streamAudio,
} from "./audio/stream.js";
export type { Json, Learned } from "./checkpoint/head.js";
export * from "./errors.js";
export type { ByteSource } from "./events/bytes.js";
export { EventRoom, type Events, events, type LiveEvents } from "./events/chunk.js";
export type { DecodedEvents, OnFault, SensorPixels } from "./events/decode.js";
export type { EventFormat } from "./events/formats.js";
export type { H5wasm } from "./events/hdf5/library.js";
export { openEvents } from "./events/read.js";
export { type EventStream, type ReadOptions, type StreamOptions, streamEvents } from "./events/stream.js";
export { type WriteFormat, type WriteOptions, writeEvents, writeFormats } from "./events/write/mod.js";
export { type Schedule, scheduledRates, scheduleFactor } from "./learning/schedule.js";
export { type CostOptions, costs, type LayerCosts, type NetworkCosts } from "./network/cost/mod.js";
export type { FollowOptions, StreamAnswer } from "./network/follow.js";
export type { Memory, Meter } from "./network/meter.js";
export { type NamedOptions, type NetworkName, type NetworkSize, named, networkNames } from "./network/named/mod.js";
export { type Answer, type LoadOptions, Network } from "./network/network.js";
export type { GivenParameters, LayerParameters, Rounding } from "./network/parameters.js";
export type { RecordingOptions } from "./network/recording.js";
export type { Snapshot } from "./network/snapshot.js";
export type * from "./network/spec/mod.js";
export type { EventsTarget, StepRange, Target, ValuesTarget } from "./network/targets.js";
export type { Estimate, EstimateOptions, Estimates } from "./network/values.js";
export { hasSimd } from "./wasm/module.js";
