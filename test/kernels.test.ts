// The integer core in WebAssembly, with SIMD and without: every kernel gives the scalar bytes, and whole training runs give
// the hashes that the native build gives (crates/stllr-sweeps).
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import t from "tap";

/** What crates/stllr-sweeps exports; names and messages come as text. */
interface Exports {
	memory: WebAssembly.Memory;
	text_pointer(): number;
	text_length(): number;
	kernel_name(): void;
	sweep_count(): number;
	sweep_name(i: number): void;
	sweep_run(i: number): number;
	misuse_count(): number;
	misuse_name(i: number): void;
	misuse_run(i: number): void;
	training_count(): number;
	training_name(i: number): void;
	training_hash(i: number): bigint;
	too_large_is_refused(): number;
}

const BUILDS = [
	{ build: "simd", kernels: "simd128", tables: 3 },
	{ build: "scalar", kernels: "scalar", tables: 1 },
];
const KERNELS = 31;
/** Written by the native build: a hash and a name a line, in the order of the runs. */
const HASHES = readFileSync(new URL("../crates/stllr-sweeps/hashes.txt", import.meta.url), "utf8");
const RUNS = 65;

for (const { build, kernels, tables } of BUILDS) {
	const path = fileURLToPath(new URL(`../target/sweeps/${build}.wasm`, import.meta.url));
	const module = new WebAssembly.Module(readFileSync(path));
	const exports = start(module);
	const indices = (count: number) => Array.from({ length: count }, (_, i) => i);

	t.test(`kernels: the ${build} build runs the ${kernels} ones`, async (t) => {
		exports.kernel_name();
		t.equal(text(exports), kernels);
		t.equal(exports.sweep_count(), tables * KERNELS, "every kernel for every pair of tables");
	});

	t.test(`kernels: equal bytes for every length, alignment and value, ${build} build`, async (t) => {
		for (const i of indices(exports.sweep_count())) {
			exports.sweep_name(i);
			const name = text(exports);
			const differs = exports.sweep_run(i) !== 0;
			t.notOk(differs, differs ? text(exports) : name);
		}
	});

	t.test(`kernels: lengths that do not fit together trap, ${build} build`, async (t) => {
		for (const i of indices(exports.misuse_count())) {
			exports.misuse_name(i);
			// What has trapped is not used again.
			t.throws(() => start(module).misuse_run(i), { name: "RuntimeError" }, text(exports));
		}
	});

	t.test(`training: the hashes of the native build, ${build} build`, async (t) => {
		const lines = HASHES.trimEnd().split("\n");
		t.equal(exports.training_count(), RUNS);
		t.equal(lines.length, RUNS, "a line for every run and no other");
		for (const i of indices(RUNS)) {
			exports.training_name(i);
			const name = text(exports);
			t.equal(`${hex(exports.training_hash(i))} ${name}`, lines[i], name);
		}
	});

	t.test(`network: one too large for 32 bits is refused, ${build} build`, async (t) => {
		const passes = exports.too_large_is_refused() !== 0;
		t.notOk(passes, passes ? text(exports) : "all are refused");
	});
}

function start(module: WebAssembly.Module): Exports {
	return new WebAssembly.Instance(module).exports as unknown as Exports;
}

function text({ memory, text_pointer, text_length }: Exports): string {
	return new TextDecoder().decode(new Uint8Array(memory.buffer, text_pointer(), text_length()));
}

function hex(hash: bigint): string {
	return BigInt.asUintN(64, hash).toString(16).padStart(16, "0");
}
