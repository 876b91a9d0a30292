// Hand gestures before a neuromorphic radar, whose three channels give six spike trains.

import { openArchive, tableOf, textOf } from "./files.js";

/** One gesture of 1.5 s. */
export interface RadarGesture {
	/** The class, from 0. */
	readonly label: number;
	/** Its name. */
	readonly name: string;
	/** Blocks of 240 gestures, in the order in which they were recorded; from 1. */
	readonly session: number;
	/** Its spikes by time: seconds, and spike trains from 0 to 5. */
	readonly seconds: readonly number[];
	readonly trains: readonly number[];
}

/** Reads all gestures, in the order in which they were recorded. */
export async function readRadarGestures(path: string): Promise<RadarGesture[]> {
	const archive = await openArchive(path);
	const rows = tableOf(textOf(archive, "index.csv"), ["file", "class", "name", "session"]);
	return rows.map((row) => ({
		label: Number(row.class) - 1,
		name: row.name,
		session: Number(row.session),
		...readSpikes(textOf(archive, row.file)),
	}));
}

/** Reads the spikes of a file: a line with the class, then lines of channel (from 1) and seconds, by channel. */
export function readSpikes(text: string): Pick<RadarGesture, "seconds" | "trains"> {
	const [, ...lines] = text.trim().split(/\r?\n/);
	const spikes = lines.map((line, index) => {
		const [channel, second, ...more] = line.trim().split(/\s+/).map(Number);
		if (channel === undefined || second === undefined || !(channel >= 1) || !(second >= 0) || more.length > 0) {
			throw new Error(`line ${index + 2}: ${JSON.stringify(line)}; wanted: a channel from 1 on and seconds`);
		}
		return [second, channel - 1] as const;
	});
	spikes.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
	return { seconds: spikes.map(([second]) => second), trains: spikes.map(([, train]) => train) };
}
