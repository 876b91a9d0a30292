// Layers that compute nothing but where spikes go: pooling, upsampling, flattening, dropout, additions and joins.

import { OptionError } from "../../errors.js";
import * as check from "../check.js";
import {
	elementsOf,
	type FullDropout,
	type FullFlatten,
	type FullJoin,
	type FullPool,
	type FullUpsample,
	shapeText,
} from "./full.js";
import { type Graph, needMap, type Output, type Place } from "./graph.js";

/** A layer's own options, and what it gives. */
export type Mapped<T> = readonly [own: Omit<T, "name" | "sources" | keyof Output>, output: Output];

/** Checks a pooling layer. */
export function checkPool(place: Place, given: Record<string, unknown>): Mapped<FullPool> {
	const { at, input } = place;
	const layer = check.object(at, given, ["type", "kind", "kernel", "stride", "name", "from"]);
	needMap(place, "pooling");
	const kind = check.oneOf(`${at}.kind`, layer.kind, ["max", "average", "sum"]);
	const { channels, height, width } = input.shape;
	const kernel = check.integer(`${at}.kernel`, layer.kernel, 1, 65_536);
	if (kernel > Math.min(height, width)) {
		throw new OptionError(`${at}.kernel`, kernel, `at most the input, ${height} x ${width}`);
	}
	const stride = check.integer(`${at}.stride`, layer.stride, 1, 1024, kernel);
	if (kind === "max" && input.most > 1) {
		throw new OptionError(
			`${at}.kind`,
			kind,
			`"average" or "sum", as an element of the input can have up to ${input.most} spikes in a step`,
		);
	}
	const along = (size: number) => Math.floor((size - kernel) / stride) + 1;
	const window = kernel * kernel;
	return [
		{ type: "pool", kind, kernel, stride },
		{
			shape: { channels, height: along(height), width: along(width) },
			divisor: input.divisor * (kind === "average" ? window : 1),
			most: input.most * (kind === "max" ? 1 : window),
			isFlat: false,
		},
	];
}

/** Checks an upsampling layer. */
export function checkUpsample(place: Place, given: Record<string, unknown>): Mapped<FullUpsample> {
	const { at, input } = place;
	const layer = check.object(at, given, ["type", "factor", "name", "from"]);
	needMap(place, "upsampling");
	const factor = check.integer(`${at}.factor`, layer.factor, 1, 64);
	const { channels, height, width } = input.shape;
	return [
		{ type: "upsample", factor },
		{ ...input, shape: { channels, height: factor * height, width: factor * width } },
	];
}

/** Checks a layer that makes a map a vector. */
export function checkFlatten({ at, input }: Place, given: Record<string, unknown>): Mapped<FullFlatten> {
	check.object(at, given, ["type", "name", "from"]);
	const isFlat = input.isFlat || input.shape.height > 1 || input.shape.width > 1;
	return [{ type: "flatten" }, { ...input, shape: { channels: elementsOf(input.shape), height: 1, width: 1 }, isFlat }];
}

/** Checks a dropout layer. */
export function checkDropout({ at, input }: Place, given: Record<string, unknown>): Mapped<FullDropout> {
	const layer = check.object(at, given, ["type", "rate", "name", "from"]);
	return [{ type: "dropout", rate: check.number(`${at}.rate`, layer.rate, 0, 0.99) }, input];
}

/** Checks an addition or a join of channels; returns its sources too. */
export function checkJoin(
	place: Place,
	given: Record<string, unknown>,
	type: "add" | "concat",
	graph: Graph,
): readonly [...Mapped<FullJoin>, sources: readonly number[]] {
	const { at } = place;
	const layer = check.object(at, given, ["type", "with", "name", "from"]);
	const names: readonly unknown[] = Array.isArray(layer.with) ? layer.with : [layer.with];
	if (names.length < 1 || names.length > 63) throw new OptionError(`${at}.with`, layer.with, "1 to 63 names of layers");
	const option = (index: number) => (Array.isArray(layer.with) ? `${at}.with[${index}]` : `${at}.with`);
	const sources = [place.source];
	for (const [index, name] of names.entries()) {
		const source = graph.find(option(index), name);
		if (sources.includes(source)) throw new OptionError(option(index), name, "each layer once");
		sources.push(source);
	}
	const inputs = sources.map((source) => graph.output(source));
	for (const [index, input] of inputs.entries()) {
		if (input.isFlat) throw new OptionError(index === 0 ? `${at}.from` : option(index - 1), "a flattened map", "a map");
		checkFit(option(index - 1), type, names[index - 1], input, place.input);
	}
	const divisor = inputs.reduce((common, input) => leastCommon(common, input.divisor), 1);
	const repeats = inputs.map((input) => divisor / input.divisor);
	const counts = inputs.map(({ most }, index) => most * (repeats[index] ?? 1));
	const { shape } = place.input;
	const channels = inputs.reduce((sum, input) => sum + input.shape.channels, 0);
	const output: Output =
		type === "add"
			? { shape, divisor, most: counts.reduce((sum, count) => sum + count), isFlat: false }
			: { shape: { ...shape, channels }, divisor, most: Math.max(...counts), isFlat: false };
	return [{ type, repeats }, output, sources];
}

function checkFit(option: string, type: "add" | "concat", name: unknown, { shape }: Output, first: Output): void {
	const { channels, height, width } = first.shape;
	const isAsLarge = shape.height === height && shape.width === width;
	if (isAsLarge && (type === "concat" || shape.channels === channels)) return;
	const needed = type === "add" ? shapeText(first.shape) : `any channels x ${height} x ${width}`;
	throw new OptionError(
		option,
		name,
		`a layer that gives ${needed}, as it is added to; this gives ${shapeText(shape)}`,
	);
}

function leastCommon(a: number, b: number): number {
	let [high, low] = [a, b];
	while (low !== 0) [high, low] = [low, high % low];
	return (a / high) * b;
}
