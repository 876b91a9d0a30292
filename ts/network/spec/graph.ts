// Which layer takes what: names, and what each layer gives.

import { OptionError } from "../../errors.js";
import { elementsOf, type FullSpec, type Shape, shapeText } from "./full.js";

/** The most elements of a map. */
const MOST_ELEMENTS = 1 << 20;
/** The most spikes of an element in a step, and the most that they are divided by. */
const MOST_SPIKES = 4096;

/** What the sensor or a layer gives. */
export interface Output {
	readonly shape: Shape;
	/** What the number of spikes of an element stands for, times this. */
	readonly divisor: number;
	/** The most spikes of an element in a step. */
	readonly most: number;
	/** Was a map of more than one pixel made a vector? */
	readonly isFlat: boolean;
}

/** A layer's place: what it takes, and how errors name it. */
export interface Place {
	/** `layers[2]`, or `layers[2] "conv2"`. */
	readonly at: string;
	readonly name: string | undefined;
	/** What it takes: 0 is the sensor, k the k-th layer from 1. */
	readonly source: number;
	/** What that gives. */
	readonly input: Output;
}

/** The layers so far, with their names. */
export class Graph {
	readonly #outputs: Output[];
	readonly #names = new Map<string, number>([["input", 0]]);
	readonly #places: string[] = ["input"];
	readonly #used = new Set<number>();

	constructor({ width, height, polarities }: FullSpec["input"]) {
		const shape = { channels: polarities, height, width };
		this.#outputs = [{ shape, divisor: 1, most: 1, isFlat: false }];
	}

	/** Reads the `name` and `from` of the layer that comes next. */
	enter(index: number, layer: Record<string, unknown>): Place {
		const before = this.#outputs.length - 1;
		const name = this.#nameOf(`layers[${index}].name`, layer.name);
		const at = name === undefined ? `layers[${index}]` : `layers[${index}] ${JSON.stringify(name)}`;
		const source = layer.from === undefined ? before : this.find(`${at}.from`, layer.from);
		this.#used.add(source);
		// Only now, so that no layer takes itself.
		if (name !== undefined) this.#names.set(name, before + 1);
		this.#places.push(at);
		return { at, name, source, input: this.output(source) };
	}

	/** Notes what that layer gives. */
	leave({ at }: Place, output: Output, option: string): Output {
		if (elementsOf(output.shape) > MOST_ELEMENTS) {
			throw new OptionError(at, shapeText(output.shape), `a map of at most ${MOST_ELEMENTS} elements`);
		}
		if (output.most > MOST_SPIKES || output.divisor > MOST_SPIKES) {
			const count = Math.max(output.most, output.divisor);
			throw new OptionError(`${at}.${option}`, `${count} spikes an element`, `at most ${MOST_SPIKES} in a step`);
		}
		this.#outputs.push(output);
		return output;
	}

	/** The number of the layer that is called so: 0 is the sensor. */
	find(option: string, given: unknown): number {
		const found = typeof given === "string" ? this.#names.get(given) : undefined;
		if (found === undefined || found >= this.#outputs.length) {
			const names = [...this.#names].filter(([, index]) => index < this.#outputs.length).map(([name]) => `"${name}"`);
			throw new OptionError(option, given, `the name of an earlier layer, or the sensor: ${names.join(", ")}`);
		}
		this.#used.add(found);
		return found;
	}

	/** What a layer gives. */
	output(source: number): Output {
		const output = this.#outputs[source];
		if (output === undefined) throw new RangeError(`there is no layer ${source}`);
		return output;
	}

	/** Checks that every hidden layer is taken by another. */
	checkUsed(): void {
		const unused = this.#outputs.findIndex((_, index) => index > 0 && !this.#used.has(index));
		if (unused < 0) return;
		throw new OptionError(this.#places[unused] ?? "", "a layer that no other takes", "layers that lead to the readout");
	}

	#nameOf(option: string, given: unknown): string | undefined {
		if (given === undefined) return undefined;
		if (typeof given !== "string" || given === "" || this.#names.has(given)) {
			throw new OptionError(option, given, 'a name that no other layer has, and not "input"');
		}
		return given;
	}
}

/** Refuses a vector that was a map, where a map is needed. */
export function needMap({ at, input }: Place, what: string): void {
	if (input.isFlat) throw new OptionError(`${at}.from`, "a flattened map", `a map, for ${what}`);
}

/** What layers of spiking neurons give. */
export function spikes(shape: Shape): Output {
	return { shape, divisor: 1, most: 1, isFlat: false };
}
