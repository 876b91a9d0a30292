// How many tests passed, failed and were skipped, read from what the test runners print.
import { Parser } from "tap-parser";

export const nothing = { passed: 0, failed: 0, skipped: 0 };

export function add(one, other) {
	return { passed: one.passed + other.passed, failed: one.failed + other.failed, skipped: one.skipped + other.skipped };
}

/** `12 passed, 0 failed, 3 skipped`; the skipped are left out where there are none. */
export function describe({ passed, failed, skipped }) {
	return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}

/** Sums the `test result:` lines of cargo: one for each test binary and each crate's doc tests. */
export function tallyCargo(output) {
	let sum = nothing;
	for (const [, passed, failed, skipped] of output.matchAll(
		/^test result: \S+ (\d+) passed; (\d+) failed; (\d+) ignored/gm,
	)) {
		sum = add(sum, { passed: Number(passed), failed: Number(failed), skipped: Number(skipped) });
	}
	return sum;
}

/**
 * Counts the tests of a TAP text, not their assertions: each `t.test` that holds no other, and each skip. A test or file
 * that failed although all that it holds passed (it threw, or planned more) counts as one more failure.
 */
export function tallyTap(text) {
	const parser = new Parser();
	const counted = count(parser);
	parser.end(text);
	return counted.sum;
}

// Listens to a parser; what it returns is complete once that parser has ended.
function count(parser) {
	const counted = { sum: nothing, tests: 0, assertions: 0 };
	let inner; // the count of the subtest that has just run
	parser.on("child", (child) => {
		inner = count(child);
	});
	parser.on("assert", ({ ok, skip, todo }) => {
		const held = inner;
		inner = undefined;
		if (skip || todo) counted.sum = add(counted.sum, { ...nothing, skipped: 1 });
		else if (held === undefined) counted.assertions += 1;
		else counted.sum = add(counted.sum, sumOfTest(ok, held));
		if (held !== undefined) counted.tests += 1;
	});
	return counted;
}

function sumOfTest(ok, { sum, tests, assertions }) {
	if (!ok) return sum.failed > 0 ? sum : add(sum, { ...nothing, failed: 1 });
	const isTest = tests === 0 && (assertions > 0 || sum.skipped === 0);
	return isTest ? add(sum, { ...nothing, passed: 1 }) : sum;
}
