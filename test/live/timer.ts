// A clock that tests turn by hand.
import type { Timer } from "stllr/sensors";

/** Time stands still until `turn` moves it. */
export class HandTimer implements Timer {
	#now = 0;
	#alarms: { at: number; call: () => void }[] = [];

	now(): number {
		return this.#now;
	}

	after(ms: number, call: () => void): () => void {
		const alarm = { at: this.#now + ms, call };
		this.#alarms.push(alarm);
		return () => {
			this.#alarms = this.#alarms.filter((other) => other !== alarm);
		};
	}

	/** Moves time on; alarms go off in their order, and what follows from each happens before the next. */
	async turn(ms: number): Promise<void> {
		const until = this.#now + ms;
		await settled();
		for (;;) {
			const [next] = this.#alarms.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at);
			if (next === undefined) break;
			this.#alarms = this.#alarms.filter((other) => other !== next);
			this.#now = Math.max(this.#now, next.at);
			next.call();
			await settled();
		}
		this.#now = until;
		await settled();
	}

	/** How many alarms are set. */
	get waiting(): number {
		return this.#alarms.length;
	}
}

/** All that can happen without time passing has happened. */
export async function settled(): Promise<void> {
	for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
