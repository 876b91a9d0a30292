// The rows of events within a stretch of time, found without reading all.

import { FormatError, OptionError } from "../../errors.js";
import { MAX_TIME_US } from "../chunk.js";
import type { Hdf5Array } from "./library.js";

/** Rows of an array, the last not among them. */
export interface Rows {
	readonly from: number;
	readonly until: number;
}

/** A stretch of time. */
interface Window {
	readonly fromUs?: number | undefined;
	readonly untilUs?: number | undefined;
}

/**
 * The rows with `fromUs <= time < untilUs`; all rows where neither is given. The times must rise: they are halved like a telephone
 * book.
 *
 * @param times an array of times, or of rows with a time in this column: whole us, or seconds as floats
 * @param offsetUs what is added to the times
 * @param index DSEC's `ms_to_idx`: the first row of each ms, not counting the offset
 */
export function rowsWithin(
	times: Hdf5Array,
	column: number,
	offsetUs: number,
	index: () => Hdf5Array | undefined,
	{ fromUs, untilUs }: Window,
): Rows {
	for (const [name, value] of Object.entries({ fromUs, untilUs })) {
		const isTime = value === undefined || (Number.isInteger(value) && value >= 0 && value <= MAX_TIME_US);
		if (!isTime) throw new OptionError(name, value, `whole numbers from 0 to ${MAX_TIME_US} us`);
	}
	const count = times.shape[0] ?? 0;
	const first = (us: number | undefined, otherwise: number) => {
		if (us === undefined) return otherwise;
		return halve(times, column, us - offsetUs, between(index(), us - offsetUs, count));
	};
	const from = first(fromUs, 0);
	return { from, until: Math.max(from, first(untilUs, count)) };
}

/** Between which rows the first of a time must lie. */
function between(index: Hdf5Array | undefined, us: number, count: number): [low: number, high: number] {
	const slots = index?.shape[0] ?? 0;
	if (index === undefined || slots === 0) return [0, count];
	const ms = Math.min(slots - 1, Math.max(0, Math.floor(us / 1000)));
	const [low = 0, high = count] = index.values(ms, Math.min(slots, ms + 2));
	if (low >= 0 && low <= high && high <= count) return [us <= 0 ? 0 : low, ms + 1 < slots ? high : count];
	throw new FormatError(0, `rows ${low} to ${high}`, `rising, from 0 to ${count}`, index.name);
}

function halve(times: Hdf5Array, column: number, us: number, [low, high]: [number, number]): number {
	let [from, until] = [low, high];
	const isSeconds = times.numbers?.startsWith("<f") ?? false;
	while (from < until) {
		const middle = Math.floor((from + until) / 2);
		const value = times.values(middle, middle + 1)[column] ?? 0;
		// As the decoder rounds.
		if ((isSeconds ? Math.floor(1e6 * value + 0.5) : value) < us) from = middle + 1;
		else until = middle;
	}
	return from;
}
