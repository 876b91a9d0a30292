// What the benchmarks share: medians, processor time, and child processes that print one line of JSON.
import { spawnSync } from "node:child_process";

/** The middle value. */
export function median(values) {
	const sorted = [...values].sort((a, b) => a - b);
	const middle = sorted.length >> 1;
	return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** `median (least to most)`. */
export function spread(values, digits = 2) {
	const [least, most] = [Math.min(...values), Math.max(...values)];
	return `${median(values).toFixed(digits)} (${least.toFixed(digits)} to ${most.toFixed(digits)})`;
}

/** Milliseconds of processor time that this process has used: unlike the clock, it stands still while others run. */
export function processorMs() {
	const { user, system } = process.cpuUsage();
	return (user + system) / 1000;
}

/** Runs Node on these arguments, in this environment, and returns what its last line says. */
export function child(args, env = {}) {
	return lastLine(process.execPath, args, env);
}

/** The same of any program. */
export function lastLine(program, args, env = {}) {
	const done = spawnSync(program, args, { encoding: "utf8", env: { ...process.env, ...env } });
	if (done.status !== 0) throw new Error(`${program} ${args.join(" ")} failed:\n${done.stderr}`);
	return JSON.parse(done.stdout.trim().split("\n").at(-1) ?? "");
}
