// Files of the shared data: archives, tables, text.

import { type FileTree, openRanges } from "../../../dist/datasets/tree.js";
import { type Codec, nodeCodec, openZip } from "../../../dist/datasets/zip.js";

const MOST_BYTES = 2 ** 28;
let codec: Promise<Codec> | undefined;

/** Opens a zip archive; also an .npz, which is one. */
export async function openArchive(path: string): Promise<FileTree> {
	codec ??= nodeCodec();
	const { size, readRange } = await openRanges(path);
	return openZip(path, size, readRange, MOST_BYTES, await codec);
}

/** A text file of an archive. */
export function textOf(archive: FileTree, name: string): string {
	return new TextDecoder().decode(archive.read(name));
}

/**
 * The rows of a table of comma-separated values whose first line names the columns. Fields are not quoted.
 *
 * @throws Error where a column is missing, or a row has another number of fields than the first
 */
export function tableOf<Column extends string>(
	text: string,
	columns: readonly Column[],
): Readonly<Record<Column, string>>[] {
	const [head = "", ...lines] = text.trimEnd().split(/\r?\n/);
	const names = head.split(",");
	const places = columns.map((column) => {
		const place = names.indexOf(column);
		if (place < 0) throw new Error(`the table has no column ${column}; it has ${head}`);
		return [column, place] as const;
	});
	return lines.map((line, index) => {
		const fields = line.split(",");
		if (fields.length !== names.length) throw new Error(`line ${index + 2} of the table: ${line}`);
		return Object.fromEntries(places.map(([column, place]) => [column, fields[place]])) as Record<Column, string>;
	});
}
