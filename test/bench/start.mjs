// From import to first answer, in fresh Node processes, beyond Node's own start.
//
//   node test/bench/start.mjs [--rounds 15] [--json]
//
// Each round starts an empty module and then one that imports the package, makes a dense 2312-256-10 network and classifies; the
// difference of their whole times is what the package costs.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { median, spread } from "./stats.mjs";

const FIRST_ANSWER = `
	import { events, Network } from "stllr";
	const network = await Network.create({
		input: { width: 34, height: 34, polarities: 2 },
		stepUs: 10_000,
		layers: [{ type: "dense", units: 256 }, { type: "readout", classes: 10 }],
	});
	network.classify(events({ t: [1_000, 42_000], x: [3, 4], y: [5, 6], p: [0, 1] }));
`;

const { values } = parseArgs({ options: { rounds: { type: "string", default: "15" }, json: { type: "boolean" } } });
const time = (source) => {
	const begin = performance.now();
	// In this folder, so that the package finds itself by name.
	const cwd = fileURLToPath(new URL(".", import.meta.url));
	const { status, stderr } = spawnSync(process.execPath, ["--input-type=module", "--eval", source], { cwd });
	if (status !== 0) throw new Error(String(stderr));
	return performance.now() - begin;
};
const rounds = Array.from({ length: Number(values.rounds) }, () => ({ empty: time(""), full: time(FIRST_ANSWER) }));
const beyond = rounds.map(({ empty, full }) => full - empty);
console.log(
	`Node alone    ${spread(
		rounds.map(({ empty }) => empty),
		1,
	)} ms`,
);
console.log(`first answer  ${spread(beyond, 1)} ms beyond that; medians (and ranges) of ${rounds.length} rounds`);
if (values.json) console.log(JSON.stringify({ startMs: median(beyond) }));
