// What a panic would say: left out, as the learner's panics end in a trap that says nothing.
import { readFileSync, writeFileSync } from "node:fs";
import { Refusal } from "./shell.mjs";

// Functions of Rust's libraries that never return: they put a message and a place together and pass them to the panic handler.
const NEVER_RETURN =
	/^(core|alloc)\b.*::(panicking::|panic_for_|slice_index_fail|len_mismatch_fail|(unwrap|expect|assert)_failed|handle_(alloc_)?error)/;

/**
 * Makes each of these functions trap at once. Every check that calls one stays; that it need not say where it failed, nor what
 * it met, is a twentieth of the module. It is to be optimised after this.
 */
export async function silencePanics(file) {
	// Large, and seldom needed.
	const { default: binaryen } = await import("binaryen");
	const module = binaryen.readBinary(readFileSync(file));
	let count = 0;
	for (let index = 0; index < module.getNumFunctions(); index += 1) {
		const found = module.getFunctionByIndex(index);
		const { name, body } = binaryen.getFunctionInfo(found);
		if (!NEVER_RETURN.test(name)) continue;
		if (binaryen.getExpressionInfo(body).type !== binaryen.unreachable) throw new Refusal(`${name} can return`);
		binaryen.Function.setBody(found, module.unreachable());
		count += 1;
	}
	// Without names, or with others, nothing would be found.
	if (count === 0) throw new Refusal(`${file} names no function that panics`);
	writeFileSync(file, module.emitBinary());
	module.dispose();
}
