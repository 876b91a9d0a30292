// Braille letters read by a fingertip: 12 taxels (pressure sensors), 76 or 77 frames, 27 letters many times over.

import { openArchive } from "./files.js";
import { readNpy } from "./npy.js";

/** One reading of one letter. */
export interface Touch {
	/** 0 is the space, 1 to 26 are A to Z. */
	readonly letter: number;
	/** Which reading of the letter, from 0. */
	readonly repetition: number;
	readonly isTest: boolean;
	/** Pressure by taxel and frame, 0 to 255. */
	readonly taxels: readonly Uint8Array[];
}

/** Reads all. */
export async function readTouches(path: string): Promise<Touch[]> {
	const archive = await openArchive(path);
	const [data, length, label, repetition, isTest] = ["data", "length", "label", "repetition", "is_test"].map((name) =>
		readNpy(archive.read(`${name}.npy`)),
	);
	const [count = 0, frames = 0, taxels = 0] = data?.shape ?? [];
	return Array.from({ length: count }, (_, index) => {
		const until = length?.values[index] ?? 0;
		if (until > frames) throw new Error(`${path}: reading ${index} has ${until} frames of ${frames}`);
		const value = (taxel: number, frame: number) => data?.values[(index * frames + frame) * taxels + taxel] ?? 0;
		return {
			letter: label?.values[index] ?? 0,
			repetition: repetition?.values[index] ?? 0,
			isTest: isTest?.values[index] === 1,
			taxels: Array.from({ length: taxels }, (_, taxel) =>
				Uint8Array.from({ length: until }, (_, frame) => value(taxel, frame)),
			),
		};
	});
}
