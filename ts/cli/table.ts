// Rows of text in columns.

/** A column of a table. */
export interface Column<T> {
	readonly head: string;
	readonly text: (row: T) => string;
	readonly side: "left" | "right";
}

/** A column, its text at the right where nothing else is said. */
export function column<T>(head: string, text: (row: T) => string, side: "left" | "right" = "right"): Column<T> {
	return { head, text, side };
}

/** The lines of a table: the head, then a line a row; every column as wide as it needs. */
export function table<T>(rows: readonly T[], columns: readonly Column<T>[]): string[] {
	const cells = columns.map(({ head, text, side }) => {
		const texts = [head, ...rows.map(text)];
		const width = Math.max(...texts.map(({ length }) => length));
		return texts.map((cell) => (side === "left" ? cell.padEnd(width) : cell.padStart(width)));
	});
	return [undefined, ...rows].map((_, row) => {
		return cells
			.map((texts) => texts[row] ?? "")
			.join("  ")
			.trimEnd();
	});
}
