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
