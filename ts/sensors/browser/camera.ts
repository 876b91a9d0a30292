// A browser's camera to events: frames as they are shown, through an encoder of `stllr/encode`.

import type { Frame } from "../../encode/camera.js";
import type { Encoder } from "../../encode/encoder.js";
import type { Events } from "../../events/chunk.js";
import type { LiveDecoder } from "../decoders/decoder.js";
import type { LiveSource } from "../source.js";
import { type Connection, Inbox, type Transport } from "../transport.js";
import { devices, type MediaOptions, mediaSource, stop, whenGone } from "./media.js";

/** What is asked of a camera. */
export interface CameraSourceOptions extends MediaOptions {
	/** Which camera, and how: `{ facingMode: "environment", frameRate: 60 }`. Its size is asked to be the encoder's, and is scaled to it. */
	readonly video?: MediaTrackConstraints;
}

/** Before the pixels: the frame's time, in us. */
const HEAD_BYTES = 8;

/**
 * Opens the camera: the browser asks the user, once for the page. Frames are scaled to the size of the encoder, and have the times
 * at which they were taken, as the browser says. Where frames come faster than they are taken, 8 MiB of them wait, and what comes
 * beyond is dropped and counted (`unread`). The encoder stays its owner's to close.
 *
 * @throws EnvironmentError where there is no camera to ask for: outside of browsers, and in pages that are not secure
 */
export function openCamera(encoder: Encoder<Frame>, options: CameraSourceOptions = {}): LiveSource {
	const { video, ...rest } = options;
	const { width, height } = encoder.input;
	const asked = { width: { ideal: width }, height: { ideal: height }, ...video };
	return mediaSource(cameraTransport(asked, width, height), new FrameMessages(encoder), rest);
}

function cameraTransport(video: MediaTrackConstraints, width: number, height: number): Transport {
	const media = devices("camera");
	return {
		name: "camera",
		isMessages: true,
		isOnce: false,
		async connect(signal): Promise<Connection> {
			const stream = await media.getUserMedia({ video });
			try {
				signal.throwIfAborted();
				return await watch(stream, width, height);
			} catch (cause) {
				stop(stream);
				throw cause;
			}
		},
	};
}

/** Draws each frame that is shown, and takes its pixels. */
async function watch(stream: MediaStream, width: number, height: number): Promise<Connection> {
	const [video, canvas] = [document.createElement("video"), document.createElement("canvas")];
	Object.assign(canvas, { width, height });
	const context = canvas.getContext("2d", { willReadFrequently: true });
	if (context === null) throw new Error("no canvas to draw on");
	Object.assign(video, { srcObject: stream, muted: true, playsInline: true });
	await video.play();

	let cancel = () => {};
	const inbox = new Inbox(() => {
		cancel();
		stop(stream);
		video.srcObject = null;
	});
	let lastUs = -1;
	const take = (seconds: number) => {
		const timeUs = Math.round(1e6 * seconds);
		// A frame can be shown twice.
		if (timeUs <= lastUs) return;
		lastUs = timeUs;
		context.drawImage(video, 0, 0, width, height);
		const { data } = context.getImageData(0, 0, width, height);
		const message = new Uint8Array(HEAD_BYTES + data.length);
		new DataView(message.buffer).setFloat64(0, timeUs, true);
		message.set(data, HEAD_BYTES);
		inbox.put(message);
	};
	if (typeof video.requestVideoFrameCallback === "function") {
		const next = () => {
			const handle = video.requestVideoFrameCallback((_, { mediaTime }) => {
				take(mediaTime);
				next();
			});
			cancel = () => video.cancelVideoFrameCallback(handle);
		};
		next();
	} else {
		const next = () => {
			const handle = requestAnimationFrame(() => {
				take(video.currentTime);
				next();
			});
			cancel = () => cancelAnimationFrame(handle);
		};
		next();
	}
	whenGone(stream, (error) => {
		cancel();
		inbox.end(error);
	});
	return inbox;
}

/** A frame a message, as they are put together above. */
class FrameMessages implements LiveDecoder {
	readonly hasTimes = true;
	readonly faults = 0;
	readonly #encoder: Encoder<Frame>;

	constructor(encoder: Encoder<Frame>) {
		this.#encoder = encoder;
	}

	push(message: Uint8Array): Events[] {
		const timeUs = new DataView(message.buffer, message.byteOffset).getFloat64(0, true);
		return this.#encoder.push({ timeUs, pixels: message.subarray(HEAD_BYTES) });
	}

	/** The next frames are of a camera that was opened anew, whose time begins anew. */
	end(): Events[] {
		return this.#encoder.flush();
	}

	close(): void {}
}
