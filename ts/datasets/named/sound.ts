// Labelled sound: the Free Spoken Digit Dataset.

import { decodeAudio } from "../../audio/decode.js";
import type { Audio } from "../../audio/read.js";
import { loadEventsModule } from "../../wasm/module.js";
import type { CheckedOptions } from "../labelled.js";
import { type FileTree, rootOf, sortNames } from "../tree.js";
import { notFound } from "./catalogue.js";

/** One sound and what it is. */
export interface SoundRecording {
	/** Its path in the dataset. */
	readonly name: string;
	/** The index of its class in `classes`. */
	readonly label: number;
	/** Who speaks. */
	readonly subject: string;
	/** Its samples, decoded at each access. */
	readonly sound: Audio;
}

/** Sounds with their labels, in the dataset's own split. */
export interface SoundSet {
	readonly name: string;
	readonly classes: readonly string[];
	readonly train: readonly SoundRecording[];
	readonly test: readonly SoundRecording[];
}

/** The takes from 0 on that are to test, as the authors split it. */
const TEST_TAKES = 5;

/** Opens the digits: by digit, speaker and take. */
export async function openFsdd(tree: FileTree, { onFault }: CheckedOptions): Promise<SoundSet> {
	const module = await loadEventsModule();
	const top = rootOf(tree);
	const root = tree.list(top).includes("recordings/") ? `${top}recordings/` : top;
	const found = tree.list(root).flatMap((file) => {
		const [, digit, speaker = "", take] = /^(\d)_(.+)_(\d+)\.wav$/.exec(file) ?? [];
		return digit === undefined ? [] : [{ file, digit: Number(digit), speaker, take: Number(take) }];
	});
	if (found.length === 0) throw notFound("fsdd", tree.place, "there are no recordings here");
	found.sort((a, b) => a.digit - b.digit || compare(a.speaker, b.speaker) || a.take - b.take);
	const recording = ({ file, digit, speaker }: (typeof found)[number]): SoundRecording => ({
		name: root + file,
		label: digit,
		subject: speaker,
		get sound() {
			return decodeAudio(module, tree.read(root + file), onFault, `${tree.place}: ${file}`);
		},
	});
	return {
		name: tree.place,
		classes: ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
		train: found.filter(({ take }) => take >= TEST_TAKES).map(recording),
		test: found.filter(({ take }) => take < TEST_TAKES).map(recording),
	};
}

function compare(a: string, b: string): number {
	return a === b ? 0 : sortNames([a, b])[0] === a ? -1 : 1;
}
