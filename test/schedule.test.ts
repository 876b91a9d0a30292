// Schedules of learning rates: the oracle's formulas, by nothing that machines round differently.
import { readFileSync } from "node:fs";
import { Network, type NetworkSpec, type Schedule, scheduledRates, scheduleFactor } from "stllr";
import t from "tap";
import { gestureSet } from "../dist/demo/gestures.js";
import { fullSchedule } from "../dist/learning/schedule.js";
import { train } from "../dist/learning/trainer.js";
import { factorWords } from "../dist/network/words.js";

/** A schedule over a training of `epochs`, and its factors by hand in the epochs from 0 on: `schedules.rs` of the oracle has the same. */
interface Row {
	readonly schedule: Schedule;
	readonly epochs: number;
	readonly factors: readonly number[];
}
const table = new URL("../crates/stllr-oracle/tests/fixtures/schedules.json", import.meta.url);
const rows: readonly Row[] = JSON.parse(readFileSync(table, "utf8"));

/** For each row the words of a rate of 0.0075, computed to 50 digits: mantissa and exponent. */
const WORDS: readonly (readonly (readonly [mantissa: number, exponent: number])[])[] = [
	[
		[31457, -7],
		[31457, -7],
		[31457, -7],
		[31457, -7],
	],
	[
		[31457, -7],
		[25795, -7],
		[20133, -7],
		[28941, -8],
		[17616, -8],
		[25166, -10],
		[25166, -10],
	],
	[
		[31457, -7],
		[23593, -7],
		[31457, -8],
		[31457, -9],
		[32768, -24],
	],
	[
		[31457, -7],
		[31457, -7],
		[31457, -7],
		[31457, -8],
		[31457, -8],
		[31457, -8],
		[31457, -9],
		[31457, -9],
	],
	[
		[31457, -7],
		[25166, -10],
		[20133, -13],
		[32212, -17],
	],
	[
		[31457, -7],
		[31457, -7],
		[25166, -10],
		[20133, -13],
		[20133, -13],
		[32212, -17],
		[32212, -17],
	],
	[
		[31457, -7],
		[29771, -7],
		[25166, -7],
		[18874, -7],
		[25166, -8],
		[31909, -9],
		[25166, -9],
		[25166, -9],
	],
	[
		[31457, -7],
		[30921, -7],
		[29350, -7],
		[26850, -7],
		[23593, -7],
		[19800, -7],
		[31457, -8],
		[23316, -8],
		[31457, -9],
		[18427, -9],
		[16858, -10],
		[17150, -12],
		[32768, -24],
	],
	[
		[31457, -7],
		[28754, -7],
		[21676, -7],
		[25854, -8],
		[23397, -9],
		[25166, -10],
	],
];

t.test("schedules: the factors of the table that the oracle is held against", async (t) => {
	t.equal(rows.length, WORDS.length);
	for (const { schedule, epochs, factors } of rows) {
		for (const [epoch, factor] of factors.entries()) {
			const given = scheduleFactor(schedule, epoch, epochs);
			t.ok(Math.abs(given - factor) < 1e-15, `${JSON.stringify(schedule)}, epoch ${epoch}: ${given}, ${factor}`);
		}
	}
});

t.test("schedules: exactly these words of rates", async (t) => {
	for (const [at, { schedule, epochs, factors }] of rows.entries()) {
		const words = factors.map((_, epoch) => {
			const { hidden, readout } = scheduledRates({ hidden: 0.0075, readout: 0 }, schedule, epoch, epochs);
			t.equal(readout, 0, "a rate of 0 stays 0");
			return factorWords(hidden);
		});
		t.strictSame(words, WORDS[at], JSON.stringify(schedule));
	}
});

/** (1 + cos(pi k / n)) / 2 times 2^100, by the series in integers: what is left out and rounded away is below 2^-80. */
function exactHalfWave(k: number, n: number): bigint {
	const one = 1n << 100n;
	// The first 35 digits of pi.
	const angle = (31415926535897932384626433832795029n * one * BigInt(k)) / (10n ** 34n * BigInt(n));
	let [term, sum] = [one, one];
	for (let m = 2n; m <= 60n; m += 2n) {
		term = -(((term * angle) / one) * angle) / one / (m * (m - 1n));
		sum += term;
	}
	return (one + sum) / 2n;
}

t.test("cosine: off by 2^-51 at most, falling, exact at the ends", async (t) => {
	const steps = 5000;
	let [worst, worstOfMath, before] = [0, 0, 1];
	for (let k = 0; k <= steps; k += 1) {
		const factor = scheduleFactor({ type: "cosine", final: 0 }, k, steps);
		t.ok(factor <= before, `falls at ${k}`);
		before = factor;
		const off = BigInt(Math.round(factor * 2 ** 53)) * (1n << 47n) - exactHalfWave(k, steps);
		worst = Math.max(worst, Math.abs(Number(off)) / 2 ** 100);
		worstOfMath = Math.max(worstOfMath, Math.abs(factor - (1 + Math.cos((Math.PI * k) / steps)) / 2));
	}
	// 2^-54 more, as the factor was rounded to a multiple of 2^-53 above.
	t.ok(worst <= 2 ** -51 + 2 ** -54, `${worst}`);
	// Math.cos is itself off by a unit in the last place, of an angle that is rounded.
	t.ok(worstOfMath <= 2 ** -50, `${worstOfMath}`);
	for (const final of [0, 0.1, 0.3, 1 / 3, 1]) {
		t.equal(scheduleFactor({ type: "cosine", final }, 0, 7), 1);
		t.equal(scheduleFactor({ type: "cosine", final }, 7, 7), final);
		t.equal(scheduleFactor({ type: "cosine", final }, 8.5, 7), final, "and stays there");
	}
});

t.test("schedules: within an epoch", async (t) => {
	const at = (schedule: Schedule, epoch: number) => scheduleFactor(schedule, epoch, 8);
	t.equal(at({ type: "linear", final: 0.5 }, 0.5), 1 - 0.5 / 16);
	t.equal(at({ type: "step", every: 2, factor: 0.5 }, 3.999), 0.5, "steps come when an epoch begins");
	t.equal(at({ type: "step", every: 2, factor: 0.5 }, 4), 0.25);
	t.equal(at({ type: "milestones", epochs: [1, 4], factor: 0.5 }, 3.5), 0.5);
	t.equal(at({ type: "step", every: 1, factor: 1 }, 1e6), 1);
	t.equal(at({ type: "step", every: 1, factor: 0 }, 1e6), 0);
	t.strictSame(
		scheduledRates({ hidden: 16, readout: 2 ** -20 }, { type: "step", every: 1 }, 3, 8),
		{ hidden: 16 * (0.1 * 0.1 * 0.1), readout: 2 ** -24 },
		"never below the least rate of a network",
	);
});

t.test("schedules: what is left out has its default", async (t) => {
	t.strictSame(fullSchedule(undefined), { type: "linear", final: 0.1 });
	for (const type of ["linear", "cosine"] as const) t.strictSame(fullSchedule({ type }), { type, final: 0.1 });
	t.strictSame(fullSchedule({ type: "step", every: 2 }), { type: "step", every: 2, factor: 0.1 });
	const milestones = { type: "milestones", epochs: [1, 3], factor: 0.5 };
	t.strictSame(fullSchedule(milestones), milestones);
	t.strictSame(fullSchedule({ type: "constant" }), { type: "constant" });
});

t.test("schedules: refused by name, with what is allowed", async (t) => {
	const refused: readonly [schedule: unknown, option: string, allowed: RegExp][] = [
		["cosine", "schedule", /an object with a type/],
		[{ type: "exp" }, "schedule.type", /"constant" or "linear" or "cosine" or "step" or "milestones"/],
		[{ type: "constant", final: 1 }, "schedule.final", /allowed: type$/],
		[{ type: "cosine", final: 1.1 }, "schedule.final", /a number from 0 to 1/],
		[{ type: "linear", final: Number.NaN }, "schedule.final", /a number from 0 to 1/],
		[{ type: "linear", every: 2 }, "schedule.every", /type, final/],
		[{ type: "step" }, "schedule.every", /an integer from 1 to 1000000/],
		[{ type: "step", every: 1.5 }, "schedule.every", /an integer from 1/],
		[{ type: "step", every: 2, factor: -1 }, "schedule.factor", /a number from 0 to 1/],
		[{ type: "milestones", epochs: 3 }, "schedule.epochs", /an array of epochs/],
		[{ type: "milestones", epochs: [] }, "schedule.epochs.length", /from 1 to 1000/],
		[{ type: "milestones", epochs: [3, 3] }, "schedule.epochs[1]", /an integer from 4 to 1000000/],
		[{ type: "milestones", epochs: [0] }, "schedule.epochs[0]", /an integer from 1/],
		[{ type: "milestones", epochs: ["3"] }, "schedule.epochs[0]", /an integer from 1/],
	];
	for (const [schedule, option, message] of refused) {
		t.throws(() => fullSchedule(schedule), { name: "OptionError", option, message }, JSON.stringify(schedule));
	}
	t.throws(() => scheduleFactor({ type: "constant" }, -1, 3), { name: "OptionError", option: "epoch" });
	t.throws(() => scheduleFactor({ type: "linear" }, 0, 0), { name: "OptionError", option: "epochs" });
	t.throws(() => scheduleFactor({ type: "linear" }, Number.NaN, 3), { name: "OptionError", option: "epoch" });
});

const gestures = gestureSet({ seed: 5, train: 130, test: 12 });
const spec: NetworkSpec = {
	input: { width: gestures.width, height: gestures.height, polarities: gestures.polarities },
	stepUs: 10_000,
	layers: [
		{ type: "dense", units: 16 },
		{ type: "readout", classes: gestures.classes },
	],
};

t.test("train: sets the rates of its schedule, and those that were in the end", async (t) => {
	const given = (schedule: Schedule): Promise<Record<number, number>> => noteRates(schedule);
	t.strictSame(await given({ type: "constant" }), { 0: 1, 100: 1, 200: 1, 300: 1 });
	// Smooth ones every 100 recordings; 130 of them are an epoch.
	const smooth = (schedule: Schedule) =>
		Object.fromEntries([0, 100, 200, 300].map((done) => [done, scheduleFactor(schedule, done / 130, 3)]));
	for (const schedule of [{ type: "linear" }, { type: "cosine", final: 0.25 }] as const) {
		t.strictSame(await given(schedule), smooth(schedule), schedule.type);
	}
	t.strictSame(await given({ type: "step", every: 1, factor: 0.5 }), { 0: 1, 130: 0.5, 260: 0.25 });
	t.strictSame(await given({ type: "milestones", epochs: [2], factor: 0.5 }), { 0: 1, 130: 1, 260: 0.5 });
});

/** The factors that a run of three epochs sets, by the recordings learned before. */
async function noteRates(schedule: Schedule): Promise<Record<number, number>> {
	const network = await Network.create(spec);
	const usual = network.rates;
	const noted: Record<number, number> = {};
	let done = 0;
	const setRates = network.setRates.bind(network);
	network.setRates = (rates) => {
		setRates(rates);
		const { hidden, readout } = network.rates;
		t.equal(hidden / usual.hidden, readout / usual.readout, "both rates alike");
		noted[done] = hidden / usual.hidden;
	};
	const onProgress = (progress: { readonly done: number }) => {
		done = progress.done;
	};
	await train(network, gestures, { epochs: 3, seed: 1, schedule, onProgress });
	t.strictSame(network.rates, usual);
	// The last is that which puts them back.
	const { 390: last, ...others } = noted;
	t.equal(last, 1);
	return others;
}
