// Events as they come out of WASM, and faults of settings.

import { OptionError } from "../errors.js";
import type { Events } from "../events/chunk.js";

/** An object of the module that gives events; see its Rust source. */
export interface Giver {
	capacity(): number;
	tPtr(): number;
	xPtr(): number;
	yPtr(): number;
	pPtr(): number;
	fault(): { setting(): string; found(): number; least(): number; most(): number; free(): void } | undefined;
	free(): void;
}

/** The arrays in which an object gives its events; views that are made anew when the memory has grown. */
export class Outlet {
	readonly #memory: WebAssembly.Memory;
	readonly #giver: Giver;
	#views: Events | undefined;

	constructor(memory: WebAssembly.Memory, giver: Giver) {
		this.#memory = memory;
		this.#giver = giver;
	}

	/** Copies of the first `count` events. */
	take(count: number): Events {
		const { buffer } = this.#memory;
		if (this.#views === undefined || this.#views.t.buffer !== buffer) {
			const giver = this.#giver;
			const capacity = giver.capacity();
			this.#views = {
				t: new Float64Array(buffer, giver.tPtr(), capacity),
				x: new Uint16Array(buffer, giver.xPtr(), capacity),
				y: new Uint16Array(buffer, giver.yPtr(), capacity),
				p: new Uint8Array(buffer, giver.pPtr(), capacity),
			};
		}
		const { t, x, y, p } = this.#views;
		return { t: t.slice(0, count), x: x.slice(0, count), y: y.slice(0, count), p: p.slice(0, count) };
	}
}

/** The error for a setting that the module has refused: options that contradict one another. */
export function refusal(giver: Giver): Error {
	const fault = giver.fault();
	if (fault === undefined) return new Error("the WASM module refuses without a reason");
	const error = new OptionError(fault.setting(), fault.found(), `${fault.least()} to ${fault.most()}`);
	fault.free();
	return error;
}

/** Events that come in parts as one. */
export function joined(parts: readonly Events[]): Events {
	const [first] = parts;
	if (first !== undefined && parts.length === 1) return first;
	const count = parts.reduce((sum, { t }) => sum + t.length, 0);
	const made = {
		t: new Float64Array(count),
		x: new Uint16Array(count),
		y: new Uint16Array(count),
		p: new Uint8Array(count),
	};
	let at = 0;
	for (const { t, x, y, p } of parts) {
		made.t.set(t, at);
		made.x.set(x, at);
		made.y.set(y, at);
		made.p.set(p, at);
		at += t.length;
	}
	return made;
}
