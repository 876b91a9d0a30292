// Flags that filter events on their way into another file.

import {
	backgroundActivity,
	crop,
	downsample,
	type Filter,
	hotPixels,
	mergePolarities,
	rateLimit,
	refractory,
} from "../encode/filters.js";
import type { Removed } from "../encode/pipe.js";
import type { SensorPixels } from "../events/decode.js";
import { grouped } from "../learning/report.js";
import { type Args, type Command, type Flag, UsageError } from "./args.js";

/** In the order in which they are applied. */
export const filterFlags: readonly Flag[] = [
	{
		name: "hot-pixels",
		value: "N",
		help: "drops of a pixel more than N events in 100 ms, and all in the 100 ms after",
	},
	{ name: "refractory", value: "US", help: "drops events less than US after the last that passed of their pixel" },
	{ name: "background", value: "US", help: "drops events without one of a pixel around in the US before" },
	{ name: "crop", value: "X,Y,W,H", help: "keeps a rectangle, whose corner becomes 0, 0" },
	{ name: "downsample", value: "N", help: "cells of N x N pixels become one" },
	{ name: "merge-polarities", help: "all become 0" },
	{ name: "rate-limit", value: "HZ", help: "drops events beyond so many a second (and a burst of those of 10 ms)" },
];

/** The options of the filters, as the flags that set them. */
export const filterNames: NonNullable<Command["named"]> = [
	[/^hotPixels\.most$/, "--hot-pixels"],
	[/^refractory\.periodUs$/, "--refractory"],
	[/^backgroundActivity\.windowUs$/, "--background"],
	[/^crop\..*$/, "--crop"],
	[/^downsample\.factor$/, "--downsample"],
	[/^rateLimit\.rateHz$/, "--rate-limit"],
];

/** Filters for a sensor, and what is left of it. None where no flag asks for one. */
export function readFilters(args: Args, sensor: SensorPixels): { filters: readonly Filter[]; sensor: SensorPixels } {
	const filters: Filter[] = [];
	let left = { width: sensor.width, height: sensor.height };
	const [most, periodUs, windowUs] = ["hot-pixels", "refractory", "background"].map((name) => args.number(name));
	if (most !== undefined) filters.push(hotPixels({ ...left, most }));
	if (periodUs !== undefined) filters.push(refractory({ ...left, periodUs }));
	if (windowUs !== undefined) filters.push(backgroundActivity({ ...left, windowUs }));
	const rectangle = args.text("crop");
	if (rectangle !== undefined) {
		const numbers = rectangle.split(",").map((text) => (text.trim() === "" ? Number.NaN : Number(text)));
		const [x, y, width, height] = numbers;
		if (numbers.length !== 4 || x === undefined || y === undefined || width === undefined || height === undefined) {
			throw new UsageError(`--crop: ${JSON.stringify(rectangle)} is not allowed; allowed: X,Y,WIDTH,HEIGHT`);
		}
		filters.push(crop({ x, y, width, height }));
		left = { width, height };
	}
	const factor = args.number("downsample");
	if (factor !== undefined) {
		filters.push(downsample({ ...left, factor }));
		left = { width: Math.ceil(left.width / factor), height: Math.ceil(left.height / factor) };
	}
	if (args.has("merge-polarities")) filters.push(mergePolarities());
	const rateHz = args.number("rate-limit");
	if (rateHz !== undefined) filters.push(rateLimit({ rateHz }));
	return { filters, sensor: left };
}

/** What a filter has left out, for people. */
export function describeRemoved({ filter, byRule, outside, late, noRoom }: Removed): string {
	const all = byRule + outside + late + noRoom;
	const others = [
		outside > 0 ? `${grouped(outside)} outside the sensor` : "",
		late > 0 ? `${grouped(late)} late` : "",
	].filter((text) => text !== "");
	return `${filter}: ${grouped(all)} events left out${others.length > 0 ? `, of them ${others.join(", ")}` : ""}`;
}
