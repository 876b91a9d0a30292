// `stllr/sensors` in browsers: camera and microphone, and the decoders. Sockets, serial lines and recordings need Node.

import "../web.js";

export type { LiveEvents } from "../events/chunk.js";
export type { BackoffOptions } from "./backoff.js";
export { type CameraSourceOptions, openCamera } from "./browser/camera.js";
export type { MediaOptions } from "./browser/media.js";
export { type MicrophoneOptions, openMicrophone } from "./browser/microphone.js";
export type { LiveDecoder } from "./decoders/decoder.js";
export { type FrameLayout, frameDecoder } from "./decoders/frames.js";
export { type SampleLayout, sampleDecoder } from "./decoders/samples.js";
export { soundDecoder } from "./decoders/sound.js";
export type { SourceOptions } from "./options.js";
export type { QueuePolicy } from "./queue.js";
export { LiveSource, type Source } from "./source.js";
export type { SourceCounts, SourceStatus } from "./status.js";
export { machineTimer, type Timer } from "./timer.js";
export { type Connection, Inbox, type Transport } from "./transport.js";
