// The layer that answers: classes from all of its input, or values for each pixel.

import { OptionError } from "../../errors.js";
import * as check from "../check.js";
import { elementsOf, type FullReadout } from "./full.js";
import { needMap, type Place } from "./graph.js";

const COMMON_KEYS = ["leak", "traceDecay", "bias", "std", "name", "from"] as const;
const CLASS_KEYS = ["type", "classes", ...COMMON_KEYS] as const;
const VALUE_KEYS = ["type", "values", "kernel", ...COMMON_KEYS] as const;

/** Checks the readout. */
export function checkReadout(place: Place, given: Record<string, unknown>): FullReadout {
	const { at, name, source, input } = place;
	const givesValues = given.values !== undefined;
	const layer = check.object(at, given, givesValues ? VALUE_KEYS : CLASS_KEYS);
	const { channels, height, width } = input.shape;
	const classes = givesValues ? [] : checkClasses(`${at}.classes`, layer.classes);
	const values = givesValues ? check.integer(`${at}.values`, layer.values, 1, 64) : 0;
	if (givesValues) needMap(place, "values for each pixel");
	const kernel = givesValues ? checkKernel(`${at}.kernel`, layer.kernel) : 0;
	const leak = check.number(`${at}.leak`, layer.leak, 0, 1, 0.9375);
	const fanIn = givesValues ? channels * kernel * kernel : elementsOf(input.shape);
	return {
		type: "readout",
		name,
		sources: [source],
		shape: givesValues ? { channels: values, height, width } : { channels: classes.length, height: 1, width: 1 },
		classes,
		values,
		kernel,
		inputDivisor: input.divisor,
		fanIn,
		leak,
		traceDecay: check.number(`${at}.traceDecay`, layer.traceDecay, 0, 1, leak),
		bias: check.flag(`${at}.bias`, layer.bias, false),
		std: check.number(`${at}.std`, layer.std, 0, 8, 1 / Math.sqrt(fanIn)),
	};
}

function checkKernel(option: string, given: unknown): number {
	const kernel = check.integer(option, given, 1, 15, 1);
	if (kernel % 2 === 0) throw new OptionError(option, kernel, "an odd integer from 1 to 15");
	return kernel;
}

function checkClasses(option: string, given: unknown): readonly string[] {
	if (!Array.isArray(given)) {
		const count = check.integer(option, given, 2, 4096);
		return Array.from({ length: count }, (_, label) => String(label));
	}
	check.integer(`${option}.length`, given.length, 2, 4096);
	return given.map((name: unknown, label) => {
		return check.className(`${option}[${label}]`, name, given.slice(0, label));
	});
}
