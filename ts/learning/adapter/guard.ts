// What is held back from learning, asked again and again; and the last snapshot by which it was answered well.

import type { Network } from "../../network/network.js";
import type { Snapshot } from "../../network/snapshot.js";
import type { Random } from "../../random.js";
import type { AuditEvent } from "./log.js";
import type { FullAdapterOptions } from "./options.js";
import { type Kept, Reservoir } from "./reservoir.js";

/** A recording that is held back. */
interface Held extends Kept {
	/** Was it right by the last good snapshot; where it came since then: as it came? */
	wasRight: boolean;
}

/** What looking at the network came to. */
export type Verdict = Extract<AuditEvent, { readonly kind: "score" | "snapshot" | "rollback" }>;

/**
 * McNemar's test (Psychometrika 12, 1947): of `changed` answers that differ, as many become wrong as right by chance; the square of the
 * difference over their number is beyond this in 5 % of all cases, in half of them for the worse.
 */
const CRITICAL = 3.84;

/** Scores a network by held-back recordings, and takes it back where it has become worse. */
export class Guard {
	readonly #network: Network;
	readonly #options: FullAdapterOptions["guard"];
	readonly #held: Reservoir<Held>;
	readonly #random: Random;
	#good: Snapshot;
	/** Updates since the last good snapshot, and since the last score. */
	#undone = 0;
	#unscored = 0;

	constructor(network: Network, options: FullAdapterOptions["guard"], random: Random) {
		this.#network = network;
		this.#options = options;
		this.#random = random;
		this.#held = new Reservoir(options.perClass, random);
		this.#good = network.snapshot();
	}

	/** Is the next labelled recording to be held back? Drawn anew each time. */
	draws(): boolean {
		return this.#options.perClass > 0 && this.#random.chance(this.#options.share);
	}

	/** Offers a labelled recording that was not learned; says whether it is held back. */
	hold(item: Kept, isRight: boolean): boolean {
		return this.#held.offer({ ...item, wasRight: isRight });
	}

	/** The network has learned once more. */
	updated(): void {
		this.#undone += 1;
		this.#unscored += 1;
	}

	/** Is it time to score? */
	isDue(): boolean {
		return this.#unscored >= this.#options.every && this.#held.size >= this.#options.least;
	}

	/** Scores the network; rolls it back, takes a snapshot of it, or neither. */
	look(): Verdict {
		this.#unscored = 0;
		const answers = this.#ask();
		const [right, good] = [answers.filter(({ isRight }) => isRight), answers.filter(({ held }) => held.wasRight)];
		const counts = { right: right.length, good: good.length, of: answers.length };
		const fallen = counts.good - counts.right;
		const changed = answers.filter(({ held, isRight }) => isRight !== held.wasRight).length;
		if (100 * fallen > this.#options.fall * counts.of && fallen * fallen > CRITICAL * changed) {
			// What was set meanwhile and not learned stays.
			const { rates, notes } = this.#network;
			this.#network.restore(this.#good);
			this.#network.setRates(rates);
			this.#network.notes = notes;
			const undone = this.#undone;
			this.#undone = 0;
			return { kind: "rollback", ...counts, undone };
		}
		if (fallen > 0) return { kind: "score", ...counts };
		this.#take(answers);
		return { kind: "snapshot", right: counts.right, of: counts.of };
	}

	/** The network as it is now is the good one, whatever it scores. */
	accept(): void {
		this.#take(this.#ask());
	}

	#ask(): { readonly held: Held; readonly isRight: boolean }[] {
		return [...this.#held].map((held) => {
			const { events, startUs, label } = held;
			return { held, isRight: this.#network.classify(events, { startUs }).label === label };
		});
	}

	#take(answers: readonly { readonly held: Held; readonly isRight: boolean }[]): void {
		this.#good = this.#network.snapshot();
		this.#undone = 0;
		for (const { held, isRight } of answers) held.wasRight = isRight;
	}

	get held(): number {
		return this.#held.size;
	}

	/** Bytes of the recordings, and of the snapshot. */
	get bytes(): { readonly held: number; readonly snapshot: number } {
		return { held: this.#held.bytes, snapshot: this.#good.bytes };
	}
}
