// A process that learns and saves is killed 25 times: what is left is the last acknowledged save or a later one.
import t from "tap";
import { crash } from "./crash/harness.js";

const skip = process.platform === "win32" ? "needs SIGKILL" : false;

t.test("killed 25 times", { skip }, async (t) => {
	const module = new URL("crash/bytes-state.mjs", import.meta.url);
	const crashes = await crash(t.testdir(), module, { rounds: 25, seed: 1, mostBytes: 2500 });
	t.comment(crashes);
	t.equal(crashes.old + crashes.new, 25);
	t.ok(crashes.saved > 25 && crashes.samples > 25, "it came on");
	t.ok(crashes.during.size > 3, `killed in the middle of ${[...crashes.during.keys()]}`);
});
