// Event files, from a path or from bytes.

import { DatasetError, OptionError } from "../errors.js";
import { loadEventsModule } from "../wasm/module.js";
import { type DecodedEvents, decodeEvents, type EventFormat, type OnFault } from "./decode.js";

/** How to read an event file. */
export interface ReadOptions {
	/**
	 * The format; without it the name's ending decides.
	 *
	 * - `"bin"`: N-MNIST and N-Caltech101. Five bytes an event; a record with y = 240 is no event, it adds 2^13 us
	 *   to all times after it.
	 * - `"bs2"`: SLAYER. The same bytes, and every record is an event.
	 */
	readonly format?: EventFormat;
	/** At a cut last record: `"refuse"` (the default) throws, `"skip"` drops and counts it. */
	readonly onFault?: OnFault;
}

const FORMATS: readonly EventFormat[] = ["bin", "bs2"];
const ALLOWED_FORMATS =
	'"bin" or "bs2" (they hold the same bytes and bear no mark, so only a name or this option tells)';

/**
 * Reads a whole event file: 13 bytes of memory an event, beside the file's own bytes while it is decoded.
 *
 * @param source a path, a `file:` URL (both need a runtime with Node's file system), or the file's bytes
 * @returns the events in the order and with the values of the file, and how many faulty records were dropped
 * @throws OptionError for a format that is neither given nor known by the name's ending
 * @throws DatasetError for a file that cannot be read
 * @throws FormatError with the byte offset of the first fault
 */
export async function openEvents(source: string | URL | Uint8Array, options: ReadOptions = {}): Promise<DecodedEvents> {
	const onFault = checkOnFault(options.onFault);
	if (source instanceof Uint8Array) {
		return decodeEvents(await loadEventsModule(), source, checkFormat(options.format, undefined), { onFault });
	}
	const name = await pathOf(source);
	const format = checkFormat(options.format, name);
	const bytes = await readWhole(name);
	return decodeEvents(await loadEventsModule(), bytes, format, { onFault, source: name });
}

/** The format that a name's ending tells, if it tells one. */
export function formatOfName(name: string): EventFormat | undefined {
	const lower = name.toLowerCase();
	return FORMATS.find((format) => lower.endsWith(`.${format}`));
}

/** An `onFault` option as it was given, or the default. */
export function checkOnFault(given: OnFault | undefined): OnFault {
	if (given === undefined || given === "refuse" || given === "skip") return given ?? "refuse";
	throw new OptionError("onFault", given, '"refuse" or "skip"');
}

/** A path from a path or a `file:` URL. */
export async function pathOf(source: string | URL): Promise<string> {
	if (typeof source === "string") return source;
	if (!(source instanceof URL)) throw new OptionError("source", source, "a path, a file: URL or a Uint8Array");
	if (source.protocol !== "file:") throw new OptionError("source", source.href, "a path, a file: URL or a Uint8Array");
	const { fileURLToPath } = await import("node:url");
	return fileURLToPath(source);
}

function checkFormat(given: EventFormat | undefined, name: string | undefined): EventFormat {
	const format = given ?? (name === undefined ? undefined : formatOfName(name));
	if (format !== undefined && FORMATS.includes(format)) return format;
	const where = name === undefined ? "" : `; ${JSON.stringify(name)} ends in neither`;
	throw new OptionError("format", given, `${ALLOWED_FORMATS}${where}`);
}

async function readWhole(path: string): Promise<Uint8Array> {
	const { readFile } = await import("node:fs/promises");
	try {
		return await readFile(path);
	} catch (cause) {
		throw new DatasetError(`${path}: cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, {
			cause,
		});
	}
}
