// Neurons and integrators of NIR in discrete time: leak, gain, bias and threshold of a row of weights.

import { type NirNode, nodeFault, numbersOf, numbersOr } from "./graph.js";

/** How time is made discrete. */
export interface Timing {
	readonly stepUs: number;
	readonly method: "euler" | "exact";
	/** What the r of integrate-and-fire neurons is by: a step, or a second. */
	readonly ifGain: "step" | "second";
}

/**
 * Neurons in discrete time, their membrane counted from where it is reset to: u <- leak u + gain I + bias, a spike where u > threshold. One
 * number a row of weights: a neuron, or a filter.
 */
export interface Discrete {
	readonly leak: number;
	readonly gain: Float64Array;
	readonly bias: Float64Array;
	/** Empty for integrators. */
	readonly threshold: Float64Array;
}

/** How closely leaks of one layer must agree: half of what they are rounded by. */
const SAME_LEAK = 2 ** -17;
/** Floats of 32 bits say no more. */
const SAME = 1e-6;

/**
 * Neurons or integrators (LI, I) in discrete time.
 *
 * @param rows neurons, or filters, whose neurons at all `places` must be alike
 * @throws FormatError for shapes that do not fit, and for what one leak, gain and threshold a row cannot be
 */
export function discrete(node: NirNode, rows: number, places: number, timing: Timing): Discrete {
	const row = (name: string, fallback?: number) => perRow(node, name, rows, places, fallback);
	const dt = timing.stepUs * 1e-6;
	switch (node.type) {
		case "LIF":
		case "LI":
			return leaky(node, row, row("tau"), row("r"), timing);
		case "CubaLIF": {
			const [current, input, r] = [row("tau_syn"), row("w_in", 1), row("r")];
			const kept = current.map((tau) => decay(node, "tau_syn", tau, timing));
			const most = kept.reduce((largest, value) => Math.max(largest, value), 0);
			if (most > SAME_LEAK) {
				const tau = current[kept.indexOf(most)];
				throw nodeFault(
					node,
					`a current that lasts (tau_syn ${tau} s keeps ${Number(most.toPrecision(4))} of it for the next step of ${timing.stepUs} us)`,
					'neurons without a memory of their current: LIF, or tau_syn of one step by "euler"',
				);
			}
			// By Euler's method the current is then w_in dt / tau_syn S.
			const scale = input.map((w, index) => w * (timing.method === "euler" ? dt / (current[index] ?? dt) : 1));
			return leaky(
				node,
				row,
				row("tau_mem"),
				r.map((value, index) => value * (scale[index] ?? 1)),
				timing,
			);
		}
		case "IF":
		case "I": {
			const gain = row("r").map((r) => r * (timing.ifGain === "step" ? 1 : dt));
			return { leak: 1, gain, bias: new Float64Array(rows), threshold: thresholds(node, row) };
		}
		case "Threshold": {
			const threshold = row("threshold");
			checkPositive(node, "threshold", threshold);
			return { leak: 0, gain: new Float64Array(rows).fill(1), bias: new Float64Array(rows), threshold };
		}
		default:
			throw nodeFault(node, "a node that is no neuron", "LIF, IF, CubaLIF, Threshold, LI, I");
	}
}

type Row = (name: string, fallback?: number) => Float64Array;

function leaky(node: NirNode, row: Row, tau: Float64Array, r: Float64Array, timing: Timing): Discrete {
	const leaks = tau.map((value) => decay(node, node.type === "CubaLIF" ? "tau_mem" : "tau", value, timing));
	const leak = leaks[0] ?? 0;
	const other = leaks.find((value) => Math.abs(value - leak) > SAME_LEAK);
	if (other !== undefined)
		throw nodeFault(node, `leaks from ${leak} to ${other}`, "one time constant for all of a layer");
	const isInteg = node.type === "LI";
	const [rest, reset] = [row("v_leak", 0), isInteg ? new Float64Array(r.length) : row("v_reset", 0)];
	return {
		leak,
		gain: r.map((value) => value * (1 - leak)),
		bias: rest.map((value, index) => (1 - leak) * (value - (reset[index] ?? 0))),
		threshold: isInteg ? new Float64Array() : thresholds(node, row),
	};
}

function decay(node: NirNode, name: string, tau: number, { stepUs, method }: Timing): number {
	const dt = stepUs * 1e-6;
	if (!(tau > 0)) throw nodeFault(node, `${name} ${tau} s`, "more than 0 s");
	if (method === "exact") return Math.exp(-dt / tau);
	const leak = 1 - dt / tau;
	// A step as long as the time constant is not to fail by the last bit of a float.
	if (leak < 0 && leak > -SAME) return 0;
	if (leak < 0) {
		throw nodeFault(node, `${name} ${tau} s, less than a step of ${stepUs} us`, 'a shorter stepUs, or method: "exact"');
	}
	return leak;
}

function thresholds(node: NirNode, row: Row): Float64Array {
	if (node.type === "I") return new Float64Array();
	const reset = row("v_reset", 0);
	const threshold = row("v_threshold").map((value, index) => value - (reset[index] ?? 0));
	checkPositive(node, "v_threshold - v_reset", threshold);
	return threshold;
}

function checkPositive(node: NirNode, name: string, values: Float64Array): void {
	const wrong = values.find((value) => !(value > 0));
	if (wrong !== undefined) throw nodeFault(node, `${name} ${wrong}`, "more than 0");
}

/** A parameter, one number a row; a file may give one for all, one a row, or one a neuron. */
function perRow(node: NirNode, name: string, rows: number, places: number, fallback?: number): Float64Array {
	const { values } = fallback === undefined ? numbersOf(node, name) : numbersOr(node, name, fallback);
	if (values.length === 1) return new Float64Array(rows).fill(values[0] ?? 0);
	if (values.length === rows) return values;
	if (values.length !== rows * places) {
		const all = places === 1 ? "" : `, one a filter, or ${rows * places}, one a neuron`;
		throw nodeFault(node, `${name} of ${values.length} numbers`, `1 for all, ${rows}${all}`);
	}
	return Float64Array.from({ length: rows }, (_, filter) => {
		const first = values[filter * places] ?? 0;
		const own = values.subarray(filter * places, (filter + 1) * places);
		const other = own.find((value) => Math.abs(value - first) > SAME * Math.abs(first));
		if (other === undefined) return first;
		throw nodeFault(node, `${name} ${first} and ${other} in one channel`, "one number for all neurons of a channel");
	});
}
