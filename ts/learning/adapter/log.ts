// The audit log: what was done and why, as plain JSON, the last so many entries.

/** What an adapter can refuse a label or a reward for. */
export type RefusalReason =
	/** It came after the recording was forgotten. */
	| "late"
	/** The recording was too long to be remembered. */
	| "large"
	/** It has its label already. */
	| "again"
	/** The adapter is frozen. */
	| "frozen"
	/** More updates were asked for than `limits` allow. */
	| "limit";

/** What every entry has. */
interface EntryHead {
	/** Numbers the entries, from 0. */
	readonly seq: number;
	/** The adapter's time: that of the latest event it was given, in us. */
	readonly us: number;
}

/** What an entry tells. `id` numbers the recording that it is about. */
export type AuditEvent =
	/** A label came. `answered`: what the network had said. `held`: it is kept for scoring, and not learned. */
	| {
			readonly kind: "label";
			readonly id: number;
			readonly label: number;
			readonly answered: number;
			readonly held: boolean;
	  }
	/** A reward came. */
	| { readonly kind: "reward"; readonly id: number; readonly reward: number; readonly answered: number }
	/** The network learned. `factor`: what its rates were multiplied by. */
	| {
			readonly kind: "update";
			readonly id: number;
			readonly label: number;
			readonly factor: number;
			readonly why: "label" | "rehearsal" | "reward" | "self";
	  }
	/** Something was not taken. */
	| { readonly kind: "refusal"; readonly id: number; readonly reason: RefusalReason }
	/** The held-back recordings were asked: so many of so many were right; `good` of them are by the last good snapshot. */
	| { readonly kind: "score"; readonly right: number; readonly good: number; readonly of: number }
	/** The network was well, and is what will be gone back to. */
	| { readonly kind: "snapshot"; readonly right: number; readonly of: number }
	/** Accuracy had fallen by more than the bound: the network is the last good snapshot again. `undone`: updates since then. */
	| {
			readonly kind: "rollback";
			readonly right: number;
			readonly good: number;
			readonly of: number;
			readonly undone: number;
	  }
	/** A signal has changed, `mean` from `before`. */
	| {
			readonly kind: "drift";
			readonly signal: "inputRate" | "confidence" | "error";
			readonly direction: "up" | "down";
			readonly before: number;
	  }
	| { readonly kind: "freeze" }
	| { readonly kind: "thaw" }
	/** A class was added. */
	| { readonly kind: "class"; readonly label: number; readonly name: string };

/** An entry of the audit log: plain JSON. */
export type AuditEntry = EntryHead & AuditEvent;

/** Bytes that an entry is counted as: more than its JSON has. */
export const ENTRY_BYTES = 512;

/** The last entries, in a ring, and the counts of all. */
export class AuditLog {
	readonly #most: number;
	readonly #ring: AuditEntry[] = [];
	readonly #counts = new Map<AuditEvent["kind"], number>();
	#seq = 0;

	/** @param most entries that are kept */
	constructor(most: number) {
		this.#most = most;
	}

	add(us: number, event: AuditEvent): AuditEntry {
		const entry = { seq: this.#seq, us, ...event };
		if (this.#most > 0) this.#ring[this.#seq % this.#most] = entry;
		this.#seq += 1;
		this.#counts.set(event.kind, this.count(event.kind) + 1);
		return entry;
	}

	/** Those that are kept, oldest first. */
	entries(): AuditEntry[] {
		const from = this.#ring.length < this.#most ? 0 : this.#seq % this.#most;
		return [...this.#ring.slice(from), ...this.#ring.slice(0, from)];
	}

	/** How many entries of a kind there were, those that are kept no longer too. */
	count(kind: AuditEvent["kind"]): number {
		return this.#counts.get(kind) ?? 0;
	}

	get kept(): number {
		return this.#ring.length;
	}
}
