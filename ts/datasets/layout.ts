// How labelled recordings lie in a tree of files: an index with a file for each sample, or a folder for each class.

import { DatasetError } from "../errors.js";
import { type EventFormat, formatOfName } from "../events/formats.js";
import { type FileTree, rootOf, sortNames } from "./tree.js";

/** The geometry of the sensor that made the recordings. */
export interface SensorSize {
	readonly width: number;
	readonly height: number;
	readonly polarities: number;
}

/** A recording's file and label. */
export interface Listed {
	readonly path: string;
	readonly format: EventFormat;
	readonly label: number;
}

/** What a dataset holds, before any recording is read. */
export interface Listing {
	readonly classes: readonly string[];
	readonly train: readonly Listed[];
	readonly test: readonly Listed[];
	/** The sensor, where the layout tells which dataset it is. */
	readonly sensor: SensorSize | undefined;
}

const NMNIST: SensorSize = { width: 34, height: 34, polarities: 2 };
const DIGITS = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
const MOST_CLASSES = 65_536;
const LOOKED_FOR =
	"train.csv and test.csv beside the <sample>.bs2 files they name, or folders Train/<class> and Test/<class> of .bin or .bs2 files";

/** Finds out how the recordings lie, and lists them: an index in its order, class folders by name. */
export function listRecordings(tree: FileTree): Listing {
	const root = rootOf(tree);
	const names = new Set(tree.list(root));
	if (names.has("train.csv") || names.has("test.csv")) {
		for (const index of ["train.csv", "test.csv"]) {
			if (!names.has(index))
				throw new DatasetError(`${tree.place}: there is no ${root}${index}; looked for ${LOOKED_FOR}`);
		}
		return listIndexed(tree, root, names);
	}
	const split = (wanted: string) => [...names].find((name) => name.toLowerCase() === `${wanted}/`);
	const [train, test] = [split("train"), split("test")];
	if (train === undefined || test === undefined) {
		const found =
			names.size === 0 ? "it is empty" : `found ${[...names].slice(0, 5).join(", ")}${names.size > 5 ? ", ..." : ""}`;
		throw new DatasetError(`${tree.place}: no recordings here; looked for ${LOOKED_FOR}; ${found}`);
	}
	return listFolders(tree, root + train, root + test);
}

interface Row {
	readonly sample: string;
	readonly label: string;
	/** Where the index says so: file and line. */
	readonly where: string;
}

function listIndexed(tree: FileTree, root: string, names: ReadonlySet<string>): Listing {
	const [train, test] = [readIndex(tree, `${root}train.csv`), readIndex(tree, `${root}test.csv`)];
	const digits = train.labelName === "digit";
	const rows = [...train.rows, ...test.rows];
	const classes = classesOf(tree, rows, digits);
	const labels = new Map(classes.map((name, label) => [name, label]));
	const taken = new Map<string, string>();
	const listed = ({ sample, label, where }: Row): Listed => {
		const file = [`${sample}.bs2`, `${sample}.bin`, sample].find(
			(name) => names.has(name) && formatOfRecording(name) !== undefined,
		);
		const format = file === undefined ? undefined : formatOfRecording(file);
		if (file === undefined || format === undefined) {
			throw new DatasetError(
				`${tree.place}: ${where} names sample ${sample}; there is no ${sample}.bs2 or ${sample}.bin`,
			);
		}
		const before = taken.get(file);
		if (before !== undefined) throw new DatasetError(`${tree.place}: ${where} names ${file} again, after ${before}`);
		taken.set(file, where);
		return { path: root + file, format, label: labels.get(label) ?? 0 };
	};
	return { classes, train: train.rows.map(listed), test: test.rows.map(listed), sensor: digits ? NMNIST : undefined };
}

/** Class names from the labels: numbers stand for themselves, other names are sorted. */
function classesOf(tree: FileTree, rows: readonly Row[], digits: boolean): string[] {
	if (!rows.every(({ label }) => /^(0|[1-9]\d*)$/.test(label)))
		return sortNames(new Set(rows.map(({ label }) => label)));
	let most = digits ? DIGITS.length - 1 : 0;
	for (const { label, where } of rows) {
		if (Number(label) >= MOST_CLASSES) {
			throw new DatasetError(`${tree.place}: ${where}: label ${label}; allowed: 0 to ${MOST_CLASSES - 1}`);
		}
		most = Math.max(most, Number(label));
	}
	return Array.from({ length: most + 1 }, (_, label) => String(label));
}

function readIndex(tree: FileTree, path: string): { labelName: string; rows: readonly Row[] } {
	const lines = new TextDecoder()
		.decode(tree.read(path))
		.replace(/^\ufeff/, "")
		.split(/\r?\n/);
	const fault = (line: number, allowed: string) =>
		new DatasetError(
			`${tree.place}: ${path} line ${line + 1}: ${JSON.stringify((lines[line] ?? "").slice(0, 80))}; allowed: ${allowed}`,
		);
	const fields = (line: number) => (lines[line] ?? "").split(",").map((field) => field.trim());
	const [first, labelName, ...more] = fields(0);
	if (first !== "sample" || !labelName || more.length > 0) throw fault(0, 'a header "sample,<name of the label>"');
	const rows: Row[] = [];
	for (let line = 1; line < lines.length; line += 1) {
		if (lines[line] === "") continue;
		const [sample, label, ...rest] = fields(line);
		// A sample is a file's name and nothing else: it must not lead to another folder.
		if (!sample || !label || rest.length > 0 || !/^[\w-][\w.-]*$/.test(sample)) {
			throw fault(line, '"<sample>,<label>", the sample of letters, digits, "_", "-" and "."');
		}
		rows.push({ sample, label, where: `${path} line ${line + 1}` });
	}
	return { labelName, rows };
}

/** The format of a recording's file; other files may lie beside the recordings. */
function formatOfRecording(name: string): EventFormat | undefined {
	const format = formatOfName(name);
	return format === "bin" || format === "bs2" ? format : undefined;
}

function listFolders(tree: FileTree, train: string, test: string): Listing {
	const folders = (split: string) => tree.list(split).filter((name) => name.endsWith("/"));
	const classes = sortNames(new Set([...folders(train), ...folders(test)].map((name) => name.slice(0, -1))));
	const listed = (split: string) =>
		classes.flatMap((name, label) =>
			tree.list(`${split}${name}/`).flatMap((file): Listed[] => {
				const format = formatOfRecording(file);
				return format === undefined ? [] : [{ path: `${split}${name}/${file}`, format, label }];
			}),
		);
	const listing = { classes, train: listed(train), test: listed(test) };
	if (listing.train.length + listing.test.length === 0) {
		throw new DatasetError(
			`${tree.place}: no .bin or .bs2 file in the folders of ${train} and ${test}; looked for ${LOOKED_FOR}`,
		);
	}
	const all = [...listing.train, ...listing.test];
	const isNmnist = classes.join() === DIGITS.join() && all.every(({ format }) => format === "bin");
	return { ...listing, sensor: isNmnist ? NMNIST : undefined };
}
