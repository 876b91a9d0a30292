// Opening a source: from a URL, a stream, or a transport of one's own.

import { OptionError } from "../errors.js";
import { binary } from "./decoders/binary.js";
import type { LiveDecoder } from "./decoders/decoder.js";
import { json } from "./decoders/json.js";
import { checkDecoding, fullOptions, type SourceOptions } from "./options.js";
import { LiveSource } from "./source.js";
import type { Transport } from "./transport.js";
import { stream } from "./transports/stream.js";
import { type Asked, ask } from "./url.js";

/** Where a source is: a URL (`-` is standard input), a stream of bytes, or a transport. */
export type SourcePlace = string | URL | AsyncIterable<Uint8Array | string> | Transport;

/**
 * Opens a source: it begins to connect, and to read, at once.
 *
 * @param place as `udp://127.0.0.1:3333?format=spif`: see docs/sensors.md. What the URL asks for, `options` override
 * @throws OptionError for a URL or an option that is not allowed
 * @throws EnvironmentError where a library that it needs is not installed, with the line that installs it
 */
export async function openSource(place: SourcePlace, options: SourceOptions = {}): Promise<LiveSource> {
	const { transport, options: asked } = await askedOf(place);
	const given = { ...asked, ...options };
	const decoder = await decoderOf(given, transport.name);
	try {
		const { onFault: _, ...full } = fullOptions(given, transport.isOnce, decoder.hasTimes);
		return new LiveSource({ transport, decoder, ...full, backoff: given.backoff, timer: given.timer });
	} catch (cause) {
		decoder.close();
		throw cause;
	}
}

async function askedOf(place: SourcePlace): Promise<Asked> {
	if (typeof place === "string") return ask(place);
	if (place instanceof URL) return ask(place.href);
	if (typeof place === "object" && place !== null) {
		// First, as Node's sockets are streams that have a `connect` too.
		if (Symbol.asyncIterator in place) return { transport: stream(place), options: {} };
		if ("connect" in place) return { transport: place, options: {} };
	}
	throw new OptionError("source", place, "a URL, a stream of bytes or a transport");
}

async function decoderOf(given: SourceOptions, name: string): Promise<LiveDecoder> {
	const chosen = checkDecoding(given);
	const onFault = given.onFault ?? "skip";
	if (typeof chosen === "string") return binary(chosen, onFault, name);
	return "push" in chosen ? chosen : json(chosen, onFault, name);
}
