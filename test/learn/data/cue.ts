// The cue accumulation task: cues come left and right, and after a pause the network is asked on which side more came.

import { openArchive, textOf } from "./files.js";

/** One sample. */
export interface CueSample {
	/** Which of the two answers is right, 0 or 1. */
	readonly label: number;
	/** Spikes by time: ms, and input neurons. */
	readonly times: readonly number[];
	readonly neurons: readonly number[];
	/** When it ends, in ms. */
	readonly end: number;
}

/** Reads the samples for learning and for testing. */
export async function readCues(path: string): Promise<{ train: CueSample[]; test: CueSample[] }> {
	const archive = await openArchive(path);
	const read = (part: string) => readCueText(textOf(archive, `dataset_cueAcc_${part}.dat`));
	return { train: read("train"), test: read("test") };
}

/**
 * Reads samples: the first line has their number, each further one `neuron, ms`, where neuron -2 gives the label in place of the
 * time and -1 ends the sample.
 */
export function readCueText(text: string): CueSample[] {
	const [count = "", ...lines] = text.trim().split(/\r?\n/);
	const samples: CueSample[] = [];
	let [label, spikes]: [number, [ms: number, neuron: number][]] = [-1, []];
	lines.forEach((line, index) => {
		const [neuron, value, ...more] = line.split(",").map(Number);
		if (neuron === undefined || value === undefined || !(neuron >= -2) || !(value >= 0) || more.length > 0) {
			throw new Error(`line ${index + 2}: ${JSON.stringify(line)}; wanted: two numbers`);
		}
		if (neuron >= 0) spikes.push([value, neuron]);
		else if (neuron === -2) label = value;
		else {
			if (label !== 0 && label !== 1) throw new Error(`line ${index + 2}: a sample ends that has no label 0 or 1`);
			spikes.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
			samples.push({ label, times: spikes.map(([ms]) => ms), neurons: spikes.map(([, at]) => at), end: value });
			[label, spikes] = [-1, []];
		}
	});
	if (samples.length !== Number(count)) throw new Error(`${samples.length} samples; its first line says ${count}`);
	return samples;
}
