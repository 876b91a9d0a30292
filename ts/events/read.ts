// Event files as a whole.

import type { ByteSource } from "./bytes.js";
import { type DecodedEvents, Gathering } from "./decode.js";
import { formatOf } from "./formats.js";
import { type ReadOptions, streamEvents } from "./stream.js";

/**
 * Reads a whole event file: 13 bytes of memory an event. `streamEvents` reads files that are too large for that.
 *
 * @param source a path, a `file:` URL, the file's bytes, or a stream of them
 * @returns the events in the order and with the values of the file, and how many faulty records were dropped
 * @throws OptionError for a format that is neither given nor told by content or name
 * @throws DatasetError for a file that cannot be read
 * @throws FormatError with the byte offset of the first fault
 */
export async function openEvents(source: ByteSource, options: ReadOptions = {}): Promise<DecodedEvents> {
	const stream = await streamEvents(source, { ...options, reuse: true });
	const gathered = new Gathering(Math.floor((stream.length ?? 0) / formatOf(stream.format).eventBytes));
	for await (const chunk of stream) gathered.add(chunk);
	const { format, dropped, sensor } = stream;
	return { ...gathered.events(), format, dropped, sensor };
}
