// `stllr/sensors`: live sources, their recordings and replays. Apart from the main entry, which starts sooner without them.

export type { LiveEvents } from "../events/chunk.js";
export type { BackoffOptions } from "./backoff.js";
export type { LiveDecoder } from "./decoders/decoder.js";
export { type FrameLayout, frameDecoder } from "./decoders/frames.js";
export type { JsonSchema } from "./decoders/json.js";
export { type SampleLayout, sampleDecoder } from "./decoders/samples.js";
export { soundDecoder } from "./decoders/sound.js";
export { openSource, type SourcePlace } from "./open.js";
export type { SourceOptions } from "./options.js";
export type { QueuePolicy } from "./queue.js";
export { openReplay, type Replay, type ReplayOptions } from "./recording/read.js";
export { type Label, Recorder, type RecordOptions, recordSource } from "./recording/write.js";
export { LiveSource, type Source } from "./source.js";
export type { SourceCounts, SourceStatus } from "./status.js";
export { machineTimer, type Timer } from "./timer.js";
export { type Connection, Inbox, type Transport } from "./transport.js";
export { type MqttOptions, mqtt } from "./transports/mqtt.js";
export { type SerialOptions, serial } from "./transports/serial.js";
export { type SocketOptions, socket } from "./transports/socket.js";
export { stream } from "./transports/stream.js";
export { type UdpOptions, udp } from "./transports/udp.js";
export { webSocket } from "./transports/websocket.js";
