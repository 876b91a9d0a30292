// The Free Spoken Digit Dataset: ten digits, spoken by several people, many takes of each.

import { openArchive, tableOf, textOf } from "./files.js";
import { readWav, type Sound } from "./wav.js";

/** One take. */
export interface SpokenDigit {
	readonly digit: number;
	readonly speaker: string;
	readonly take: number;
	/** The authors' split: takes 0 to 4 are for testing. */
	readonly isTest: boolean;
	readonly sound: Sound;
}

/** Reads all takes, in the order of the index. */
export async function readSpokenDigits(path: string): Promise<SpokenDigit[]> {
	const archive = await openArchive(path);
	const rows = tableOf(textOf(archive, "index.csv"), ["file", "digit", "speaker", "split"]);
	return rows.map(({ file, digit, speaker, split }) => ({
		digit: Number(digit),
		speaker,
		take: Number(/_(\d+)\.wav$/.exec(file)?.[1]),
		isTest: split === "test",
		sound: readWav(archive.read(file)),
	}));
}
