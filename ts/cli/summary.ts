// What the JSON lines of all commands have in common.

import { readFileSync } from "node:fs";
import { basename } from "node:path";

/** What a set is called: its file's or folder's name. */
export function taskOf(path: string): string {
	return basename(path).replace(/\.zip$/i, "");
}

/** A number of seconds, to the millisecond. */
export function jsonSeconds(seconds: number): number {
	return Math.round(1000 * seconds) / 1000;
}

/** How many in a second, as a whole number; 0 where there was no time. */
export function jsonRate(count: number, seconds: number): number {
	return seconds > 0 ? Math.round(count / seconds) : 0;
}

/** The memory that the process has now, in megabytes (10^6 bytes). */
export function memoryMB(): number {
	return Math.round(process.memoryUsage.rss() / 1e5) / 10;
}

/** The most memory that the process has had, in megabytes (10^6 bytes). */
export function maxMemoryMB(): number {
	return Math.round((1024 * maxResidentKiB()) / 1e5) / 10;
}

function maxResidentKiB(): number {
	try {
		// On Linux the other figure is at least the size of the process that started this one.
		const peak = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
		if (peak !== undefined) return Number(peak);
	} catch {
		// No such file: no Linux.
	}
	return process.resourceUsage().maxRSS;
}
