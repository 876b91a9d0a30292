// What all encoders have in common: chunks of input in, chunks of events out.

import { OptionError } from "../errors.js";
import type { Events } from "../events/chunk.js";
import * as check from "../network/check.js";
import type { EncodeModule } from "../wasm/module.js";
import { checkDelays, delayLine } from "./filters.js";
import { joined } from "./outlet.js";
import { FilterPipe } from "./pipe.js";

/** The `input` of a network's spec. */
export interface NetworkInput {
	readonly width: number;
	readonly height: number;
	readonly polarities: number;
}

/**
 * A streaming encoder: any split of its input gives the same events, on every machine.
 *
 * `push` gives the events of the next input, `flush` what is still to come and begins anew. All are fresh arrays, in the order of
 * their times.
 */
export interface Encoder<S> {
	/** What a network's spec says of these events: channels are columns; codes and signs, and delays of them, are polarities. */
	readonly input: NetworkInput;
	/** An event with time t is given, at the latest, when the input up to t + this has been. */
	readonly latencyUs: number;
	/** Takes the next input. It is not kept. */
	push(input: S): Events[];
	/** Ends a stream. The next input is the first of a new one. */
	flush(): Events[];
	/** All events of a whole recording, from its beginning; what was pushed before is forgotten. */
	encode(input: S): Events;
	/** Encodes a stream, from its beginning; leaving the loop ends the source. */
	stream(source: AsyncIterable<S> | Iterable<S>): AsyncGenerator<Events>;
	/** Gives the memory back. */
	close(): void;
}

/** What every encoder takes. */
export interface EncoderOptions {
	/**
	 * Each event comes again after each of these, in polarities of its own (p + k polarities by the k-th): rising, in us; 0 for the
	 * event itself. See `delayLine`. Default: no delay line.
	 */
	readonly delaysUs?: readonly number[];
}

/** The input of a network that a delay line lies before. */
export function delayedInput<I extends { readonly width: number; readonly polarities?: number }>(
	input: I,
	delaysUs: readonly number[],
): I & { readonly polarities: number } {
	const { length } = checkDelays("delaysUs", delaysUs);
	const polarities = (input.polarities ?? 1) * length;
	if (polarities > 256)
		throw new OptionError("delaysUs", delaysUs, `at most ${Math.floor((256 * length) / polarities)} delays`);
	return { ...input, polarities };
}

/** What is left for each encoder to do. */
export interface Source<S> {
	readonly input: NetworkInput;
	readonly latencyUs: number;
	push(input: S): Events[];
	reset(): void;
	free(): void;
}

/** An encoder of a source, behind which there may be a delay line. */
export class SourceEncoder<S> implements Encoder<S> {
	readonly input: NetworkInput;
	readonly latencyUs: number;
	readonly #source: Source<S>;
	readonly #delays: FilterPipe | undefined;

	constructor(module: EncodeModule, source: Source<S>, delaysUs: readonly number[] | undefined) {
		this.#source = source;
		this.latencyUs = source.latencyUs;
		this.input = source.input;
		if (delaysUs === undefined) return;
		this.input = delayedInput(source.input, delaysUs);
		this.#delays = new FilterPipe(module, [delayLine({ delaysUs, polarities: source.input.polarities })]);
	}

	push(input: S): Events[] {
		const given = this.#source.push(input);
		const delays = this.#delays;
		return delays === undefined ? given : given.flatMap((events) => delays.push(events));
	}

	flush(): Events[] {
		this.#source.reset();
		return this.#delays?.flush() ?? [];
	}

	encode(input: S): Events {
		this.#source.reset();
		this.#delays?.reset();
		return joined([...this.push(input), ...this.flush()]);
	}

	async *stream(source: AsyncIterable<S> | Iterable<S>): AsyncGenerator<Events> {
		this.#source.reset();
		this.#delays?.reset();
		for await (const input of source) yield* this.push(input);
		yield* this.flush();
	}

	close(): void {
		this.#source.free();
		this.#delays?.close();
	}
}

/** An option that is one number for all channels or a list of one for each. */
export function eachOf(option: string, given: unknown, channels: number, low: number, high: number): number[] {
	if (!Array.isArray(given)) return new Array(channels).fill(check.number(option, given, low, high));
	if (given.length !== channels) throw new OptionError(`${option}.length`, given.length, `${channels}, one a channel`);
	return given.map((value, index) => check.number(`${option}[${index}]`, value, low, high));
}
