// Where bytes come from: a path, a buffer, or a stream of a browser or of Node.

import { DatasetError, OptionError } from "../errors.js";

/**
 * Bytes, or where they are: a path or a `file:` URL (both need a runtime with Node's file system), the bytes themselves, or a
 * stream of them (a response's body, a file's stream, a process's output).
 */
export type ByteSource =
	| string
	| URL
	| Uint8Array
	| ReadableStream<Uint8Array>
	| AsyncIterable<Uint8Array>
	| Iterable<Uint8Array>;

/** A stream of bytes that is read once. */
export interface Bytes extends AsyncIterable<Uint8Array> {
	/** The file's name, for errors. */
	readonly name: string | undefined;
	/** How many there are, where that is known. */
	readonly length: number | undefined;
}

/** How many bytes of a file are read at a time. */
const READ_BYTES = 1 << 16;

/** Opens a source of bytes; a file is opened, and closed again when the reader leaves. */
export async function openBytes(source: ByteSource): Promise<Bytes> {
	if (source instanceof Uint8Array) {
		return { name: undefined, length: source.length, ...streamOf([source]) };
	}
	if (typeof source === "string" || source instanceof URL) return openFile(await pathOf(source));
	if (typeof source !== "object" || source === null) throw notBytes(source);
	if (isIterable(source)) return { name: undefined, length: undefined, ...streamOf(source) };
	if (isReadable(source)) return { name: undefined, length: undefined, ...streamOf(chunksOf(source)) };
	throw notBytes(source);
}

function notBytes(source: unknown): OptionError {
	return new OptionError("source", source, "a path, a file: URL, a Uint8Array or a stream of Uint8Arrays");
}

/** A path from a path or a `file:` URL. */
export async function pathOf(source: string | URL): Promise<string> {
	if (typeof source === "string") return source;
	if (!(source instanceof URL)) throw new OptionError("source", source, "a path, a file: URL or a Uint8Array");
	if (source.protocol !== "file:") throw new OptionError("source", source.href, "a path, a file: URL or a Uint8Array");
	const { fileURLToPath } = await import("node:url");
	return fileURLToPath(source);
}

async function openFile(path: string): Promise<Bytes> {
	const { open } = await import("node:fs/promises");
	const unreadable = (cause: unknown) =>
		new DatasetError(`${path}: cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
	const stat = await open(path)
		.then(async (file) => ({ file, size: (await file.stat()).size }))
		.catch((cause: unknown) => {
			throw unreadable(cause);
		});
	const { file, size } = stat;
	async function* read(): AsyncGenerator<Uint8Array> {
		// One buffer for all: whoever asks for the next bytes is done with the last.
		const buffer = new Uint8Array(size > 0 ? Math.min(READ_BYTES, size) : READ_BYTES);
		try {
			for (;;) {
				const { bytesRead } = await file.read(buffer, 0, buffer.length, null);
				if (bytesRead === 0) return;
				yield buffer.subarray(0, bytesRead);
			}
		} catch (cause) {
			throw unreadable(cause);
		} finally {
			await file.close();
		}
	}
	return { name: path, length: size, ...streamOf(read()) };
}

function streamOf(parts: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): AsyncIterable<Uint8Array> {
	return {
		async *[Symbol.asyncIterator]() {
			for await (const part of parts) {
				if (!(part instanceof Uint8Array)) throw new OptionError("source", part, "a stream of Uint8Arrays");
				yield part;
			}
		},
	};
}

/** Not all browsers can iterate over a ReadableStream. */
async function* chunksOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
	const reader = stream.getReader();
	try {
		for (;;) {
			const { done, value } = await reader.read();
			if (done) return;
			yield value;
		}
	} finally {
		await reader.cancel();
	}
}

function isIterable(source: object): source is AsyncIterable<Uint8Array> | Iterable<Uint8Array> {
	return Symbol.asyncIterator in source || Symbol.iterator in source;
}

function isReadable(source: object): source is ReadableStream<Uint8Array> {
	return "getReader" in source;
}
