// A browser's microphone to events, through an encoder of `stllr/encode`: samples come from the thread of the page's sound.

import type { Encoder } from "../../encode/encoder.js";
import type { Sound } from "../../encode/samples.js";
import { EnvironmentError } from "../../errors.js";
import * as check from "../../network/check.js";
import { soundDecoder } from "../decoders/sound.js";
import type { LiveSource } from "../source.js";
import { type Connection, Inbox, type Transport } from "../transport.js";
import { devices, type MediaOptions, mediaSource, stop, whenGone } from "./media.js";

/** What is asked of a microphone. */
export interface MicrophoneOptions extends MediaOptions {
	/** Samples a second, those that the encoder was told: 3,000 to 768,000. The browser resamples where the device has others. */
	readonly sampleRateHz: number;
	/** Which microphone, and how. By default the browser is asked to leave its sound as it is: no echo, noise or gain is taken away. */
	readonly audio?: MediaTrackConstraints;
}

const AS_IT_IS: MediaTrackConstraints = {
	channelCount: 1,
	echoCancellation: false,
	noiseSuppression: false,
	autoGainControl: false,
};

/**
 * Opens the microphone: the browser asks the user, once for the page; most begin only after the user has touched the page. Samples
 * count as 16 bits, round(32,768 x), as the encoder takes floats. Times are those of the samples. The encoder stays its owner's to
 * close.
 *
 * @throws EnvironmentError where there is no microphone to ask for: outside of browsers, and in pages that are not secure
 */
export function openMicrophone(encoder: Encoder<Sound>, options: MicrophoneOptions): LiveSource {
	const { sampleRateHz, audio, ...rest } = options;
	const rate = check.number("sampleRateHz", sampleRateHz, 3000, 768_000);
	return mediaSource(microphoneTransport({ ...AS_IT_IS, ...audio }, rate), soundDecoder(encoder), rest);
}

function microphoneTransport(audio: MediaTrackConstraints, sampleRate: number): Transport {
	const media = devices("microphone");
	if (typeof AudioContext === "undefined" || typeof AudioWorkletNode === "undefined") {
		throw new EnvironmentError("this browser has no AudioWorklet, by which sound is taken");
	}
	return {
		name: "microphone",
		isMessages: false,
		isOnce: false,
		async connect(signal): Promise<Connection> {
			const stream = await media.getUserMedia({ audio });
			const context = new AudioContext({ sampleRate });
			const end = () => {
				stop(stream);
				context.close().catch(() => undefined);
			};
			try {
				signal.throwIfAborted();
				await context.audioWorklet.addModule(new URL("./worklet.js", import.meta.url));
				await context.resume();
				return listen(context, stream, end);
			} catch (cause) {
				end();
				throw cause;
			}
		},
	};
}

function listen(context: AudioContext, stream: MediaStream, end: () => void): Connection {
	const samples = new AudioWorkletNode(context, "stllr-samples", { channelCount: 1, channelCountMode: "explicit" });
	const inbox = new Inbox(() => {
		samples.port.onmessage = null;
		end();
	});
	samples.port.onmessage = ({ data }: MessageEvent<Float32Array>) => inbox.put(bytesOf(data));
	context.createMediaStreamSource(stream).connect(samples);
	// Silence: but what leads nowhere need not be computed.
	samples.connect(context.destination);
	whenGone(stream, (error) => inbox.end(error));
	return inbox;
}

/** As `soundDecoder` takes them: 16 bits, little-endian. */
function bytesOf(samples: Float32Array): Uint8Array {
	const bytes = new Uint8Array(2 * samples.length);
	const view = new DataView(bytes.buffer);
	for (const [at, sample] of samples.entries()) {
		view.setInt16(2 * at, Math.max(-32_768, Math.min(32_767, Math.round(32_768 * sample))), true);
	}
	return bytes;
}
