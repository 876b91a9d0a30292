// What camera and microphone of a browser have in common.

import { EnvironmentError } from "../../errors.js";
import type { LiveDecoder } from "../decoders/decoder.js";
import { fullOptions, type SourceOptions } from "../options.js";
import { LiveSource } from "../source.js";
import type { Transport } from "../transport.js";

/** How such a source is read: as any other, but that it is told what its bytes are. */
export type MediaOptions = Omit<SourceOptions, "format" | "schema" | "decoder" | "onFault">;

/** The browser's devices. */
export function devices(what: string): MediaDevices {
	const found = globalThis.navigator?.mediaDevices;
	if (found?.getUserMedia !== undefined) return found;
	throw new EnvironmentError(`there is no ${what} here: browsers give one to pages of https or localhost only`);
}

/** A source of a device. Waits for nothing: what it makes of a refusal, its status says. */
export function mediaSource(transport: Transport, decoder: LiveDecoder, options: MediaOptions): LiveSource {
	const { onFault: _, ...full } = fullOptions(options, transport.isOnce, decoder.hasTimes);
	return new LiveSource({ transport, decoder, ...full, backoff: options.backoff, timer: options.timer });
}

/** Ends a stream of media: the device's light goes out. */
export function stop(stream: MediaStream): void {
	for (const track of stream.getTracks()) track.stop();
}

/** Calls back when the device is taken away: pulled out, or its permission withdrawn. */
export function whenGone(stream: MediaStream, call: (error: Error) => void): void {
	for (const track of stream.getTracks()) {
		track.addEventListener("ended", () => call(new Error(`the ${track.kind} device has gone`)), { once: true });
	}
}
