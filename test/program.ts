// The program as a user starts it, for tests of its commands.
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const program = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));
// A user's Node has none of the loaders that the test runner gives to every Node it sees started.
export const node = ["-u", "NODE_OPTIONS", process.execPath];

/** Runs the program. */
export function stllr(...args: string[]) {
	const { status, stdout, stderr } = spawnSync("env", [...node, program, ...args], { encoding: "utf8" });
	return { status, stdout, stderr };
}

/** The last line of what was printed, as the JSON that it is. */
export function lastLine(stdout: string): Record<string, unknown> {
	const line: unknown = JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "");
	return line as Record<string, unknown>;
}

/** A folder of recordings of 40 events, on the left or on the right of a 16 x 8 sensor. */
export function sides(folder: string): string {
	const names = ["left", "right"];
	for (const [part, count] of [
		["train", 40],
		["test", 10],
	] as const) {
		const lines = Array.from({ length: count }, (_, index) => {
			const label = index % 2;
			const records = Array.from({ length: 40 }, (_, event) => {
				const x = 8 * label + ((index * 7 + event * 3) % 8);
				return [x, (index + event * 5) % 8, event % 2 === 0 ? 0x80 : 0, (event * 1500) >> 8, (event * 1500) & 0xff];
			});
			mkdirSync(folder, { recursive: true });
			writeFileSync(join(folder, `${part}${index}.bs2`), Uint8Array.from(records.flat()));
			return `${part}${index},${names[label]}`;
		});
		writeFileSync(join(folder, `${part}.csv`), `sample,side\n${lines.join("\n")}\n`);
	}
	return folder;
}
