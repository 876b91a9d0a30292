// A recipe: all that decides what a network learned, so that any machine can learn it again, byte for byte.

import { readFileSync, writeFileSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { type NetworkSpec, StllrError } from "../index.js";
import { type FullSchedule, fullSchedule } from "../learning/schedule.js";
import { upToDate } from "./old-recipe.js";
import { type EventsDataset, eventsDatasets } from "./sets.js";

/** All that decides what a network learned. */
export interface Recipe {
	/** Marks the file, and tells which version of its layout it has. */
	readonly stllrRecipe: 2;
	/** Where the recordings are, from the recipe's own folder. */
	readonly data: string;
	/** Which dataset by name they are, where they were opened as one. */
	readonly dataset?: EventsDataset;
	readonly spec: NetworkSpec;
	readonly epochs: number;
	readonly seed: number;
	readonly schedule: FullSchedule;
	readonly shift: number;
	readonly onFault: "refuse" | "skip";
	/** Recordings learned: fewer than the epochs hold where the run was stopped. */
	readonly learned: number;
	/** The hash of the weights that come of it. */
	readonly weightsHash: string;
}

/** Writes a recipe; `data` is the path as it was given to the program. */
export function writeRecipe(path: string, recipe: Omit<Recipe, "stllrRecipe">): void {
	const data = relative(dirname(resolve(path)), resolve(recipe.data));
	const content: Recipe = { stllrRecipe: 2, ...recipe, data };
	try {
		writeFileSync(path, `${JSON.stringify(content, undefined, "\t")}\n`);
	} catch (cause) {
		throw new StllrError("dataset", `${path}: cannot be written: ${reasonOf(cause)}`, { cause });
	}
}

/** Reads a recipe; its `data` is then a path from the working directory. */
export function readRecipe(path: string): Recipe {
	let content: unknown;
	try {
		content = JSON.parse(readFileSync(path, "utf8"));
	} catch (cause) {
		throw new StllrError("format", `${path}: cannot be read as a recipe: ${reasonOf(cause)}`, { cause });
	}
	content = upToDate(content);
	for (const [name, kind] of Object.entries(FIELDS)) {
		const value: unknown = typeof content === "object" && content !== null ? Reflect.get(content, name) : undefined;
		if (name === "stllrRecipe" ? value !== 2 : typeof value !== kind) {
			const wanted = name === "stllrRecipe" ? "2, or 1" : `${kind === "object" ? "an" : "a"} ${kind}`;
			throw new StllrError("format", `${path}: ${name}: ${JSON.stringify(value)} is not allowed; allowed: ${wanted}`);
		}
	}
	const recipe = content as Recipe;
	if (recipe.dataset !== undefined && !eventsDatasets.includes(recipe.dataset)) {
		const said = `dataset: ${JSON.stringify(recipe.dataset)} is not allowed; allowed: ${eventsDatasets.join(", ")}`;
		throw new StllrError("format", `${path}: ${said}`);
	}
	const data = resolve(dirname(resolve(path)), recipe.data);
	try {
		return { ...recipe, schedule: fullSchedule(recipe.schedule), data };
	} catch (cause) {
		throw new StllrError("format", `${path}: ${reasonOf(cause)}`, { cause });
	}
}

const FIELDS: Readonly<Record<Exclude<keyof Recipe, "dataset">, string>> = {
	stllrRecipe: "number",
	data: "string",
	spec: "object",
	epochs: "number",
	seed: "number",
	schedule: "object",
	shift: "number",
	onFault: "string",
	learned: "number",
	weightsHash: "string",
};

function reasonOf(cause: unknown): string {
	return cause instanceof Error ? cause.message : String(cause);
}
