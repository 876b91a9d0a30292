// `stllr inspect`: what a network holds and does, layer by layer, beside what back-propagation through time would.

import { existsSync } from "node:fs";
import { type CostOptions, costs, type NetworkCosts, type NetworkSpec } from "../index.js";
import { grouped, percent, short } from "../learning/report.js";
import { type Args, type Command, UsageError } from "./args.js";
import { describeHead, headJson, isCheckpoint, readHead } from "./checkpoint.js";
import { inNetwork, NETWORK_NAMES, networkOf } from "./network.js";
import { Screen } from "./screen.js";
import { column, table } from "./table.js";

/** The command. */
export const command: Command = {
	name: "inspect",
	usage: "SPEC.json|FILE.stllr|NAME[:small] [options]",
	about: [
		"Says what a network takes, by layer and in all: parameters, bytes, operations of",
		"a step, and what back-propagation through time (BPTT) over a recording would.",
		"Nothing is made or run. SPEC.json is a spec or a recipe of `stllr train`. Of a",
		"checkpoint it also says what is in it, from its head alone. Names:",
		`${NETWORK_NAMES}.`,
	],
	flags: [
		{ name: "steps", value: "T", help: "steps of a recording, for BPTT (100)" },
		{ name: "rate", value: "X", help: "spikes of an input and of a neuron in a step (0.05)" },
	],
	run,
};

/** Recordings over which the sums are compared. */
const LENGTHS = [10, 100, 1000];

async function run(args: Args): Promise<number> {
	const [given, more] = args.positionals;
	if (given === undefined) throw new UsageError(`inspect needs a SPEC.json or a NAME: ${NETWORK_NAMES}`);
	if (more !== undefined) throw new UsageError(`inspect takes one network; what is ${JSON.stringify(more)}?`);
	const steps = args.integer("steps", 1, 2 ** 32, 100);
	const rate = args.number("rate") ?? 0.05;
	const checkpoint = existsSync(given) && (await isCheckpoint(given)) ? await readHead(given) : undefined;
	// A head that was read is of a network that this version knows.
	const spec = checkpoint === undefined ? networkOf(given) : (checkpoint.head.spec as NetworkSpec);
	const of = (options: CostOptions) => inNetwork(given, () => costs(spec, options));
	const firing = checkedRate(rate);
	const asked = await of({ steps, ...firing });
	const lengths = [...new Set([...LENGTHS, steps])].sort((a, b) => a - b);
	const over = await Promise.all(lengths.map((length) => of({ steps: length, ...firing })));
	const screen = new Screen(args);
	if (checkpoint !== undefined) screen.say(...describeHead(checkpoint, screen.marks.faint), "");
	report(screen, given, spec, asked, over);
	screen.json({ network: given, ...(checkpoint && headJson(checkpoint)), ...asked, over: over.map(comparison) });
	return 0;
}

function checkedRate(rate: number): { inputRate: number; hiddenRate: number } {
	if (rate >= 0 && rate <= 1) return { inputRate: rate, hiddenRate: rate };
	throw new UsageError(`--rate: ${rate} is not allowed; allowed: a number from 0 to 1`);
}

/** A recording of some length, by the rule and by BPTT. */
function comparison({ steps, learningSteps, total: { bytes, recording, bptt } }: NetworkCosts) {
	return {
		steps,
		learningSteps,
		bytes: bytes.total,
		bpttBytes: bptt.bytes,
		bytesRatio: bptt.bytes / bytes.total,
		states: bytes.states,
		bpttStates: bptt.states,
		statesRatio: bptt.states / bytes.states,
		operations: recording.operations,
		bpttOperations: bptt.operations,
		operationsRatio: bptt.operations / recording.operations,
		macs: recording.macs,
		bpttMacs: bptt.macs,
		macsRatio: bptt.macs / recording.macs,
	};
}

function report(
	screen: Screen,
	given: string,
	spec: NetworkSpec,
	{ steps, inputRate, layers, total, inputBytes }: NetworkCosts,
	over: readonly NetworkCosts[],
): void {
	const { marks } = screen;
	const { width, height = 1, polarities = 1 } = spec.input;
	const limit = (spec.memoryLimitMiB ?? 1024) * 2 ** 20;
	const rows = [
		{ name: "input", shape: { channels: polarities, height, width }, bytes: { total: inputBytes } },
		...layers,
		{ name: "all", ...total },
	];
	const lines = table(rows, [
		column("layer", (row) => row.name, "left"),
		column("shape", (row) => ("shape" in row ? shapeOf(row.shape) : "")),
		column("parameters", (row) => ("parameters" in row ? count(row.parameters) : "")),
		column("bytes", (row) => grouped(row.bytes.total)),
		column("forward", (row) => ("operations" in row ? operations(row.operations.synaptic) : "")),
		column("learning", (row) => ("operations" in row ? operations(row.operations.learning) : "")),
		column(`BPTT, ${grouped(steps)}`, (row) => ("bptt" in row ? short(row.bptt.bytes) : "")),
	]);
	const [head = "", ...body] = lines;
	screen.say(
		`${given}: bytes, and operations of a step in which ${percent(100 * inputRate)} of inputs and neurons spike`,
		...(total.bytes.total > limit ? [`more than the ${grouped(limit)} bytes of its memoryLimitMiB`] : []),
		"",
		marks.faint(head),
		...body.slice(0, -1),
		marks.strong(body.at(-1) ?? ""),
		"",
		...ratios(over, (text) => marks.faint(text)),
	);
}

function ratios(over: readonly NetworkCosts[], faint: (text: string) => string): string[] {
	const ratio = (value: number) =>
		Number.isFinite(value) ? `${value < 100 ? value.toPrecision(3) : grouped(value)} x` : "-";
	const [head = "", ...body] = table(over.map(comparison), [
		column("steps", (row) => grouped(row.steps)),
		column("learn", (row) => grouped(row.learningSteps)),
		column("bytes", (row) => short(row.bytes)),
		column("BPTT", (row) => ratio(row.bytesRatio)),
		column("states", (row) => short(row.states)),
		column("BPTT", (row) => ratio(row.statesRatio)),
		column("operations", (row) => short(row.operations)),
		column("BPTT", (row) => ratio(row.operationsRatio)),
		column("MACs of BPTT", (row) => ratio(row.macsRatio)),
	]);
	return [faint(head), ...body];
}

function shapeOf({ channels, height, width }: { channels: number; height: number; width: number }): string {
	const sides = [channels, height, width].filter((side) => side > 1);
	return sides.length < 2 ? String(sides[0] ?? 1) : `${channels}x${height}x${width}`;
}

function count(value: number): string {
	return value === 0 ? "" : grouped(value);
}

function operations(value: number): string {
	return value === 0 ? "" : short(value);
}
