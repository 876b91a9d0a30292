import t from "tap";
import { add, describe, tallyCargo, tallyTap } from "../ts/build/tally.mjs";

t.test("tally: cargo's binaries are summed", async (t) => {
	const output = [
		"running 2 tests",
		"test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s",
		"test result: FAILED. 3 passed; 4 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.10s",
	].join("\n");
	t.same(tallyCargo(output), { passed: 5, failed: 4, skipped: 1 });
	t.same(tallyCargo("error: could not compile"), { passed: 0, failed: 0, skipped: 0 });
});

t.test("tally: tap's innermost tests count, not their assertions nor the files", async (t) => {
	const text = `TAP version 14
# Subtest: test/a.test.ts
    # Subtest: outer
        ok 1 - an assertion of the outer test
        # Subtest: inner
            ok 1 - one
            ok 2 - two
            1..2
        ok 2 - inner
        ok 3 - left out # SKIP no data
        1..3
    ok 1 - outer
    # Subtest: skips itself
        ok 1 - no folder # SKIP
        1..1
    ok 2 - skips itself
    # Subtest: wrong
        not ok 1 - one
        not ok 2 - two
        1..2
    not ok 3 - wrong
    1..3
not ok 1 - test/a.test.ts
# Subtest: test/b.test.ts
    # Subtest: fine
        ok 1 - one
        1..1
    ok 1 - fine
    1..1
not ok 2 - test/b.test.ts
1..2
`;
	t.same(tallyTap(text), { passed: 2, failed: 2, skipped: 2 }, "b.test.ts itself failed, though its test passed");
});

t.test("tally: skipped tests are named only where there are some", async (t) => {
	const sum = add({ passed: 1, failed: 0, skipped: 0 }, { passed: 2, failed: 1, skipped: 0 });
	t.equal(describe(sum), "3 passed, 1 failed");
	t.equal(describe({ ...sum, skipped: 2 }), "3 passed, 1 failed, 2 skipped");
});
