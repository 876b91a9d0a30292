// A gesture as a strip of small pictures: what a person would see of it.

import type { Events } from "../index.js";
import type { Marks } from "../learning/report.js";

/**
 * Draws the events of a recording in `frames` equal stretches of its time, side by side, two rows of pixels to a line.
 *
 * @returns lines of `frames * (width + 2)` characters
 */
export function strip(events: Events, width: number, height: number, frames: number, marks: Marks): string[] {
	const endUs = (events.t.at(-1) ?? 0) + 1;
	const pictures = Array.from({ length: frames }, () => new Uint8Array(width * height));
	for (const [index, us] of events.t.entries()) {
		const picture = pictures[Math.floor((frames * us) / endUs)];
		const at = (events.y[index] ?? 0) * width + (events.x[index] ?? 0);
		if (picture !== undefined) picture[at] = 1;
	}
	return Array.from({ length: Math.ceil(height / 2) }, (_, line) =>
		pictures
			.map((picture) => {
				const cells = Array.from({ length: width }, (_, x) => {
					const upper = picture[2 * line * width + x] ?? 0;
					const lower = 2 * line + 1 < height ? (picture[(2 * line + 1) * width + x] ?? 0) : 0;
					return BLOCKS[upper + 2 * lower];
				}).join("");
				return `${marks.faint("│")}${cells}`;
			})
			.join(" "),
	);
}

/** By whether there are events in the upper (1) and the lower (2) row. */
const BLOCKS = [" ", "▀", "▄", "█"];

/** A bar for a share from 0 to 100, `width` characters at 100, in eighths of a character. */
export function bar(percent: number, width: number): string {
	const eighths = Math.max(0, Math.round((8 * width * percent) / 100));
	return "█".repeat(eighths >> 3) + ("▏▎▍▌▋▊▉"[(eighths & 7) - 1] ?? "");
}
