// What a network of the official code's layers answers, in float64, from the state dict alone: the order of operations of its paper.

/** A tensor: shape and elements, row by row. */
export interface Held {
	readonly shape: readonly number[];
	readonly values: readonly number[];
}

/** A state dict. */
export type State = Readonly<Record<string, Held>>;

/** A layer: a step's input to its output. */
export type Step = (input: readonly number[]) => number[];

const sigmoid = (value: number) => 1 / (1 + Math.exp(-value));
const held = (state: State, name: string): Held => {
	const tensor = state[name];
	if (tensor === undefined) throw new Error(`no ${name}`);
	return tensor;
};
const single = (state: State, name: string) => held(state, name).values[0] ?? 0;

/** Standardised weights: gain (W - mean) / sqrt(variance fan-in + 1e-4). */
function standard(weight: Held, gain: Held): number[][] {
	const rows = rowsOf(weight);
	return rows.map((row, unit) => {
		const mean = row.reduce((a, b) => a + b, 0) / row.length;
		const variance = row.reduce((a, b) => a + (b - mean) ** 2, 0) / (row.length - 1);
		return row.map((w) => ((gain.values[unit] ?? 0) * (w - mean)) / Math.sqrt(variance * row.length + 1e-4));
	});
}

function rowsOf({ shape, values }: Held): number[][] {
	const units = shape[0] ?? 0;
	const each = values.length / units;
	return Array.from({ length: units }, (_, unit) => values.slice(unit * each, (unit + 1) * each));
}

const dot = (row: readonly number[], input: readonly number[]) =>
	row.reduce((sum, weight, index) => sum + weight * (input[index] ?? 0), 0);

/** Neurons: u <- leak u + I; a spike where u > threshold; the threshold is subtracted then. */
function neurons(state: State, name: string, leak: number, current: Step): Step {
	const threshold = Math.max(0.5, single(state, `${name}.threshold`));
	let u: number[] | undefined;
	return (input) => {
		const currents = current(input);
		u = currents.map((i, unit) => leak * (u?.[unit] ?? 0) + i);
		const spikes = u.map((v) => (v > threshold ? 1 : 0));
		u = u.map((v, unit) => v - threshold * (spikes[unit] ?? 0));
		return spikes;
	};
}

/** LinearSTLLR, and with `weight_rec` LinearRecSTLLR. */
export function linear(state: State, name: string): Step {
	const weights = standard(held(state, `${name}.weight`), held(state, `${name}.gain`));
	const own = state[`${name}.weight_rec`];
	const recurrent = own && standard(own, held(state, `${name}.gain_rec`));
	const bias = held(state, `${name}.bias`).values;
	let before: number[] = [];
	const layer = neurons(state, name, sigmoid(single(state, `${name}.leak`)), (input) =>
		weights.map(
			(row, unit) => dot(row, input) + (bias[unit] ?? 0) + (recurrent ? dot(recurrent[unit] ?? [], before) : 0),
		),
	);
	return (input) => {
		before = layer(input);
		return before;
	};
}

/** Conv2dSTLLR with a kernel of 3, a stride of 1 and a padding of 1, over a square map. */
export function conv(state: State, name: string, size: number): Step {
	const weight = held(state, `${name}.weight`);
	const weights = standard(weight, held(state, `${name}.gain`));
	const bias = held(state, `${name}.bias`).values;
	const channels = weight.shape[1] ?? 0;
	return neurons(state, name, sigmoid(single(state, `${name}.leak`)), (input) =>
		weights.flatMap((kernel, filter) =>
			Array.from({ length: size * size }, (_, place) => {
				const [row, column] = [Math.floor(place / size), place % size];
				let sum = bias[filter] ?? 0;
				for (let k = 0; k < channels * 9; k += 1) {
					const [channel, y, x] = [Math.floor(k / 9), row + (Math.floor(k / 3) % 3) - 1, column + (k % 3) - 1];
					if (y < 0 || x < 0 || y >= size || x >= size) continue;
					sum += (kernel[k] ?? 0) * (input[(channel * size + y) * size + x] ?? 0);
				}
				return sum;
			}),
		),
	);
}

/** Pooling by 2 of square maps: the mean or the most of each window. */
export function pool(size: number, kind: "max" | "average"): Step {
	return (input) => {
		const half = size / 2;
		const channels = input.length / size ** 2;
		return Array.from({ length: channels * half * half }, (_, index) => {
			const [channel, y, x] = [Math.floor(index / half ** 2), Math.floor(index / half) % half, index % half];
			const at = (dy: number, dx: number) => input[(channel * size + 2 * y + dy) * size + 2 * x + dx] ?? 0;
			const window = [at(0, 0), at(0, 1), at(1, 0), at(1, 1)];
			return kind === "max" ? Math.max(...window) : window.reduce((a, b) => a + b, 0) / 4;
		});
	};
}

/** A layer that gathers: u <- leak u + W x + b, with the weights as they are. A leak of 0: torch's Linear. */
export function readout(state: State, name: string, given?: number): Step {
	const leak = given ?? sigmoid(single(state, `${name}.leak`));
	const weights = rowsOf(held(state, `${name}.weight`));
	const bias = state[`${name}.bias`]?.values;
	let u: number[] | undefined;
	return (input) => {
		u = weights.map((row, unit) => leak * (u?.[unit] ?? 0) + dot(row, input) + (bias?.[unit] ?? 0));
		return u;
	};
}

/** Linear neurons as a Sequential of torch has none: plain weights with a leak and a threshold of 1, hard or soft reset. */
export function plain(state: State, name: string, leak: number, threshold: number): Step {
	const weights = rowsOf(held(state, `${name}.weight`));
	const bias = held(state, `${name}.bias`).values;
	const neuron: State = { "x.threshold": { shape: [], values: [threshold] } };
	return neurons(neuron, "x", leak, (input) => weights.map((row, unit) => dot(row, input) + (bias[unit] ?? 0)));
}

/** The sum of what the last layer gives over all steps, and how many spikes the layers before it gave in all. */
export function answer(
	layers: readonly Step[],
	steps: readonly (readonly number[])[],
): { scores: number[]; spikes: number } {
	let scores: number[] | undefined;
	let spikes = 0;
	for (const step of steps) {
		let values = [...step];
		layers.forEach((layer, index) => {
			values = layer(values);
			if (index < layers.length - 1) spikes += values.reduce((a, b) => a + b, 0);
		});
		scores = values.map((value, unit) => value + (scores?.[unit] ?? 0));
	}
	return { scores: scores ?? [], spikes };
}
