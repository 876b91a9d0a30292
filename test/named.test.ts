// Networks by name: that they are what was published, and specs that a user can change.
import { type NamedOptions, Network, type NetworkName, named, networkNames } from "stllr";
import t from "tap";
import { costs } from "../dist/network/cost/mod.js";
import { fullSpec } from "../dist/network/spec/mod.js";
import { specWords } from "../dist/network/words.js";

/** Shapes of what each layer gives, behind its type. */
function shapes(name: NetworkName, options: NamedOptions = {}): string[] {
	const { layers, readout } = fullSpec(named(name, options));
	return [...layers, readout].map(({ type, shape }) => `${type} ${shape.channels}x${shape.height}x${shape.width}`);
}

/** Weights, biases and gains of all layers. */
async function parametersOf(name: NetworkName, options: NamedOptions = {}): Promise<number> {
	return (await costs(named(name, options))).total.parameters;
}

t.test("all are valid, in each size, and plain JSON", async (t) => {
	t.strictSame([...networkNames].sort(), ["dense", "flownet", "recurrent", "resnet", "vgg"]);
	for (const name of networkNames) {
		for (const size of ["paper", "small"] as const) {
			const spec = named(name, { size });
			t.strictSame(JSON.parse(JSON.stringify(spec)), spec);
			t.ok(specWords(fullSpec(spec)).length > 30);
		}
		t.ok((await parametersOf(name, { size: "small" })) < (await parametersOf(name)) / 2, `${name}: small is smaller`);
	}
});

t.test("vgg: eight convolutions, pooling behind the second, fourth and sixth", async (t) => {
	t.strictSame(shapes("vgg"), [
		...["conv 64x32x32", "conv 128x32x32", "pool 128x16x16", "conv 256x16x16", "conv 256x16x16", "pool 256x8x8"],
		...[
			"conv 512x8x8",
			"conv 512x8x8",
			"pool 512x4x4",
			"conv 512x4x4",
			"conv 512x4x4",
			"pool 512x1x1",
			"readout 11x1x1",
		],
	]);
	// PyTorch's count of the official network: weights and biases, and a gain a filter.
	const weights = 9 * (2 * 64 + 64 * 128 + 128 * 256 + 256 * 256 + 256 * 512 + 3 * 512 * 512) + 512 * 11;
	t.equal(await parametersOf("vgg"), weights + 2 * 2752 + 11);
	const { layers, readout, ...spec } = fullSpec(named("vgg"));
	t.match(layers[0], { leak: 0.5, threshold: 0.6, psi: "tri", standardize: true, bias: true });
	t.match(layers[2], { kind: "max" });
	t.match(layers[0], { rule: { lambdaPost: 0.2, lambdaPre: 0.75, alphaPost: -1, alphaPre: 1 } });
	t.match(readout, { leak: 0, inputDivisor: 16 });
	t.match(spec, { window: { last: 5 }, optimizer: { type: "adam" }, rates: { hidden: 1e-3 }, mode: "sequence" });

	const cifar = fullSpec(named("vgg", { task: "cifar10-dvs" }));
	t.match(cifar.layers[0], {
		psi: "sigmoid",
		rule: { lambdaPre: 0.5 },
		shape: { channels: 64, height: 48, width: 48 },
	});
	t.match(cifar.layers.slice(2, 5), [{ filters: 128 }, { rate: 0.1 }, { kind: "average", divisor: 4 }]);
	t.equal(cifar.readout.classes.length, 10);
	t.strictSame(shapes("vgg", { input: { width: 34, height: 34, polarities: 2 }, classes: 10 }).slice(-3, -1), [
		"conv 512x4x4",
		"pool 512x1x1",
	]);
	t.strictSame(shapes("vgg", { size: "small" }), ["conv 16x15x15", "conv 32x6x6", "readout 10x1x1"]);
});

t.test("resnet: eight blocks of two convolutions, added to what they took", async (t) => {
	const { layers } = fullSpec(named("resnet"));
	t.equal(layers.filter(({ type }) => type === "conv").length, 1 + 16 + 3);
	const adds = layers.filter(({ type }) => type === "add");
	t.strictSame(
		adds.map(({ shape }) => [shape.channels, shape.height]),
		[64, 64, 128, 128, 256, 256, 512, 512].map((channels) => [channels, 1024 / channels]),
	);
	// Behind the average of 2 x 2, spikes of the block itself count four times.
	t.match(adds.slice(0, 3), [
		{ divisor: 4, most: 8 },
		{ divisor: 4, most: 12 },
		{ divisor: 1, most: 2 },
	]);
	const pairs = [64, 64, 64, 64, 64, 128, 128, 128, 128, 256, 256, 256, 256, 512, 512, 512, 512];
	const body = pairs.slice(1).reduce((sum, channels, index) => sum + 9 * channels * (pairs[index] ?? 0), 9 * 2 * 64);
	const skips = 64 * 128 + 128 * 256 + 256 * 512;
	const filters = 64 + 2 * 2 * (64 + 128 + 256 + 512) + (128 + 256 + 512);
	t.equal(await parametersOf("resnet"), body + skips + 2 * filters + 512 * 11 + 11);
	t.strictSame(shapes("resnet", { size: "small" }).slice(-2), ["pool 32x3x3", "readout 10x1x1"]);
});

t.test("recurrent: 700-450-20, with the factors for SHD", async (t) => {
	const { layers, readout, input } = fullSpec(named("recurrent"));
	t.match(input, { width: 700, height: 1, polarities: 1 });
	t.match(layers, [{ type: "recurrent", units: 450, threshold: 0.6, psi: "exp", standardize: true }]);
	t.match(layers[0], { rule: { lambdaPost: 0.5, lambdaPre: 1, alphaPost: 1, alphaPre: 1 } });
	t.ok(Math.abs(readout.leak - 0.9933) < 1e-4);
	t.equal(readout.classes.length, 20);
});

t.test("flownet: down to a sixteenth, up to a half, a flow for each pixel", async (t) => {
	const paper = shapes("flownet");
	t.strictSame(paper.slice(0, 4), ["conv 64x64x64", "conv 128x32x32", "conv 256x16x16", "conv 512x8x8"]);
	t.strictSame(
		paper.filter((shape) => shape.startsWith("concat")),
		["concat 384x16x16", "concat 192x32x32", "concat 68x64x64"],
	);
	t.equal(paper.at(-1), "readout 2x64x64");
	t.strictSame(shapes("flownet", { size: "small" }).slice(-3), ["concat 96x16x16", "conv 32x16x16", "readout 2x16x16"]);
	t.equal(fullSpec(named("flownet")).loss, "endpoint");
});

t.test("a named network learns as it is, or changed", async (t) => {
	const network = await Network.create({ ...named("dense", { size: "small", classes: ["a", "b"] }), seed: 5 });
	t.equal(network.spec.layers[0]?.shape.channels, 64);
	t.strictSame(network.spec.readout.classes, ["a", "b"]);
	network.close();
});

t.test("refused: names and options that there are not", async (t) => {
	const wrong = (name: string, options: object = {}) => named(name as NetworkName, options);
	t.throws(() => wrong("vgg19"), { option: "name", message: /"vgg19" is not allowed; allowed: "vgg" or "resnet" or/ });
	t.throws(() => wrong("constructor"), { name: "OptionError", option: "name", message: /is not allowed/ });
	t.throws(() => wrong("vgg", { size: "large" }), { option: "size", message: /"paper" or "small"/ });
	t.throws(() => wrong("vgg", { width: 3 }), { option: "options.width", message: /size, classes, input, task/ });
	t.throws(() => wrong("vgg", { task: "shd" }), { option: "task", message: /"dvs-gesture" or "cifar10-dvs"/ });
	t.throws(() => wrong("dense", { task: "dvs-gesture" }), {
		name: "OptionError",
		option: "task",
		message: /is not allowed/,
	});
	t.throws(() => wrong("vgg", { size: "small", task: "dvs-gesture" }), {
		name: "OptionError",
		option: "task",
		message: /is not allowed/,
	});
	t.throws(() => wrong("flownet", { classes: 3 }), { option: "classes", message: /none: it gives flow/ });
});
