// A network as it is named on the command line: a name, or a file with a spec.

import { readFileSync } from "node:fs";
import { type NetworkName, type NetworkSize, type NetworkSpec, named, networkNames, StllrError } from "../index.js";
import { UsageError } from "./args.js";

/** What the command line says of a network. */
export const NETWORK_NAMES = `${networkNames.join(", ")}; each also as NAME:small`;

/**
 * The spec that NAME, NAME:small, NAME:paper or a JSON file stands for. A file holds a spec, or a recipe of `stllr train`. A
 * name goes before a file of that name: write `./NAME` for the file.
 */
export function networkOf(given: string): NetworkSpec {
	const [name = "", size = "paper", ...more] = given.split(":");
	const found = networkNames.find((known): known is NetworkName => known === name);
	if (found === undefined) return specIn(given);
	if (more.length > 0 || (size !== "paper" && size !== "small")) {
		throw new UsageError(
			`${given}: ${JSON.stringify([size, ...more].join(":"))} is not allowed; allowed: small or paper`,
		);
	}
	return named(found, { size: size satisfies NetworkSize });
}

/** Gives errors of a spec the name that it was given by. */
export async function inNetwork<T>(given: string, read: () => Promise<T>): Promise<T> {
	try {
		return await read();
	} catch (cause) {
		if (!(cause instanceof StllrError) || cause.code !== "option") throw cause;
		throw new StllrError("option", `${given}: ${cause.message}`, { cause });
	}
}

function specIn(path: string): NetworkSpec {
	let content: unknown;
	try {
		content = JSON.parse(readFileSync(path, "utf8"));
	} catch (cause) {
		const reason = cause instanceof Error ? cause.message : String(cause);
		const isMissing = cause instanceof Error && "code" in cause && cause.code === "ENOENT";
		const what = isMissing
			? "there is no such file, nor a network of that name"
			: `cannot be read as a spec: ${reason}`;
		throw new StllrError("format", isMissing ? `${path}: ${what} (${NETWORK_NAMES})` : `${path}: ${what}`, { cause });
	}
	// Whoever takes the spec checks it.
	return (isRecipe(content) ? content.spec : content) as NetworkSpec;
}

function isRecipe(content: unknown): content is { spec: unknown } {
	return typeof content === "object" && content !== null && "stllrRecipe" in content && "spec" in content;
}
