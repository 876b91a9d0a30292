// What a recording's counts alone tell: an honest look at whether a task needs time at all.

import type { LabelledSet, Recording } from "../datasets/mod.js";
import { Confusion } from "../learning/confusion.js";

/**
 * The nearest class mean, by how many events each input sent, whenever it sent them: it learns from the train part and
 * answers on the test part, in passing, each time a recording is read there.
 */
export class CountsCheck {
	/** Its answers on the test part so far. */
	readonly confusion: Confusion;
	readonly #set: LabelledSet;
	readonly #sums: Float64Array[];
	readonly #seen: Float64Array;
	readonly #counts: Float64Array;

	constructor(set: LabelledSet) {
		const inputs = set.width * set.height * set.polarities;
		this.#set = set;
		this.#sums = set.classes.map(() => new Float64Array(inputs));
		this.#seen = new Float64Array(set.classes.length);
		this.#counts = new Float64Array(inputs);
		this.confusion = new Confusion(set.classes.length);
	}

	/** The set, read through this check; each recording is meant to be read once. */
	watched(): LabelledSet {
		return {
			...this.#set,
			train: this.#set.train.map((recording) => this.#watch(recording, () => this.#learn(recording.label))),
			test: this.#set.test.map((recording) => this.#watch(recording, () => this.#answer(recording.label))),
		};
	}

	#watch(recording: Recording, then: () => void): Recording {
		const count = () => {
			const { events } = recording;
			this.#counts.fill(0);
			const { width, height } = this.#set;
			for (let index = 0; index < events.t.length; index += 1) {
				const at = ((events.p[index] ?? 0) * height + (events.y[index] ?? 0)) * width + (events.x[index] ?? 0);
				this.#counts[at] = (this.#counts[at] ?? 0) + 1;
			}
			then();
			return events;
		};
		return {
			name: recording.name,
			label: recording.label,
			get events() {
				return count();
			},
		};
	}

	#learn(label: number): void {
		const sums = this.#sums[label];
		if (sums === undefined) return;
		for (const [at, count] of this.#counts.entries()) sums[at] = (sums[at] ?? 0) + count;
		this.#seen[label] = (this.#seen[label] ?? 0) + 1;
	}

	#answer(label: number): void {
		const distances = this.#sums.map((sums, other) => {
			const seen = Math.max(this.#seen[other] ?? 0, 1);
			return this.#counts.reduce((sum, count, at) => sum + (count - (sums[at] ?? 0) / seen) ** 2, 0);
		});
		this.confusion.add(label, distances.indexOf(Math.min(...distances)));
	}
}
