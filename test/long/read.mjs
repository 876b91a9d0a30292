// Reads a file of events from begin to end, and prints a digest of them and the most memory that this process has held, in kB.
import { readFileSync } from "node:fs";
import { streamEvents } from "../../dist/index.js";

let [events, digest] = [0, 0];
for await (const { t, x, y, p } of await streamEvents(process.argv[2], { reuse: process.argv[3] === "reuse" })) {
	events += t.length;
	for (let at = 0; at < t.length; at += 1) {
		digest = (Math.imul(digest, 31) + t[at] + 7 * x[at] + 11 * y[at] + 13 * p[at]) | 0;
	}
}
// Of this program alone: what `getrusage` gives begins with the memory of the process that started it.
const peakKB = Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"))[1]);
console.log(JSON.stringify({ events, digest, peakKB }));
