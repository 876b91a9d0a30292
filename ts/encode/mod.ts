// Encoders, filters and delay lines, as the package offers them.

export { type CameraOptions, cameraEncoder, type Frame } from "./camera.js";
export { delayedInput, type Encoder, type EncoderOptions, type NetworkInput } from "./encoder.js";
export {
	type BackgroundActivityOptions,
	backgroundActivity,
	type CountStepsOptions,
	countSteps,
	crop,
	type DelayLineOptions,
	type DownsampleOptions,
	delayLine,
	downsample,
	type Filter,
	type HotPixelOptions,
	hotPixels,
	mergePolarities,
	type RateLimitOptions,
	type Rectangle,
	type RefractoryOptions,
	type RegionOptions,
	rateLimit,
	refractory,
	regionOfInterest,
	type SensorSize,
} from "./filters.js";
export { type EventPipe, type FilteredEvents, type FilterPipe, openPipe, pipe, type Removed } from "./pipe.js";
export type { SampleOptions, Samples, Sound } from "./samples.js";
export { type CochleaCode, type CochleaOptions, cochleaEncoder, type MelOptions, melEncoder } from "./sound.js";
export * from "./values.js";
