// Every option of a network is checked: an error names the option, what was given and what is allowed.
import { Network, type NetworkSpec, OptionError } from "stllr";
import t from "tap";

const SPEC: NetworkSpec = {
	input: { width: 4, height: 3, polarities: 2 },
	stepUs: 1000,
	layers: [
		{ type: "dense", units: 8 },
		{ type: "readout", classes: 3 },
	],
};
const readout = SPEC.layers[1];

/** Changes to a spec that must be refused: what is changed, to what, and what the error must say. */
const REFUSED: readonly [change: object, option: string, allowed: RegExp][] = [
	[{ input: { width: 0 } }, "input.width", /an integer from 1 to 65536/],
	[{ input: { width: 1.5 } }, "input.width", /an integer/],
	[{ input: { width: 4, height: Number.NaN } }, "input.height", /an integer/],
	[{ input: { width: 4, polarities: 257 } }, "input.polarities", /from 1 to 256/],
	[{ input: { width: 2048, height: 2048 } }, "input", /at most 1048576 inputs/],
	[{ input: 12 }, "input", /an object with width, height, polarities/],
	[{ input: { width: 4, depth: 2 } }, "input.depth", /width, height, polarities/],
	[{ stepUs: undefined }, "stepUs", /an integer from 1/],
	[{ stepUs: "1000" }, "stepUs", /an integer from 1/],
	[{ steps: 0 }, "steps", /an integer from 1/],
	[{ maxGapUs: 999 }, "maxGapUs", /an integer from 1000/],
	[{ layers: [] }, "layers", /hidden layers and the readout/],
	[{ layers: [{ type: "dense", units: 8 }] }, "layers[0]", /a readout/],
	[{ layers: [readout, readout] }, "layers[0].type", /the readout is the last layer/],
	[{ layers: [{ type: "conv3d", units: 8 }, readout] }, "layers[0].type", /"dense" or "recurrent"/],
	[{ layers: [{ type: "dense", units: 0 }, readout] }, "layers[0].units", /from 1 to 65536/],
	[{ layers: [{ type: "dense", unit: 8 }, readout] }, "layers[0].unit", /type, units, bias/],
	[{ layers: [{ type: "dense", units: 8, weightRange: 3 }, readout] }, "layers[0].weightRange", /1, 2, 4, 8, 16, 32/],
	[{ layers: [{ type: "dense", units: 8, std: -1 }, readout] }, "layers[0].std", /a number from 0 to 8/],
	[{ layers: [{ type: "dense", units: 8, leak: 1.01 }, readout] }, "layers[0].leak", /a number from 0 to 1/],
	[{ layers: [{ type: "dense", units: 8, bias: 1 }, readout] }, "layers[0].bias", /true or false/],
	[{ layers: [{ type: "dense", units: 8, rule: { lambdaPre: 2 } }, readout] }, "layers[0].rule.lambdaPre", /0 to 1/],
	[{ layers: [{ type: "readout", classes: 1 }] }, "layers[0].classes", /an integer from 2 to 4096/],
	[{ layers: [{ type: "readout", classes: ["a"] }] }, "layers[0].classes.length", /from 2 to 4096/],
	[{ layers: [{ type: "readout", classes: ["a", "a"] }] }, "layers[0].classes[1]", /no other class has/],
	[{ layers: [{ type: "readout", classes: 3, traceDecay: -0.1 }] }, "layers[0].traceDecay", /0 to 1/],
	[{ rule: { alphaPre: 17 } }, "rule.alphaPre", /-16 to 16/],
	[{ rule: { alphaPost: 1e-5 } }, "rule.alphaPost", /0, or 2\^-15 to 16 in magnitude/],
	[{ rule: { lambda: 1 } }, "rule.lambda", /lambdaPre, lambdaPost, alphaPre, alphaPost/],
	[{ psi: "box" }, "psi", /"exp" or "tri" or "sigmoid" or "tri_out"/],
	[{ reset: "none" }, "reset", /"soft" or "hard"/],
	[{ leak: Number.NaN }, "leak", /a number from 0 to 1/],
	[{ threshold: 0.25 }, "threshold", /a number from 0.5 to 64/],
	[{ signal: "rtrl" }, "signal", /"bp" or "dfa"/],
	[{ window: "last" }, "window", /"all" or \{ last: steps \}/],
	[{ window: { last: 0 } }, "window.last", /an integer from 1/],
	[{ mode: "batch" }, "mode", /"block" or "online" or "sequence"/],
	[{ blockSteps: 33 }, "blockSteps", /an integer from 1 to 32/],
	[{ rounding: "floor" }, "rounding", /"dithered" or "nearest"/],
	[{ rates: { hidden: 17 } }, "rates.hidden", /a number from 0 to 16/],
	[{ rates: { readout: 2 ** -25 } }, "rates.readout", /0, or 2\^-24 to 16/],
	[{ rates: { output: 1 } }, "rates.output", /hidden, readout/],
	[{ seed: -1 }, "seed", /an integer from 0/],
	[{ seed: 2 ** 53 }, "seed", /an integer from 0/],
	[{ weights: 4 }, "weights", /4 is not allowed; allowed: 16 or 8, bits of a weight$/],
	[{ weights: "8" }, "weights", /"8" is not allowed; allowed: 16 or 8, bits of a weight$/],
	[
		{ layers: [{ type: "dense", units: 1, weightRange: 0.5 }, readout] },
		"layers[0].weightRange",
		/0\.5 is not allowed; allowed: 1, 2, 4, 8, 16, 32$/,
	],
	[
		{ weights: 8, layers: [{ type: "dense", units: 1, weightRange: 2 ** -7 }, readout] },
		"layers[0].weightRange",
		/allowed: 0\.015625, 0\.03125, 0\.0625, 0\.125, 0\.25, 0\.5, 1, 2, 4, 8, 16, 32$/,
	],
	[{ memoryLimitMiB: 0 }, "memoryLimitMiB", /an integer from 1 to 3072/],
	[{ learningRate: 1 }, "spec.learningRate", /input, stepUs/],
];

for (const [change, option, allowed] of REFUSED) {
	t.test(`refused: ${JSON.stringify(change)}`, async (t) => {
		const given = { ...SPEC, ...change } as NetworkSpec;
		for (const attempt of [Network.create(given), Network.memory(given)]) {
			const error = await attempt.then(
				() => undefined,
				(error: unknown) => error,
			);
			if (!(error instanceof OptionError)) throw new Error(`not refused: ${String(error)}`);
			t.equal(error.option, option);
			t.equal(error.code, "option");
			t.match(error.message, allowed);
		}
	});
}

t.test("a spec's ends are taken", async (t) => {
	for (const change of [
		{ layers: [readout] },
		{ leak: 0, threshold: 0.5 },
		{ leak: 1, threshold: 64, rule: { lambdaPre: 1, lambdaPost: 1, alphaPre: -16, alphaPost: 16 } },
		{ rates: { hidden: 16, readout: 16 } },
		{ rates: { hidden: 2 ** -24, readout: 0 } },
		{ seed: 2 ** 53 - 1, blockSteps: 1, steps: 2 ** 32 },
		{ input: { width: 1 }, stepUs: 2 ** 32 },
		{ layers: [{ type: "dense", units: 1, weightRange: 32, std: 8 }, readout] },
		{ weights: 8, layers: [{ type: "dense", units: 1, weightRange: 32, std: 8 }, readout] },
		{ weights: 8, layers: [{ type: "dense", units: 1, weightRange: 2 ** -6 }, readout] },
	]) {
		const network = await Network.create({ ...SPEC, ...change } as NetworkSpec);
		t.match(network.weightsHash(), /^[0-9a-f]{16}$/);
		network.close();
	}
});
