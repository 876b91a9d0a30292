// Libraries that only some sources need: loaded when such a source is opened, and asked for by name where they are missing.

import { EnvironmentError } from "../errors.js";

/** The versions that stllr is tested with. */
const VERSIONS = { mqtt: "5.16.0", serialport: "13.0.0", ws: "8.23.0" } as const;

/**
 * Loads an optional library.
 *
 * @throws EnvironmentError with the line that installs it
 */
export async function library<T>(name: keyof typeof VERSIONS, load: () => Promise<T>): Promise<T> {
	try {
		return await load();
	} catch (cause) {
		const reason = cause instanceof Error ? cause.message : String(cause);
		const isMissing = cause instanceof Error && "code" in cause && cause.code === "ERR_MODULE_NOT_FOUND";
		const what = isMissing ? "is not installed" : `cannot be loaded (${reason})`;
		throw new EnvironmentError(`${name} ${what}; this source needs it: npm i ${name}@${VERSIONS[name]}`, { cause });
	}
}
