// Checkpoint files as commands take them: their heads, and what is in them, as lines.

import { open } from "node:fs/promises";
import { FRAME, type Frame, frameOf, MOST_BYTES, openHead } from "../checkpoint/format.js";
import { checkHead, type Head } from "../checkpoint/head.js";
import { FormatError, StllrError } from "../index.js";
import { grouped } from "../learning/report.js";
import { specOf } from "../network/checkpoint.js";
import type { FullSpec } from "../network/spec/mod.js";
import { column, table } from "./table.js";

/** The head of a checkpoint file. */
export interface CheckpointHead {
	readonly path: string;
	readonly bytes: number;
	readonly frame: Frame;
	readonly head: Head;
	readonly spec: FullSpec;
}

/** Does a file begin as checkpoints do? */
export async function isCheckpoint(path: string): Promise<boolean> {
	return withFile(path, async (read) => {
		const start = await read(0, 4);
		return start.length === 4 && start[0] === 0x89 && start[1] === 0x53 && start[2] === 0x54 && start[3] === 0x4c;
	});
}

/**
 * Reads a checkpoint's head, and nothing of its arrays.
 *
 * @throws FormatError where it is damaged or none
 */
export function readHead(path: string): Promise<CheckpointHead> {
	return withFile(path, async (read, bytes) => {
		const first = await read(0, FRAME);
		const frame = frameOf(first, path);
		const whole = FRAME + frame.headBytes + frame.bodyBytes + (frame.isSigned ? FRAME : 0);
		if (bytes !== whole)
			throw new FormatError(Math.min(bytes, whole), `${bytes} bytes`, `${whole}, as the frame says`, path);
		const opened = await openHead(await read(0, FRAME + frame.headBytes), path);
		const head = checkHead(opened.head, path);
		return { path, bytes, frame, head, spec: specOf(head, path) };
	});
}

/** Reads a whole checkpoint file. */
export function readCheckpoint(path: string): Promise<Uint8Array> {
	return withFile(path, async (read, bytes) => {
		if (bytes > MOST_BYTES) throw new FormatError(0, `${bytes} bytes`, `at most ${MOST_BYTES}`, path);
		return read(0, bytes);
	});
}

type Read = (from: number, length: number) => Promise<Uint8Array>;

async function withFile<T>(path: string, use: (read: Read, bytes: number) => Promise<T>): Promise<T> {
	let file: Awaited<ReturnType<typeof open>>;
	try {
		file = await open(path, "r");
	} catch (cause) {
		const reason = cause instanceof Error ? cause.message.replace(/, open .*/, "") : String(cause);
		throw new StllrError("format", `${path}: cannot be read: ${reason}`, { cause });
	}
	try {
		const { size } = await file.stat();
		const read: Read = async (from, length) => {
			const bytes = new Uint8Array(Math.max(0, Math.min(length, size - from)));
			const { bytesRead } = await file.read(bytes, 0, bytes.length, from);
			return bytes.subarray(0, bytesRead);
		};
		return await use(read, size);
	} finally {
		await file.close();
	}
}

/** What a checkpoint is and holds, as lines; the arrays as a table of their own. */
export function describeHead(
	{ path, bytes, frame, head, spec }: CheckpointHead,
	faint: (text: string) => string,
): string[] {
	const { kind, version, isSigned } = frame;
	const what = { full: "a whole learner", inference: "weights alone", delta: "what changed since a base" }[kind];
	const { classes } = spec.readout;
	const counts = ([name, by]: readonly [string, readonly number[]]) => {
		const sum = by.reduce((total, count) => total + count, 0);
		const each = classes.map((label, at) => `${label} ${grouped(by[at] ?? 0)}`).join(", ");
		return sum === 0 ? [] : [`${grouped(sum)} ${name} learned: ${each}`];
	};
	const { recordings, stretches, values } = head.learned;
	const { stream, delta } = head;
	const at = stream === undefined ? [] : [`within a stream, after ${grouped(stream.events)} events`];
	const [tableHead = "", ...rows] = arrayTable(head);
	return [
		`${path}: ${what}; ${grouped(bytes)} bytes, format ${version.major}.${version.minor}, ${isSigned ? "signed" : "not signed"}`,
		...counts(["recordings", recordings]),
		...counts(["stretches of streams", stretches]),
		...(values === 0 ? [] : [`${grouped(values)} recordings of values learned`]),
		...at,
		...(delta === undefined ? [] : [`from the weights ${delta.from} to ${delta.to}`]),
		`rates: hidden ${head.rates.hidden}, readout ${head.rates.readout}`,
		...(head.notes === null ? [] : [`notes: ${JSON.stringify(head.notes)}`]),
		"",
		faint(tableHead),
		...rows,
	];
}

function arrayTable({ arrays }: Head): string[] {
	return table(arrays, [
		column("layer", ({ layer }) => (layer === 0 ? "stream" : String(layer))),
		column("part", ({ part }) => part, "left"),
		column("type", ({ type, shift }) => (shift === 0 ? type : `${type} x 2^${shift}`), "left"),
		column("elements", ({ length }) => grouped(length)),
	]);
}

/** The same for programs. */
export function headJson({ bytes, frame, head }: CheckpointHead): object {
	const { kind, version, isSigned } = frame;
	const { spec, rates, learned, notes, arrays, delta, stream } = head;
	const { scores, ...place } = stream ?? { scores: undefined };
	return {
		checkpoint: { kind, version: `${version.major}.${version.minor}`, bytes, isSigned, rates, learned, notes, arrays },
		...(delta && { delta }),
		...(scores && { stream: place }),
		spec,
	};
}
