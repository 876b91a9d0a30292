// As test/crash.test.ts, 1,000 times.
import t from "tap";
import { crash } from "../crash/harness.js";

const skip = process.platform === "win32" ? "needs SIGKILL" : false;

t.test("killed 1,000 times", { skip, timeout: 1_800_000 }, async (t) => {
	const module = new URL("../crash/bytes-state.mjs", import.meta.url);
	const crashes = await crash(t.testdir(), module, { rounds: 1000, seed: 2, mostBytes: 6000 });
	t.comment(crashes);
	t.equal(crashes.old + crashes.new, 1000);
	t.ok(crashes.new > 0, "some were killed between the rename and its acknowledgement");
	t.ok(crashes.during.size > 8, `killed in the middle of ${[...crashes.during.keys()]}`);
});
