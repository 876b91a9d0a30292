// Clips of ten gestures before an event camera of 128 x 128 pixels, one of each, as SLAYER's .bs2 in a zip.

import { type Events, openEvents } from "stllr";
import { openArchive } from "./files.js";

/** The sensor's rows and columns. */
export const CLIP_SIZE = 128;

/** What the clips show, by the number of the file, from 1. Which of two circles goes clockwise is not known. */
export const CLIP_GESTURES = [
	...["hand clapping", "right hand wave", "left hand wave", "right arm circle", "right arm circle back"],
	...["left arm circle", "left arm circle back", "arm roll", "air drums", "air guitar"],
] as const;

/** One clip. */
export interface Clip {
	/** Index in `CLIP_GESTURES`. */
	readonly label: number;
	/** From the clip's own time 0. */
	readonly events: Events;
}

/** Reads the clips, in the order of their numbers. */
export async function readClips(path: string): Promise<Clip[]> {
	const archive = await openArchive(path);
	const clips: Clip[] = [];
	for (const label of CLIP_GESTURES.keys()) {
		clips.push({ label, events: await openEvents(archive.read(`${label + 1}.bs2`), { format: "bs2" }) });
	}
	return clips;
}
