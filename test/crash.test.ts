// A process that learns and saves is killed 25 times: what is left is the last acknowledged save or a later one.
import t from "tap";
import { crash } from "./crash/harness.js";

const skip = process.platform === "win32" ? "needs SIGKILL" : false;

for (const [state, rounds] of [
	["bytes", 15],
	["network", 10],
] as const) {
	t.test(`${state}: killed ${rounds} times`, { skip }, async (t) => {
		const module = new URL(`crash/${state}-state.mjs`, import.meta.url);
		const crashes = await crash(t.testdir(), module, { rounds, seed: 1, mostBytes: 2500 });
		t.comment(crashes);
		t.equal(crashes.old + crashes.new, rounds);
		t.ok(crashes.saved > rounds && crashes.samples > rounds, "it came on");
		t.ok(crashes.during.size > 1, `killed in the middle of ${[...crashes.during.keys()]}`);
	});
}
