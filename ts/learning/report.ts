// What a run came to, as text for people and as plain values for programs.

import type { Confusion } from "./confusion.js";
import type { EpochResult } from "./trainer.js";

/** How to mark text on a terminal; the identity where it is to stay plain. */
export interface Marks {
	readonly strong: (text: string) => string;
	readonly faint: (text: string) => string;
	readonly good: (text: string) => string;
	readonly bad: (text: string) => string;
}

/** No marks at all. */
export const plainMarks: Marks = {
	strong: (text) => text,
	faint: (text) => text,
	good: (text) => text,
	bad: (text) => text,
};

/** A share in percent with one digit; "-" where there is none. */
export function percent(value: number): string {
	return Number.isFinite(value) ? `${value.toFixed(1)} %` : "-";
}

/** A count with its thousands apart: 12 345 678. */
export function grouped(value: number): string {
	return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, " ");
}

/** A large count in three digits: 1.23 G. */
export function short(value: number): string {
	for (const [unit, size] of [
		["T", 1e12],
		["G", 1e9],
		["M", 1e6],
		["k", 1e3],
	] as const) {
		if (value >= size) return `${(value / size).toPrecision(3).slice(0, 4).replace(/\.$/, "")} ${unit}`;
	}
	return String(Math.round(value));
}

/** A number of seconds as it is said: 4.2 s, 3 min 20 s, 2 h 5 min. */
export function duration(seconds: number): string {
	if (!Number.isFinite(seconds)) return "-";
	if (seconds < 10) return `${seconds.toFixed(1)} s`;
	const whole = Math.round(seconds);
	if (whole < 60) return `${whole} s`;
	if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
	return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** A percentage as it stands in JSON: two digits; null where there is none. */
export function jsonPercent(value: number): number | null {
	return Number.isFinite(value) ? Math.round(100 * value) / 100 : null;
}

/** Accuracy by epoch, one line each, below a head. */
export function epochTable(epochs: readonly EpochResult[], marks: Marks = plainMarks): string[] {
	const lines = epochs.map(({ epoch, learning, accuracy }) => {
		return `${String(epoch).padStart(5)}${percent(learning).padStart(17)}${percent(accuracy).padStart(11)}`;
	});
	return [marks.faint(`epoch${"while learning".padStart(17)}${"test".padStart(11)}`), ...lines];
}

/** The widest that a table may be. */
const COLUMNS = 80;
const LONGEST_NAME = 24;

/**
 * The confusion matrix: a line for each class shown, a column for each class answered, and what share of each class was
 * right. Where it would be wider than 80 columns, the shares and the commonest confusions only.
 */
export function confusionTable(confusion: Confusion, classes: readonly string[], marks: Marks = plainMarks): string[] {
	const rows = confusion.rows();
	const names = classes.map((name) => (name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME - 1)}…` : name));
	const nameWidth = Math.max(5, ...names.map((name) => name.length));
	const largest = Math.max(...rows.map((row) => Math.max(...row)));
	// Names short enough stand over the columns; else numbers do, and stand before the names too.
	const isShort = names.every((name) => name.length <= 3);
	const heads = isShort ? names : names.map((_, label) => String(label + 1));
	const width = 1 + Math.max(3, String(largest).length, ...heads.map((head) => head.length));
	const margin = isShort ? nameWidth : nameWidth + 1 + String(classes.length).length;
	if (margin + width * classes.length + 10 > COLUMNS) return sharesTable(confusion, names, marks);
	const lines = rows.map((row, shown) => {
		const name = (names[shown] ?? "").padEnd(nameWidth);
		const before = isShort ? name : `${name} ${(heads[shown] ?? "").padStart(margin - nameWidth - 1)}`;
		const cells = row.map((count, answered) => cell(count, shown === answered, width, marks)).join("");
		return `${before}${cells}${percent(shareOf(confusion, shown)).padStart(10)}`;
	});
	const head = `${"shown".padEnd(margin)}${heads.map((name) => name.padStart(width)).join("")}${"right".padStart(10)}`;
	return [marks.faint(head), ...lines];
}

function cell(count: number, isRight: boolean, width: number, marks: Marks): string {
	if (count === 0) return marks.faint("·".padStart(width));
	const text = String(count).padStart(width);
	return isRight ? marks.good(text) : marks.bad(text);
}

function sharesTable(confusion: Confusion, names: readonly string[], marks: Marks): string[] {
	const width = Math.max(5, ...names.map((name) => name.length));
	const shares = names.map((name, label) => {
		return `${name.padEnd(width)}${String(confusion.shown(label)).padStart(8)}${percent(shareOf(confusion, label)).padStart(10)}`;
	});
	const confusions = confusion
		.rows()
		.flatMap((row, shown) => row.map((count, answered) => ({ shown, answered, count })))
		.filter(({ shown, answered, count }) => shown !== answered && count > 0)
		.sort((a, b) => b.count - a.count)
		.slice(0, 10)
		.map(({ shown, answered, count }) => `${String(count).padStart(5)}  ${names[shown]} taken for ${names[answered]}`);
	const head = marks.faint(`${"shown".padEnd(width)}${"times".padStart(8)}${"right".padStart(10)}`);
	const rest = confusions.length === 0 ? [] : ["", marks.faint("commonest confusions"), ...confusions];
	return [head, ...shares, ...rest];
}

function shareOf(confusion: Confusion, label: number): number {
	return (100 * confusion.count(label, label)) / confusion.shown(label);
}
