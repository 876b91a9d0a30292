// Pickles by hand, as bytes: opcodes as texts and numbers; and checkpoints of them.
import { zipSync } from "fflate";

export const ascii = (text: string) => [...Buffer.from(text)];
export const word = (value: number) => [...new Uint8Array(new Uint32Array([value]).buffer)];
export const text = (value: string) => [
	..."X".split("").flatMap(ascii),
	...word(Buffer.byteLength(value)),
	...ascii(value),
];
export const integer = (value: number) => [...ascii("J"), ...word(value)];
export const global = (module: string, name: string) => ascii(`c${module}\n${name}\n`);
export const tuple = (...parts: number[][]) => [...ascii("("), ...parts.flat(), ...ascii("t")];
export const storage = (count: number, key = "0", type = "FloatStorage") => [
	...tuple(text("storage"), global("torch", type), text(key), text("cpu"), integer(count)),
	...ascii("Q"),
];
export const EMPTY = [...global("collections", "OrderedDict"), ...ascii(")R")];
export const tensor = (held: number[], offset: number, shape: number[], strides: number[]) => [
	...global("torch._utils", "_rebuild_tensor_v2"),
	...tuple(held, integer(offset), tuple(...shape.map(integer)), tuple(...strides.map(integer)), [0x89], EMPTY),
	...ascii("R"),
];
export const state = (...tensors: number[][]) => [
	...[0x80, 2, ...ascii("}")],
	...tensors.flatMap((made, index) => [...text(`t${index}`), ...made, ...ascii("s")]),
	...ascii("."),
];
export const checkpoint = (pickle: readonly number[], numbers = 6, more: Record<string, Uint8Array> = {}) =>
	zipSync(
		{
			"x/data.pkl": Uint8Array.from(pickle),
			"x/data/0": new Uint8Array(Float32Array.from({ length: numbers }, (_, index) => index).buffer),
			...more,
		},
		{ level: 0 },
	);
export const READY = storage(6);
