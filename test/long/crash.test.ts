// As test/crash.test.ts, 500 times with each state.
import t from "tap";
import { crash } from "../crash/harness.js";

const skip = process.platform === "win32" ? "needs SIGKILL" : false;

for (const state of ["bytes", "network"]) {
	t.test(`${state}: killed 500 times`, { skip, timeout: 1_800_000 }, async (t) => {
		const module = new URL(`../crash/${state}-state.mjs`, import.meta.url);
		const crashes = await crash(t.testdir(), module, { rounds: 500, seed: 2, mostBytes: 2500 });
		t.comment(crashes);
		t.equal(crashes.old + crashes.new, 500);
		t.ok(crashes.new > 0, "some were killed between the rename and its acknowledgement");
		t.ok(crashes.during.size > 8, `killed in the middle of ${[...crashes.during.keys()]}`);
	});
}
