// Deflated bytes to plain ones, by the WASM module of events: through a window of fixed size, whatever they unpack to.

/** The inflater that the WASM module gives; see its Rust source for what the calls do. */
export interface WasmInflater {
	feed(from: number, until: number): number;
	consumed(): number;
	isDone(): boolean;
	hasFault(): boolean;
	inputCapacity(): number;
	inputPtr(): number;
	outputPtr(): number;
	free(): void;
}

/** What unpacking needs of the WASM module. */
export interface InflateModule {
	readonly memory: WebAssembly.Memory;
	readonly Inflater: new (zlib: boolean) => WasmInflater;
}

/** How bytes are packed: bare, as in zips and gzip, or with zlib's header and checksum, as in PNG. */
export type Packing = "deflate" | "zlib";

/**
 * Unpacks a stream, piece by piece. A piece is overwritten by the next, and is of 64 KiB at most.
 *
 * @param parts the packed bytes; what follows the stream's end is left alone
 * @param unsound makes the error for what cannot be unpacked, or is cut
 */
export function* inflate(
	{ memory, Inflater }: InflateModule,
	packing: Packing,
	parts: Iterable<Uint8Array>,
	unsound: () => Error,
): Generator<Uint8Array> {
	const inflater = new Inflater(packing === "zlib");
	// Not a view of the module's memory: who keeps a piece while others use the module would lose it when that grows.
	let room = new Uint8Array(0);
	const given = function* (count: number): Generator<Uint8Array> {
		if (count > room.length) room = new Uint8Array(count);
		const piece = room.subarray(0, count);
		piece.set(new Uint8Array(memory.buffer, inflater.outputPtr(), count));
		if (count > 0) yield piece;
	};
	try {
		const step = inflater.inputCapacity();
		for (const part of parts) {
			for (let at = 0; at < part.length && !inflater.isDone(); at += step) {
				const input = part.subarray(at, at + step);
				new Uint8Array(memory.buffer, inflater.inputPtr(), input.length).set(input);
				// Bytes can be left in the window when all input is taken: the call that makes nothing is the last.
				for (let from = 0; !inflater.isDone(); from += inflater.consumed()) {
					const made = inflater.feed(from, input.length);
					yield* given(made);
					if (inflater.hasFault()) throw unsound();
					if (made > 0) continue;
					if (from + inflater.consumed() < input.length) throw unsound();
					break;
				}
			}
			if (inflater.isDone()) return;
		}
		throw unsound();
	} finally {
		inflater.free();
	}
}

/**
 * Unpacks all of a stream into `out`.
 *
 * @returns how many bytes there are; one more than there is room for where it is too small
 */
export function inflateInto(
	module: InflateModule,
	packing: Packing,
	packed: Uint8Array,
	out: Uint8Array,
	unsound: () => Error,
): number {
	let made = 0;
	for (const piece of inflate(module, packing, [packed], unsound)) {
		if (made + piece.length > out.length) return out.length + 1;
		out.set(piece, made);
		made += piece.length;
	}
	return made;
}
