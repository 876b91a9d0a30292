// Likenesses: what a recording might have been, a little earlier or later and with some spikes missing. Learned in place of the
// recording itself, they keep a network from knowing it by heart.

import type { Random } from "../../../dist/random.js";
import type { Spikes } from "./spikes.js";

/** How far a likeness may be from its recording. */
export interface LikenessOptions {
	/** Steps by which all of it is moved, at most, either way; each as likely. */
	readonly shift: number;
	/** The probability of a spike to be missing. */
	readonly drop: number;
}

/** A likeness. What would come before step 0 is left out. */
export function likeness({ steps, channels }: Spikes, { shift, drop }: LikenessOptions, random: Random): Spikes {
	const moved = random.below(2 * shift + 1) - shift;
	const kept = steps.map((step) => step + moved >= 0 && !random.chance(drop));
	return {
		steps: steps.filter((_, at) => kept[at]).map((step) => step + moved),
		channels: channels.filter((_, at) => kept[at]),
	};
}
