// A spec as the words that the core reads.
import type { NetworkSpec } from "stllr";
import t from "tap";
import { fullSpec } from "../dist/network/spec/mod.js";
import { rateWords, specWords } from "../dist/network/words.js";

const INPUT = { width: 12, height: 10, polarities: 2 };
const readout = { type: "readout", classes: 3 } as const;
const flow = { type: "readout", values: 2 } as const;
const spec = (layers: unknown, more: object = {}) =>
	({ input: INPUT, stepUs: 1000, layers, ...more }) as unknown as NetworkSpec;
const conv = (filters: number, kernel: unknown, more: object = {}) => ({ type: "conv", filters, kernel, ...more });
const pool = (kind: string, kernel: number, more: object = {}) => ({ type: "pool", kind, kernel, ...more });

const power = (exponent: number) => [2 ** 15, exponent];
const q24 = (value: number) => Math.round(value * 2 ** 24);

/** The words, cut where their counts say. */
function wordsOf(layers: unknown, more: object = {}) {
	const words = Array.from(specWords(fullSpec(spec(layers, more))));
	const header = words.splice(0, 18);
	const hidden = Array.from({ length: header[4] ?? 0 }, () => words.splice(0, 2 + (words[1] ?? 0)));
	return { header, hidden, readout: words };
}

/** The deviation of initial weights by default: a leak of 7/8 leaves 1 - 49/64 of a sum's variance. */
const usual = (fanIn: number) => (4 * Math.sqrt(15 / 64)) / Math.sqrt(fanIn);

/** The 20 words of neurons with default options; the rate is 2^-3 (1 - 49/64). */
const neurons = (
	units: number,
	std: number,
	{ bits = 13, rate = [30_720, -5], recurrent = 0, itself = 0, standardize = 0 } = {},
) => [
	...[units, recurrent, bits, 28_672, 65_536, 1, 1, 25_088, 6554, ...power(0), 0, 0, ...rate],
	...[0, q24(std), q24(itself), standardize, 16],
];

t.test("words: the header", async (t) => {
	const { header, hidden, readout: last } = wordsOf([readout], { seed: 2 ** 33 + 5 });
	t.strictSame(header, [2, 2, 10, 12, 0, 0, 0, 1, 32, 1, 5, 2, 1024, 0, 0, 0, 0, 0]);
	t.strictSame(hidden, []);
	const std = q24(1 / Math.sqrt(240));
	t.strictSame(last, [1, 0, 1, 3, 30_720, 30_720, ...power(-10), 0, std, 0, 0]);

	const choices = {
		signal: "local",
		loss: "binary-cross-entropy",
		mode: "sequence",
		blockSteps: 7,
		rounding: "nearest",
	};
	t.strictSame(wordsOf([readout], choices).header.slice(5, 10), [4, 2, 0, 7, 0]);
	const q30 = (value: number) => Math.round(value * 2 ** 30);
	for (const [optimizer, kind, p1, p2] of [
		[{ type: "momentum" }, 1, q30(0.9), 0],
		[{ type: "nesterov", momentum: 0.5 }, 2, 2 ** 29, 0],
		[{ type: "adam" }, 3, q30(0.9), q30(0.999)],
		[{ type: "rmsprop" }, 4, q30(0.99), 0],
		[{ type: "rprop" }, 5, 2 ** 29, Math.round(1.2 * 2 ** 29)],
	] as const) {
		const more = { optimizer: { ...optimizer, weightDecay: 2 ** -10 } };
		t.strictSame(wordsOf([readout], more).header.slice(13), [kind, p1, p2, ...power(-10)], optimizer.type);
	}
});

t.test("words: layers with weights", async (t) => {
	const dense = { type: "dense", units: 6 };
	t.strictSame(wordsOf([dense, readout]).hidden, [[0, 23, 1, 0, 1, ...neurons(6, usual(240))]]);
	const std = 2 / Math.sqrt(240);
	t.strictSame(wordsOf([{ ...dense, type: "recurrent", standardize: true }, readout]).hidden, [
		[0, 23, 1, 0, 1, ...neurons(6, std, { bits: 12, recurrent: 1, itself: 1 / Math.sqrt(6), standardize: 1 })],
	]);
	const own = wordsOf([{ ...dense, leak: 0.5, threshold: 2, reset: "hard", psi: "sigmoid", bias: true }, readout], {
		weights: 8,
	});
	t.strictSame(own.hidden[0]?.slice(5 + 3, 5 + 7), [16_384, 131_072, 0, 2]);
	t.strictSame([own.hidden[0]?.[5 + 15], own.hidden[0]?.[5 + 19]], [1, 8]);
	t.equal(own.hidden[0]?.[5 + 2], 13, "weights of 8 bits of a range of 1");
	for (const [weightRange, bits] of [
		[32, 8],
		[1 / 2, 14],
		[1 / 64, 19],
	]) {
		const ranged = wordsOf([{ ...dense, weightRange }, readout], { weights: 8 });
		t.strictSame([ranged.hidden[0]?.[5 + 2], ranged.hidden[0]?.[5 + 19]], [bits, 8]);
	}
	const large = { type: "dense", units: 300 };
	const wide = wordsOf([{ ...large, std: 0.13 }, { ...large, standardize: true }, readout], { weights: 8 });
	t.strictSame(
		[wide.hidden[0]?.[5 + 2], wide.hidden[1]?.[5 + 2]],
		[13, 14],
		"4 std; as large as they are when they work",
	);
	// It has 3 x 3 places: a third of the rate.
	const options = { padding: 1, stride: 2, dilation: 3, groups: 2 };
	t.strictSame(wordsOf([conv(8, [3, 4], options), readout]).hidden, [
		[1, 29, 1, 0, 1, ...neurons(8, usual(12), { bits: 11, rate: [20_480, -6] }), 3, 4, 2, 1, 3, 2],
	]);
});

t.test("words: layers without weights; flattening is left out, and who takes from it takes its map", async (t) => {
	const {
		header,
		hidden,
		readout: last,
	} = wordsOf([
		{ type: "upsample", factor: 2, name: "large" },
		pool("max", 2, { name: "max" }),
		pool("sum", 3, { stride: 2, from: "large", name: "sum" }),
		pool("average", 3, { stride: 2, from: "large" }),
		{ type: "concat", with: "sum" },
		{ type: "flatten" },
		{ type: "flatten" },
		{ type: "dropout", rate: 0.25 },
		{ type: "dense", units: 4, name: "a" },
		{ type: "dense", units: 4, from: "max" },
		{ type: "add", with: "a" },
		readout,
	]);
	t.equal(header[4], 9);
	t.strictSame(hidden.slice(0, 6), [
		[3, 4, 1, 0, 1, 2],
		[2, 6, 1, 1, 1, 0, 2, 2],
		[2, 6, 1, 1, 1, 1, 3, 2],
		[2, 6, 1, 1, 1, 1, 3, 2],
		[5, 5, 2, 4, 1, 3, 9],
		[6, 4, 1, 5, 1, 8192],
	]);
	t.strictSame(
		[hidden[6]?.slice(0, 5), hidden[7]?.slice(0, 5), hidden[8]],
		[
			[0, 23, 1, 6, 9],
			[0, 23, 1, 2, 1],
			[4, 5, 2, 8, 1, 7, 1],
		],
	);
	t.strictSame(last.slice(0, 3), [1, 9, 1]);
	t.strictSame(wordsOf([{ type: "flatten" }, readout]).readout.slice(0, 4), [1, 0, 1, 3], "the sensor, flattened");
});

t.test(
	"words: behind average pooling by n weights are W / n, with rates n^2 smaller, or n where the optimiser divides",
	async (t) => {
		const layers = [pool("average", 2), conv(4, 3)];
		const two = [...layers, flow];
		const [std, rates] = [usual(18), { hidden: 2 ** -11, readout: 2 ** -12 }];
		t.strictSame(wordsOf(two, { rates }).hidden[1]?.slice(0, 25), [
			1,
			29,
			1,
			1,
			4,
			...neurons(4, std / 4, { rate: power(-15) }),
		]);
		t.equal(wordsOf([layers[1], flow]).hidden[0]?.[5 + 2], 12, "without it the range is larger");
		const adam = wordsOf(two, { optimizer: { type: "adam" } }).hidden[1];
		t.strictSame(adam?.slice(5 + 13, 5 + 15), power(-12));
		const standard = wordsOf([layers[0], conv(4, 3, { standardize: true }), flow], { rates }).hidden[1];
		t.strictSame(standard?.slice(0, 25), [
			1,
			29,
			1,
			1,
			4,
			...neurons(4, 2 / Math.sqrt(18), { bits: 12, rate: power(-11), standardize: 1 }),
		]);

		const { readout: last } = wordsOf([pool("average", 4), { ...flow, kernel: 3 }], { rates });
		const width = q24(1 / Math.sqrt(18) / 16);
		t.strictSame(last, [1, 1, 16, 2, 30_720, 30_720, ...power(-20), 0, width, 3, 0]);

		const full = fullSpec(
			spec([pool("average", 2), conv(4, 3, { padding: 1 }), pool("average", 4), { type: "dense", units: 5 }, readout], {
				rates,
			}),
		);
		const changed = Array.from(rateWords(full, { hidden: 2 ** -3, readout: 0 }));
		t.strictSame(changed, [...power(-7), ...power(-11), 0, 0]);
	},
);

t.test(
	"words: a layer's rate is that of the network times its factor, not below the least, and 0 stays 0",
	async (t) => {
		const layers = [1, 0.25, 2 ** -20, 0].map((rateFactor) => ({ type: "dense", units: 4, rateFactor }));
		const full = fullSpec(spec([...layers, readout], { rates: { hidden: 2 ** -6 } }));
		const hidden = (rate: number) => Array.from(rateWords(full, { hidden: rate, readout: 0 })).slice(0, 8);
		t.strictSame(hidden(2 ** -6), [...power(-6), ...power(-8), ...power(-24), 0, 0]);
		t.strictSame(hidden(0), Array(8).fill(0));
		const made = wordsOf([...layers, readout], { rates: { hidden: 2 ** -6 } });
		t.strictSame(
			made.hidden.flatMap((words) => words.slice(5 + 13, 5 + 15)),
			hidden(2 ** -6),
		);
	},
);
