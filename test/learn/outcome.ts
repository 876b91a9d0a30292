// What the runs of a task came to: means and spreads over seeds, for people and as one JSON line.

import type { Meter } from "stllr";
import { jsonRate, jsonSeconds, maxMemoryMB } from "../../dist/cli/summary.js";
import { duration, grouped, type Marks, short } from "../../dist/learning/report.js";
import { addMeters } from "./classify.js";
import type { Goal, Run, Task } from "./task.js";

/** How the runs were made. */
export interface Conditions {
	readonly epochs: number;
	readonly short: boolean;
	readonly validate: boolean;
	/** By the defaults in place of the task's own options? */
	readonly defaults: boolean;
	/** Are the figures held against the goals? */
	readonly isJudged: boolean;
	readonly interrupted: boolean;
}

/** What came of a task. */
export interface Outcome {
	/** Did every figure reach its goal, if goals were looked at? */
	readonly passed: boolean;
	readonly json: Readonly<Record<string, unknown>>;
	readonly figures: readonly Figure[];
	readonly byEpoch: readonly number[];
}

/** A figure over all runs. */
export interface Figure {
	readonly name: string;
	readonly mean: number;
	/** The sample standard deviation; 0 of a single run. */
	readonly spread: number;
	readonly bySeed: readonly number[];
	/** The goal, where there is one and it was looked at. */
	readonly goal: { readonly value: number; readonly atMost: boolean; readonly reached: boolean } | undefined;
}

/** Sums up. */
export function outcome(task: Task, runs: readonly Run[], conditions: Conditions): Outcome {
	const names = new Set([
		...task.goals.map(({ figure }) => figure),
		...runs.flatMap(({ figures }) => Object.keys(figures)),
	]);
	const figures = [...names]
		.map((name) => figureOf(name, runs, task.goals, conditions))
		.filter(({ bySeed }) => bySeed.length > 0);
	const passed = figures.every(({ goal }) => goal?.reached !== false);
	const epochs = Math.min(...runs.map(({ byEpoch }) => byEpoch.length));
	const byEpoch = Array.from({ length: runs.length === 0 ? 0 : epochs }, (_, at) =>
		meanOf(runs.map((run) => run.byEpoch[at] ?? Number.NaN)),
	);
	return { passed, figures, byEpoch, json: jsonOf(task, runs, figures, byEpoch, passed, conditions) };
}

function figureOf(name: string, runs: readonly Run[], goals: readonly Goal[], conditions: Conditions): Figure {
	const bySeed = runs.map(({ figures }) => figures[name]).filter((value) => value !== undefined);
	const mean = meanOf(bySeed);
	const goal = goals.find(({ figure }) => figure === name);
	const value = conditions.short ? goal?.short : goal?.full;
	const squares = bySeed.reduce((sum, value) => sum + (value - mean) ** 2, 0);
	return {
		name,
		mean,
		spread: bySeed.length < 2 ? 0 : Math.sqrt(squares / (bySeed.length - 1)),
		bySeed,
		goal:
			goal === undefined || value === undefined || !conditions.isJudged
				? undefined
				: { value, atMost: goal.atMost === true, reached: goal.atMost === true ? mean <= value : mean >= value },
	};
}

function jsonOf(
	task: Task,
	runs: readonly Run[],
	figures: readonly Figure[],
	byEpoch: readonly number[],
	passed: boolean,
	{ epochs, short, validate, defaults, isJudged, interrupted }: Conditions,
): Record<string, unknown> {
	const total = (value: (run: Run) => number) => runs.reduce((sum, run) => sum + value(run), 0);
	const meter = runs.reduce<Meter | undefined>((sum, run) => addMeters(sum, run.meter), undefined);
	const [first, ...others] = figures;
	const learningSeconds = total((run) => run.learningSeconds);
	const of = ({ name, mean, spread, bySeed }: Figure) => ({
		[name]: rounded(mean),
		[`${name}Spread`]: rounded(spread),
		[`${name}BySeed`]: bySeed.map(rounded),
	});
	return {
		task: task.name,
		...(first !== undefined && { ...of(first), [`${first.name}ByEpoch`]: byEpoch.map(rounded) }),
		...Object.assign({}, ...others.map(of)),
		epochs,
		...(runs[0]?.schedule && { schedule: runs[0].schedule }),
		seeds: runs.length,
		recordings: total((run) => run.recordings),
		recordingsPerSecond: jsonRate(
			total((run) => run.recordings),
			learningSeconds,
		),
		seconds: jsonSeconds(total((run) => run.seconds)),
		learningSeconds: jsonSeconds(learningSeconds),
		bytes: runs[0]?.bytes ?? null,
		operations: (meter?.synapticOperations ?? 0) + (meter?.updateOperations ?? 0),
		...meter,
		maxMemoryMB: maxMemoryMB(),
		weightsHashes: runs.map(({ weightsHash }) => weightsHash),
		short,
		...(validate && { validate }),
		...(defaults && { defaults }),
		...(isJudged && { passed }),
		...(interrupted && { interrupted }),
	};
}

/** The report for people. */
export function reportLines(task: Task, { json, figures, byEpoch, passed }: Outcome, marks: Marks): string[] {
	if (figures.length === 0) return [`${task.name}: stopped before the first run was done`];
	const first = figures[0]?.name ?? "";
	const count = (name: string) => Number(json[name]);
	const epochs = byEpoch.map((value, at) => `${String(at + 1).padStart(5)}${two(value).padStart(12)}`);
	const lines = figures.map(({ name, mean, spread, bySeed, goal }) => {
		const about = task.goals.find(({ figure }) => figure === name)?.about ?? "";
		const wanted =
			goal === undefined
				? ""
				: `; ${goal.atMost ? "at most" : "at least"} ${goal.value}: ${goal.reached ? marks.good("reached") : marks.bad("MISSED")}`;
		const seeds = bySeed.length < 2 ? "" : ` +- ${two(spread)} (${bySeed.map(two).join(", ")})`;
		return `${name} ${marks.strong(two(mean))}${seeds}${wanted}${about === "" ? "" : marks.faint(`  ${about}`)}`;
	});
	return [
		marks.faint(`epoch${first.padStart(12)}`),
		...epochs,
		"",
		...lines,
		`${grouped(count("recordings"))} recordings learned in ${duration(count("learningSeconds"))} of ${duration(count("seconds"))}: ${grouped(count("recordingsPerSecond"))} a second`,
		`${short(count("synapticOperations"))} synaptic operations, ${short(count("updateOperations"))} update operations; network ${grouped(count("bytes"))} bytes, process ${json.maxMemoryMB} MB at most`,
		...(passed ? [] : [marks.bad(`${task.name}: a figure was missed`)]),
	];
}

function meanOf(values: readonly number[]): number {
	return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function two(value: number): string {
	return value.toFixed(2);
}

function rounded(value: number): number {
	return Math.round(100 * value) / 100;
}
