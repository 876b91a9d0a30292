// What an import or export did: data for programs, and lines for people.

import type { Rounding } from "../../network/parameters.js";

/** Something that was decided, or that the two sides cannot say alike. */
export interface NirChoice {
	/** What it is about: `stepUs`, `node "fc1"`, `layer "1"`. */
	readonly about: string;
	/** What was done, and what else could be. */
	readonly text: string;
}

/** A layer with weights, and how closely it is the other side's. */
export interface NirLayer {
	/** Its name in the network. */
	readonly layer: string;
	/** The nodes that it is, in the file. */
	readonly nodes: readonly string[];
	/** What stays of a membrane in a step, as wanted, and as it is held: a multiple of 2^-15. */
	readonly leak: { readonly wanted: number; readonly held: number };
	/** The membrane above which its neurons spike; none for readouts. */
	readonly threshold: number | undefined;
	/** The least and the largest factor between weights of the file and of the network. */
	readonly gain: readonly [least: number, largest: number];
	/** What rounding did to weights and biases, in the network's units; none for exports, which are exact. */
	readonly rounding: Rounding | undefined;
	/** Steps until a spike of the layer reaches itself; 0 where it does not. */
	readonly recurrentDelaySteps: 0 | 1;
}

/** What was done. */
export interface NirReport {
	/** The file's version of NIR. */
	readonly version: string;
	/** The length of a time step in us. */
	readonly stepUs: number;
	readonly layers: readonly NirLayer[];
	readonly choices: readonly NirChoice[];
	/** All of it, for people. */
	readonly lines: readonly string[];
}

/** The report with its lines. */
export function reportOf(report: Omit<NirReport, "lines">): NirReport {
	const lines = [
		`NIR ${report.version}, steps of ${report.stepUs} us`,
		...report.choices.map(({ about, text }) => `${about}: ${text}`),
		...report.layers.flatMap(layerLines),
	];
	return { ...report, lines };
}

function layerLines({
	layer,
	nodes,
	leak,
	threshold,
	gain,
	rounding,
	recurrentDelaySteps,
}: NirLayer): readonly string[] {
	const [least, largest] = gain.map(shown);
	const parts = [
		`leak ${shown(leak.held)}${leak.held === leak.wanted ? "" : ` for ${shown(leak.wanted)}`}`,
		...(threshold === undefined ? [] : [`threshold ${shown(threshold)}`]),
		`weights times ${least === largest ? least : `${least} to ${largest}`}`,
		...(recurrentDelaySteps === 1 ? ["its own spikes a step later"] : []),
	];
	const rounded =
		rounding === undefined
			? []
			: [
					`rounded to multiples of ${shown(rounding.step)}, by up to ${shown(rounding.largest)}`,
					rounding.clipped === 0
						? "none clipped"
						: `${rounding.clipped} clipped to ${shown(rounding.range)} in magnitude`,
				];
	return [
		`layer "${layer}" (${nodes.length === 0 ? "no node" : nodes.join(", ")}): ${[...parts, ...rounded].join(", ")}`,
	];
}

function shown(value: number): string {
	return String(Number(value.toPrecision(6)));
}
