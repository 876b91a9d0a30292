// All the ways in which chance can go.
import type { Chance } from "./memory-files.js";

/**
 * Calls `body` once for each sequence of answers it can get, in order, at most `most` times; returns how many there were
 * and whether those were all.
 */
export async function everyWay(
	most: number,
	body: (chance: Chance) => Promise<void>,
): Promise<{ readonly count: number; readonly isAll: boolean }> {
	const answers: { answer: number; readonly of: number }[] = [];
	for (let count = 1; ; count += 1) {
		let asked = 0;
		await body({
			below(of) {
				const known = answers[asked];
				asked += 1;
				if (known !== undefined) return known.answer;
				answers.push({ answer: 0, of });
				return 0;
			},
		});
		// The last answer that has another behind it is the next to change.
		while (answers.length > 0 && (answers.at(-1)?.answer ?? 0) + 1 === answers.at(-1)?.of) answers.pop();
		const last = answers.at(-1);
		if (last === undefined) return { count, isAll: true };
		if (count === most) return { count, isAll: false };
		last.answer += 1;
	}
}
