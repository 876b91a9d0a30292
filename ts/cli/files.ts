// The flags of commands that read event files.

import { type EventFormat, eventFormats } from "../events/formats.js";
import type { Args, Flag } from "./args.js";

/** Names the format of what is read. */
export const formatFlag: Flag = {
	name: "format",
	value: "NAME",
	help: `the format, where neither content nor name tells: ${eventFormats.join(", ")}`,
};

/** What to do about faults. */
export const onFaultFlag: Flag = {
	name: "on-fault",
	value: "WHAT",
	help: "at faulty bytes: refuse, or skip and count them (refuse)",
};

/** The format that was given. */
export function readFormat(args: Args): EventFormat | undefined {
	return args.word("format", eventFormats);
}

/** Which events of an HDF5 file. */
export const choiceFlags: readonly Flag[] = [
	{ name: "recording", value: "N", help: "of an HDF5 file of many recordings: this one, from 0" },
	{ name: "at", value: "PATH", help: "of an HDF5 file: where in it the events are" },
	{ name: "from-us", value: "US", help: "of an HDF5 file: events from this time on" },
	{ name: "until-us", value: "US", help: "of an HDF5 file: events before this time" },
];

/** What was chosen. */
export interface Choice {
	readonly recording?: number;
	readonly at?: string;
	readonly fromUs?: number;
	readonly untilUs?: number;
}

/** The choice that was given. */
export function readChoice(args: Args): Choice {
	const [recording, at] = [args.number("recording"), args.text("at")];
	const [fromUs, untilUs] = [args.number("from-us"), args.number("until-us")];
	return {
		...(recording !== undefined && { recording }),
		...(at !== undefined && { at }),
		...(fromUs !== undefined && { fromUs }),
		...(untilUs !== undefined && { untilUs }),
	};
}
