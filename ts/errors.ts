// Every error stllr throws on purpose. Each says what was given, what is allowed and where.

/** What kind of thing went wrong; stable across versions, for programs to switch on. */
export type ErrorCode = "option" | "event" | "format" | "dataset" | "environment" | "state" | "storage";

/** The base of all errors that stllr throws on purpose. */
export class StllrError extends Error {
	readonly code: ErrorCode;

	constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
		super(message, options);
		this.name = new.target.name;
		this.code = code;
	}
}

/** An option that is out of its range, of the wrong kind, or that contradicts another. */
export class OptionError extends StllrError {
	/** Where it is, as a path: `layers[0].units`. */
	readonly option: string;

	constructor(option: string, given: unknown, allowed: string) {
		super("option", `${option}: ${show(given)} is not allowed; allowed: ${allowed}`);
		this.option = option;
	}
}

/** An event that a network cannot take: outside the sensor, back in time, or no number. */
export class EventError extends StllrError {
	/** Which event of the chunk that was given, from 0. */
	readonly index: number;

	constructor(index: number, found: string, allowed: string) {
		super("event", `event ${index}: ${found}; allowed: ${allowed}`);
		this.index = index;
	}
}

/** Bytes that are not what their format demands. */
export class FormatError extends StllrError {
	/** Where in the bytes the fault begins. */
	readonly byteOffset: number;
	/** The file's name, where there is one. */
	readonly source: string | undefined;

	constructor(byteOffset: number, found: string, allowed: string, source?: string) {
		super("format", `${source === undefined ? "" : `${source}: `}byte ${byteOffset}: ${found}; allowed: ${allowed}`);
		this.byteOffset = byteOffset;
		this.source = source;
	}
}

/** A folder, archive or index of recordings that is missing or not laid out as it should be. */
export class DatasetError extends StllrError {
	constructor(message: string, options?: { cause?: unknown }) {
		super("dataset", message, options);
	}
}

/** This environment lacks something stllr needs, or forbids it. */
export class EnvironmentError extends StllrError {
	constructor(message: string, options?: { cause?: unknown }) {
		super("environment", message, options);
	}
}

/** A call that makes no sense in the state the object is in: closed, or being followed. */
export class StateError extends StllrError {
	constructor(message: string) {
		super("state", message);
	}
}

/**
 * Why a file could not be kept or read; stable across versions.
 * `missing`: nothing was ever saved there. `no-folder`, `full`, `read-only`, `denied`: what the system says of the folder
 * or disk. `no-file`: a folder or a device stands there. `too-large`, `invalid`: what is there is not taken. `failed`: all else.
 */
export type StorageErrorKind =
	| "missing"
	| "no-folder"
	| "full"
	| "read-only"
	| "denied"
	| "no-file"
	| "too-large"
	| "invalid"
	| "failed";

/** A file that could not be kept, or could not be read. */
export class StorageError extends StllrError {
	readonly kind: StorageErrorKind;
	/** The file that it is about. */
	readonly file: string;
	/** What was being done to it: `write`, `sync`, `rename`, `read`... */
	readonly operation: string;
	/** The system's word for it, where it is the system that refused: `ENOSPC`. */
	readonly systemCode: string | undefined;

	constructor(
		kind: StorageErrorKind,
		file: string,
		operation: string,
		reason: string,
		options: { cause?: unknown; systemCode?: string } = {},
	) {
		super("storage", `${file}: ${operation}: ${reason}`, options);
		this.kind = kind;
		this.file = file;
		this.operation = operation;
		this.systemCode = options.systemCode;
	}
}

function show(given: unknown): string {
	if (typeof given === "string") return JSON.stringify(given);
	if (typeof given === "object" && given !== null) return Array.isArray(given) ? "an array" : "an object";
	return String(given);
}
