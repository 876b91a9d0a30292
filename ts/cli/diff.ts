// `stllr diff`: in what two checkpoints differ.

import { ELEMENT_BYTES, open } from "../checkpoint/format.js";
import { type ArrayHead, checkHead, type Head } from "../checkpoint/head.js";
import { type PackedArray, valuesOf, widened } from "../checkpoint/weights.js";
import { grouped, percent } from "../learning/report.js";
import { type Args, type Command, UsageError } from "./args.js";
import { readCheckpoint } from "./checkpoint.js";
import { Screen } from "./screen.js";
import { column, table } from "./table.js";

/** The command. */
export const command: Command = {
	name: "diff",
	usage: "A.stllr B.stllr [options]",
	about: [
		"Says in what two checkpoints differ: options of the network, rates, what was",
		"learned, and for each array how many elements, and by how much at most. The exit",
		"code is 0 where they are the same, 1 where they differ.",
	],
	flags: [],
	run,
};

async function run(args: Args): Promise<number> {
	const [one, other, more] = args.positionals;
	if (one === undefined || other === undefined) throw new UsageError("diff needs two checkpoints: A.stllr B.stllr");
	if (more !== undefined) throw new UsageError(`diff takes two checkpoints; what is ${JSON.stringify(more)}?`);
	const [a, b] = [await read(one), await read(other)];
	const fields = differences("", facts(a), facts(b));
	const arrays = differentArrays(a.arrays, b.arrays);
	const numbers = differentNumbers(a.head.numbers, b.head.numbers);
	const screen = new Screen(args);
	const { marks } = screen;
	const isSame = fields.length === 0 && numbers === 0 && arrays.every(({ differ }) => differ === 0);
	const [head = "", ...rows] = table(
		arrays.filter(({ differ }) => differ !== 0),
		[
			column("layer", ({ layer }) => (layer === 0 ? "stream" : String(layer))),
			column("part", ({ part }) => part, "left"),
			column("differ", ({ differ, length }) =>
				differ < 0 ? "only in one" : `${grouped(differ)} of ${grouped(length)}`,
			),
			column("", ({ differ, length }) => (differ < 0 ? "" : percent((100 * differ) / length))),
			column("at most by", ({ largest }) => (largest === undefined ? "" : grouped(largest))),
		],
	);
	screen.say(
		...(isSame ? ["the same"] : []),
		...fields.map(({ field, a: first, b: second }) => `${field}: ${shown(first)} | ${shown(second)}`),
		...(numbers === 0 ? [] : [`${numbers} numbers of the state: clocks, counts, rates`]),
		...(rows.length === 0 ? [] : [marks.faint(head), ...rows]),
	);
	screen.json({ same: isSame, fields, numbers, arrays });
	return isSame ? 0 : 1;
}

interface Contents {
	readonly kind: string;
	readonly head: Head;
	readonly arrays: readonly PackedArray[];
}

async function read(path: string): Promise<Contents> {
	const { frame, head: given, body } = await open(await readCheckpoint(path), path);
	const head = checkHead(given, path);
	const blocks = body();
	const arrays = head.arrays.flatMap((array: ArrayHead, index): PackedArray[] => {
		const block = blocks[index];
		return block === undefined ? [] : [{ ...array, bytes: block.bytes, byteOffset: block.byteOffset }];
	});
	return { kind: frame.kind, head, arrays };
}

/** All that a head says, but for its arrays, as plain data. */
function facts({ kind, head }: Contents): unknown {
	const { spec, rates, learned, notes, stream, delta } = head;
	const { scores, ...place } = stream ?? { scores: undefined };
	return {
		kind,
		spec,
		rates,
		learned,
		notes,
		...(delta && { delta }),
		...(scores && { stream: { ...place, scores: [...scores] } }),
	};
}

interface Difference {
	readonly field: string;
	readonly a: unknown;
	readonly b: unknown;
}

/** Fields that differ, by their paths. */
function differences(at: string, a: unknown, b: unknown): Difference[] {
	if (isParent(a) && isParent(b)) {
		const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])];
		const path = (key: string) => (Array.isArray(a) ? `${at}[${key}]` : at === "" ? key : `${at}.${key}`);
		return keys.flatMap((key) => differences(path(key), Reflect.get(a, key), Reflect.get(b, key)));
	}
	return Object.is(a, b) ? [] : [{ field: at, a, b }];
}

function isParent(value: unknown): value is object {
	return typeof value === "object" && value !== null;
}

function shown(value: unknown): string {
	return value === undefined ? "-" : JSON.stringify(value);
}

/** How many numbers differ, or are in one alone. */
function differentNumbers(a: BigInt64Array, b: BigInt64Array): number {
	return a.reduce((count, value, at) => count + Number(value !== b[at]), Math.max(0, b.length - a.length));
}

interface ArrayDifference {
	readonly layer: number;
	readonly part: string;
	readonly length: number;
	/** Elements that differ; -1 where only one has the array, or it has another length. */
	readonly differ: number;
	/** The largest distance, in units of the state. */
	readonly largest: number | undefined;
}

function differentArrays(a: readonly PackedArray[], b: readonly PackedArray[]): ArrayDifference[] {
	const key = ({ layer, part }: PackedArray) => `${layer} ${part}`;
	const keys = [...new Set([...a, ...b].map(key))];
	// Several arrays of one part follow each other.
	return keys.flatMap((name) => {
		const [first, second] = [a, b].map((all) => all.filter((array) => key(array) === name)) as [
			PackedArray[],
			PackedArray[],
		];
		const pairs = Array.from(
			{ length: Math.max(first.length, second.length) },
			(_, at) => [first[at], second[at]] as const,
		);
		return pairs.flatMap(([one, other]) => compare(one, other));
	});
}

function compare(one: PackedArray | undefined, other: PackedArray | undefined): ArrayDifference[] {
	const { layer, part, length } = one ?? other ?? { layer: 0, part: "", length: 0 };
	if (one === undefined || other === undefined) return [{ layer, part, length, differ: -1, largest: undefined }];
	const [first, second] = [elements(one), elements(other)];
	if (first.length !== second.length) return [{ layer, part, length, differ: -1, largest: undefined }];
	let [differ, largest] = [0, 0];
	for (const [at, value] of first.entries()) {
		const distance = Math.abs(value - (second[at] ?? 0));
		if (distance > 0) differ += 1;
		largest = Math.max(largest, distance);
	}
	return [{ layer, part, length: first.length, differ, largest }];
}

function elements(array: PackedArray): Float64Array {
	const { bytes, held } = array;
	if (array.type === "u8") return Float64Array.from(bytes);
	if (ELEMENT_BYTES[held] <= 4) return Float64Array.from(valuesOf({ type: held, bytes: widened(array) }));
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	return Float64Array.from({ length: bytes.length / 8 }, (_, at) => Number(view.getBigInt64(8 * at, true)));
}
