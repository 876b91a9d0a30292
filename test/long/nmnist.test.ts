// The figures of N-MNIST: accuracy of ten epochs, and the memory that they take.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import t from "tap";

const program = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
const shared = fileURLToPath(new URL("../../../shared/data/nmnist-small/nmnist-small.zip", import.meta.url));
const skip = existsSync(shared) ? false : "needs ../shared/data, which is not there";

// A user's Node has none of the loaders that the test runner gives to every Node it sees started.
const node = ["-u", "NODE_OPTIONS", process.execPath];

interface Result {
	readonly accuracy: number;
	readonly folds: readonly number[];
	readonly weightsHash: string;
	readonly memoryByEpochMB: readonly number[];
	readonly maxMemoryMB: number;
}

function train(...options: string[]): Result {
	const args = [...node, program, "train", shared, "--json", "--quiet", ...options];
	const { status, stdout, stderr } = spawnSync("env", args, { encoding: "utf8" });
	if (status !== 0) throw new Error(stderr);
	return JSON.parse(stdout);
}

t.test("N-MNIST: 95 % and more on the given split, in less than 90 MB, flat", { skip }, async (t) => {
	const results = [1, 2, 3, 4, 5].map((seed) => train("--seed", String(seed)));
	const mean = results.reduce((sum, { accuracy }) => sum + accuracy, 0) / results.length;
	t.ok(mean >= 95, `mean of ${results.map(({ accuracy }) => accuracy).join(", ")}: ${mean} %`);
	for (const { memoryByEpochMB, maxMemoryMB } of results) {
		t.ok(maxMemoryMB < 90, `${maxMemoryMB} MB at most`);
		const [first = 0, last = 0] = [memoryByEpochMB.at(0), memoryByEpochMB.at(-1)];
		t.ok(Math.abs(last - first) < 5, `${memoryByEpochMB.join(", ")} MB`);
	}
	t.equal(train("--seed", "5").weightsHash, results[4]?.weightsHash);
});

t.test("N-MNIST: 91 % and more in five-fold cross-validation", { skip }, async (t) => {
	const { accuracy, folds } = train("--folds", "5");
	t.ok(accuracy >= 91, `mean of ${folds.join(", ")}: ${accuracy} %`);
});
