// Tables of comma-separated values, and texts.

import { DatasetError } from "../../errors.js";
import type { FileTree } from "../tree.js";

/** A text file of a tree. */
export function textOf(tree: FileTree, path: string): string {
	return new TextDecoder().decode(tree.read(path)).replace(/^\ufeff/, "");
}

/**
 * The rows of a table whose first line names the columns. Fields are not quoted.
 *
 * @throws DatasetError where a column is missing, or a row has another number of fields than the first
 */
export function tableOf<Column extends string>(
	text: string,
	columns: readonly Column[],
	place: string,
): Readonly<Record<Column, string>>[] {
	const [head = "", ...lines] = text.trimEnd().split(/\r?\n/);
	const names = head.split(",").map((name) => name.trim());
	const places = columns.map((column) => {
		const at = names.indexOf(column);
		if (at < 0)
			throw new DatasetError(`${place}: there is no column ${column}; its first line is ${JSON.stringify(head)}`);
		return [column, at] as const;
	});
	return lines.map((line, index) => {
		const fields = line.split(",").map((field) => field.trim());
		if (fields.length !== names.length) {
			throw new DatasetError(
				`${place} line ${index + 2}: ${JSON.stringify(line.slice(0, 80))}; allowed: ${names.length} fields`,
			);
		}
		return Object.fromEntries(places.map(([column, at]) => [column, fields[at]])) as Record<Column, string>;
	});
}
