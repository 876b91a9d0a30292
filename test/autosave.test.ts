// Saving by itself: when, what, and what happens when it cannot. Time is turned by hand.
import { Autosave, type AutosaveOptions, StorageError, Store } from "stllr/store";
import t from "tap";
import { Random } from "../ts/random.js";
import { HandTimer, settled } from "./live/timer.js";
import { Disk } from "./store/memory-files.js";
import { indexOf, saveOf, validate } from "./store/saves.mjs";

/** A learner that has learned so many samples, and a store in which each write waits until it is let through. */
class Bench {
	readonly timer = new HandTimer();
	readonly errors: unknown[] = [];
	/** How many samples each write held. */
	readonly writes: number[] = [];
	readonly #waiting: { resolve: () => void; reject: (error: Error) => void }[] = [];
	learned = 0;
	/** Writes wait for `let`. */
	isSlow = false;
	readonly autosave: Autosave;

	constructor(options: Partial<AutosaveOptions>) {
		this.autosave = new Autosave({
			store: { write: (bytes) => this.#write(bytes) },
			snapshot: () => saveOf(this.learned),
			clock: () => this.timer.now(),
			after: (ms, call) => this.timer.after(ms, call),
			onError: (error) => this.errors.push(error),
			...options,
		});
	}

	#write(bytes: Uint8Array): Promise<void> {
		this.writes.push(indexOf(bytes));
		if (!this.isSlow) return Promise.resolve();
		return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
	}

	learn(count = 1): void {
		for (let n = 0; n < count; n += 1) {
			this.learned += 1;
			this.autosave.sampled();
		}
	}

	/** The oldest write that waits comes to an end. */
	async let(error?: Error): Promise<void> {
		const [oldest] = this.#waiting.splice(0, 1);
		if (error === undefined) oldest?.resolve();
		else oldest?.reject(error);
		await settled();
	}
}

t.test("by samples", async (t) => {
	const bench = new Bench({ everySamples: 10 });
	for (let n = 0; n < 25; n += 1) {
		bench.learn();
		await settled();
	}
	t.strictSame(bench.writes, [10, 20]);
	t.match(bench.autosave.stats, { saves: 2, unsavedSamples: 5, bytes: 40, failures: 0 });
	bench.learned += 100;
	bench.autosave.sampled(100);
	await settled();
	t.strictSame(bench.writes, [10, 20, 125], "a batch is one save");
	t.equal(bench.timer.waiting, 0, "no timer without a time");
	await bench.autosave.close();
	t.strictSame(bench.writes, [10, 20, 125], "nothing is unsaved");
});

t.test("by time, from the first unsaved sample on; also where no other comes", async (t) => {
	const bench = new Bench({ everyMs: 1000 });
	await bench.timer.turn(5000);
	bench.learn();
	await bench.timer.turn(999);
	bench.learn();
	t.strictSame(bench.writes, []);
	await bench.timer.turn(1);
	t.strictSame(bench.writes, [2], "in silence");
	await bench.timer.turn(10_000);
	t.strictSame(bench.writes, [2], "nothing new, nothing saved");
	t.equal(bench.timer.waiting, 0);
	await bench.autosave.close();
	t.equal(bench.timer.waiting, 0);

	const watched = new Bench({ everyMs: 1000, inSilence: false });
	watched.learn();
	await watched.timer.turn(60_000);
	t.strictSame([watched.writes, watched.timer.waiting], [[], 0], "without: with the next sample");
	watched.learn();
	await settled();
	t.strictSame(watched.writes, [2]);
});

t.test("never two at once; what is learned meanwhile is saved after", async (t) => {
	const bench = new Bench({ everySamples: 10 });
	bench.isSlow = true;
	bench.learn(35);
	t.strictSame(bench.writes, [], "the snapshot is taken at once, its write begins in a moment");
	await settled();
	t.strictSame(bench.writes, [10], "the snapshot was consistent: taken between two samples");
	t.match(bench.autosave.stats, { saves: 0, unsavedSamples: 35 });
	await bench.let();
	t.strictSame(bench.writes, [10, 35]);
	t.match(bench.autosave.stats, { saves: 1, unsavedSamples: 25 });
	const flushed = bench.autosave.flush();
	bench.learn(3);
	await bench.let();
	t.strictSame(bench.writes, [10, 35, 38], "the flush is for what the running save does not hold");
	await bench.let();
	await flushed;
	t.match(bench.autosave.stats, { saves: 3, unsavedSamples: 0 });
});

t.test("flush and close save what is unsaved, once, and tell of failures", async (t) => {
	const bench = new Bench({ everySamples: 1000 });
	await bench.autosave.flush();
	t.strictSame(bench.writes, []);
	bench.learn(3);
	await Promise.all([bench.autosave.flush(), bench.autosave.flush()]);
	t.strictSame(bench.writes, [3]);
	bench.isSlow = true;
	bench.learn(1);
	const closed = bench.autosave.close();
	t.equal(bench.autosave.close(), closed);
	t.throws(() => bench.autosave.sampled(), { code: "state" });
	await settled();
	await Promise.all([t.rejects(closed, /pulled out/), bench.let(new Error("pulled out"))]);
	t.match(bench.autosave.stats, { unsavedSamples: 1, failures: 1 });
	const again = bench.autosave.flush();
	await settled();
	await bench.let();
	await again;
	t.strictSame(bench.writes, [3, 4, 4]);
	t.match(bench.autosave.stats, { unsavedSamples: 0, saves: 2 });
});

t.test("a failure is told, learning goes on, and the next attempts come later and later", async (t) => {
	const bench = new Bench({ everySamples: 1, backoff: { firstMs: 100, mostMs: 300, jitter: 0 } });
	bench.isSlow = true;
	const attempts: number[] = [];
	for (let ms = 0; ms < 2000; ms += 10) {
		const before = bench.writes.length;
		bench.learn();
		await settled();
		if (bench.writes.length > before) {
			attempts.push(ms);
			await bench.let(new StorageError("full", "a.stllr", "write", "no space"));
		}
		await bench.timer.turn(10);
	}
	t.strictSame(attempts, [0, 100, 300, 600, 900, 1200, 1500, 1800]);
	t.equal(bench.errors.length, 8);
	t.match(bench.autosave.lastError, { kind: "full" });
	t.match(bench.autosave.stats, { failures: 8, failuresInRow: 8, saves: 0, unsavedSamples: 200 });
	bench.isSlow = false;
	await bench.timer.turn(300);
	bench.learn();
	await settled();
	t.match(bench.autosave.stats, { failures: 8, failuresInRow: 0, saves: 1, unsavedSamples: 0 });
	t.equal(bench.autosave.lastError, undefined);
	bench.learn();
	await settled();
	t.equal(bench.autosave.stats.saves, 2, "and at once again");
});

t.test("in silence, a failed save is tried again by itself", async (t) => {
	const bench = new Bench({ everyMs: 1000, backoff: { firstMs: 5000, jitter: 0 } });
	bench.isSlow = true;
	bench.learn();
	await bench.timer.turn(1000);
	await bench.let(new Error("no disk"));
	await bench.timer.turn(4999);
	t.equal(bench.writes.length, 1);
	await bench.timer.turn(1);
	t.equal(bench.writes.length, 2);
	await bench.let();
	t.match(bench.autosave.stats, { saves: 1, failures: 1, unsavedSamples: 0 });
	t.equal(bench.timer.waiting, 0);
});

t.test("what a failed save held is as old as it was", async (t) => {
	const bench = new Bench({ everyMs: 1000, inSilence: false, backoff: { firstMs: 0 } });
	bench.isSlow = true;
	bench.learn();
	await bench.timer.turn(1000);
	bench.learn();
	await settled();
	t.strictSame(bench.writes, [2]);
	await bench.timer.turn(500);
	bench.learn();
	await bench.let(new Error("no disk"));
	bench.learn();
	await settled();
	t.strictSame(bench.writes, [2, 4], "the first sample has waited for 1,500 ms, the last for none");
	await bench.let();
});

t.test("snapshots that fail, or are promises; a reporter that fails", async (t) => {
	const warned: Error[] = [];
	const warn = (warning: Error) => warned.push(warning);
	process.on("warning", warn);
	t.teardown(() => process.off("warning", warn));
	let count = 0;
	const bench = new Bench({
		everySamples: 1,
		backoff: { firstMs: 0 },
		snapshot: () => {
			count += 1;
			if (count === 1) throw new Error("in the middle");
			if (count === 2) return Promise.reject(new Error("in a moment"));
			return Promise.resolve(saveOf(count));
		},
		onError(error) {
			bench.errors.push(error);
			throw new Error("no log");
		},
	});
	for (let n = 0; n < 3; n += 1) {
		bench.learn();
		await settled();
	}
	t.match(bench.errors, [{ message: "in the middle" }, { message: "in a moment" }]);
	t.strictSame(bench.writes, [3]);
	t.match(warned, [{ message: "onError failed: no log" }, { message: "onError failed: no log" }]);

	warned.length = 0;
	const silent = new Autosave({
		store: { write: () => Promise.reject(new Error("no disk")) },
		snapshot: () => saveOf(1),
		everySamples: 1,
		backoff: { firstMs: 0, mostMs: 0 },
	});
	for (let n = 0; n < 3; n += 1) {
		silent.sampled();
		await settled();
	}
	t.match(warned, [{ message: "autosave failed: no disk" }], "the first of several, where nobody listens");
	t.equal(silent.stats.failures, 3);
});

t.test("how long learning stood still", async (t) => {
	let now = 0;
	const stops: number[] = [];
	const autosave = new Autosave({
		store: {
			async write() {
				now += 50;
			},
		},
		snapshot: () => {
			now += 3;
			return saveOf(1);
		},
		everySamples: 1,
		clock: () => now,
	});
	autosave.sampled();
	stops.push(now);
	await settled();
	t.strictSame(stops, [3]);
	t.match(autosave.stats, { longestStopMs: 3, lastMs: 53 });
});

t.test("options", async (t) => {
	const good = { store: { write: async () => undefined }, snapshot: () => saveOf(1), everySamples: 1 };
	const bad: [Record<string, unknown>, string][] = [
		[{ everySamples: 0 }, "everySamples"],
		[{ everySamples: 1.5 }, "everySamples"],
		[{ everySamples: undefined }, "everyMs"],
		[{ everyMs: 0 }, "everyMs"],
		[{ everyMs: Number.NaN }, "everyMs"],
		[{ inSilence: 1 }, "inSilence"],
		[{ snapshot: undefined }, "snapshot"],
		[{ store: undefined }, "store"],
		[{ backoff: { firstMs: -1 } }, "backoff.firstMs"],
	];
	for (const [change, option] of bad) {
		t.throws(() => new Autosave({ ...good, ...change } as AutosaveOptions), { code: "option", option });
	}
	const autosave = new Autosave(good);
	for (const count of [-1, 0.5, Number.NaN]) t.throws(() => autosave.sampled(count), { code: "option" });
	autosave.sampled(0);
	t.equal(autosave.stats.unsavedSamples, 0);
});

t.test("over a store whose disk fails at random: at the end all is saved", async (t) => {
	for (let seed = 0; seed < 30; seed += 1) {
		const random = new Random(seed, 8);
		const disk = new Disk();
		const store = new Store("/data/a.stllr", { files: disk.files("1-0"), validate });
		const timer = new HandTimer();
		let learned = 0;
		let failed = 0;
		const autosave = new Autosave({
			store,
			snapshot: () => saveOf(learned),
			everyMs: 1 + random.below(50),
			everySamples: 1 + random.below(20),
			clock: () => timer.now(),
			after: (ms, call) => timer.after(ms, call),
			backoff: { firstMs: 20, mostMs: 100 },
			onError: () => (failed += 1),
		});
		for (let n = 0; n < 100; n += 1) {
			if (random.chance(0.1)) disk.fault = { at: disk.operations + random.below(15), kind: "full" };
			learned += 1;
			autosave.sampled();
			await timer.turn(random.below(10));
		}
		disk.fault = undefined;
		await autosave.close();
		const { saves, failures, unsavedSamples } = autosave.stats;
		t.equal(indexOf((await store.read()).bytes), 100, `${saves} saves, ${failures} failures`);
		t.strictSame([failures, unsavedSamples], [failed, 0]);
	}
});
