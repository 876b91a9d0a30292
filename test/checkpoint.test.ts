// What was learned survives: saved and loaded, a network goes on as if nothing had happened.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FormatError, Network, type NetworkSpec, StateError, type StreamAnswer } from "stllr";
import { applyDelta, deltaOf, newKeys, sign, verify } from "stllr/checkpoint";
import { gestureNames } from "stllr/gestures";
import t from "tap";
import { fullSpec } from "../dist/network/spec/mod.js";
import { plainSpec } from "../dist/network/spec/plain.js";
import { EVERY_US, gestures, SPEC, session } from "./live/session.js";

const INPUT = { width: 20, height: 20, polarities: 2 };
const readout = { type: "readout", classes: gestureNames } as const;
const small = { input: INPUT, stepUs: 10_000, seed: 7 };

/** Networks of every kind of state. */
const SPECS: Readonly<Record<string, NetworkSpec>> = {
	recurrent: SPEC,
	"two layers, traces of surrogates, biases": {
		...small,
		rule: { alphaPost: -0.5 },
		layers: [
			{ type: "dense", units: 24, bias: true },
			{ type: "dense", units: 16 },
			{ ...readout, bias: true },
		],
		signal: "dfa",
	},
	"convolutions, standardised, dropout, Adam": {
		...small,
		layers: [
			{ type: "conv", name: "a", filters: 4, kernel: 5, padding: 2, standardize: true },
			{ type: "pool", kind: "average", kernel: 2 },
			{ type: "conv", filters: 4, kernel: 3, padding: 1, bias: true },
			{ type: "dropout", rate: 0.2 },
			{ type: "recurrent", units: 12, standardize: true },
			readout,
		],
		optimizer: { type: "adam" },
		mode: "sequence",
	},
	"neurons of Loihi's": {
		...small,
		decay: { type: "loihi", du: 1024, dv: 512, vth: 90, scale: 64 },
		layers: [
			{ type: "conv", filters: 4, kernel: 5, stride: 2, bias: true },
			{ type: "recurrent", units: 12, decay: "leak", leak: 0.5 },
			{ type: "recurrent", units: 12 },
			readout,
		],
	},
	"8 bits, local losses": {
		...small,
		layers: [{ type: "dense", units: 24 }, readout],
		weights: 8,
		signal: "local",
		optimizer: { type: "momentum" },
		blockSteps: 7,
	},
};

function learn(network: Network, from: number, until: number): void {
	for (const { events, label } of gestures.slice(from, until)) network.learn(events, label);
}

for (const [name, spec] of Object.entries(SPECS)) {
	t.test(`${name}: saved and loaded between recordings, it learns on to the same bytes`, async (t) => {
		const whole = await Network.create(spec);
		learn(whole, 0, 8);
		const one = await Network.create(spec);
		learn(one, 0, 3);
		one.setRates({ hidden: 0.05 });
		whole.setRates({ hidden: 0.05 });
		const bytes = await one.save();
		const other = await Network.load(bytes);
		t.strictSame(other.spec, one.spec);
		t.strictSame(other.rates, one.rates);
		t.strictSame(other.meter(), one.meter());
		t.equal(other.stateHash(), one.stateHash());
		t.strictSame(Buffer.from(await other.save()), Buffer.from(bytes), "saved again it is the same file");
		for (const network of [one, other]) learn(network, 3, 8);
		t.equal(other.stateHash(), one.stateHash());
		const sample = gestures[9]?.events ?? session();
		t.strictSame(other.classify(sample), one.classify(sample));
	});
}

t.test("inside a stream, at any step, it goes on with what comes next", async (t) => {
	const all = session();
	// Stretches of one step, so that every step of a block is met.
	const options = { startUs: 0, everyUs: 10_000, windowUs: 50_000, labels: labelAt } as const;
	const until = (answer: StreamAnswer, us: number) => answer.us >= us;
	const whole = await Network.create(SPEC);
	const answers = await collect(whole.follow([all], options));
	for (const stop of [10_000, 170_000, 320_000, 330_000, 990_000]) {
		const first = await Network.create(SPEC);
		let bytes: Uint8Array | undefined;
		let taken = 0;
		for await (const answer of first.follow([all], options)) {
			if (!until(answer, stop)) continue;
			bytes = await first.save();
			taken = answer.events;
			break;
		}
		const second = await Network.load(bytes ?? new Uint8Array());
		const rest = { t: all.t.slice(taken), x: all.x.slice(taken), y: all.y.slice(taken), p: all.p.slice(taken) };
		const after = await collect(second.follow([rest], { resume: true, labels: labelAt }));
		t.strictSame(after, answers.slice(stop / 10_000));
		t.equal(second.stateHash(), whole.stateHash(), `stopped at ${stop} us`);
		t.strictSame(second.meter(), whole.meter());
	}
});

t.test("only a network that was saved within a stream can resume it, and only at once", async (t) => {
	const network = await Network.create(SPEC);
	await t.rejects(collect(network.follow([session()], { resume: true })), StateError);
	let bytes = new Uint8Array();
	for await (const _ of network.follow([session()], { everyUs: 10_000 })) {
		bytes = new Uint8Array(await network.save());
		break;
	}
	const other = await Network.load(bytes);
	await t.rejects(collect(other.follow([], { resume: true, everyUs: 10_000 })), { code: "option", option: "everyUs" });
	learn(other, 0, 1);
	await t.rejects(collect(other.follow([], { resume: true })), StateError);
});

t.test("what is saved is the network as it was at the call", async (t) => {
	const network = await Network.create(SPEC);
	learn(network, 0, 2);
	const hash = network.stateHash();
	const saving = network.save();
	learn(network, 2, 5);
	const bytes = await saving;
	t.not(network.stateHash(), hash);
	t.equal((await Network.load(bytes)).stateHash(), hash);
});

t.test("classes that came and went, counts and notes are kept", async (t) => {
	for (const signal of ["bp", "dfa", "local"] as const) {
		const network = await Network.create({ ...SPEC, signal });
		learn(network, 0, 4);
		network.addClass("a wink");
		network.learn(gestures[0]?.events ?? session(), "a wink");
		network.removeClass(1);
		network.notes = { encoder: { kind: "camera", threshold: 0.2, on: true }, list: [1, null, "x"] };
		const other = await Network.load(await network.save());
		t.strictSame(other.spec.readout.classes, network.spec.readout.classes);
		t.strictSame(other.notes, network.notes);
		for (const each of [network, other]) {
			each.learn(gestures[5]?.events ?? session(), "a wink");
			each.addClass("another");
			each.learn(gestures[6]?.events ?? session(), "another");
		}
		t.equal(other.stateHash(), network.stateHash());
	}
});

t.test("the same bytes with and without SIMD, in another process", async (t) => {
	const folder = mkdtempSync(join(tmpdir(), "stllr-"));
	t.teardown(() => rmSync(folder, { recursive: true }));
	const network = await Network.create(SPEC);
	learn(network, 0, 3);
	writeFileSync(join(folder, "a.stllr"), await network.save());
	const script = `
		import { readFileSync, writeFileSync } from "node:fs";
		import { Network } from "stllr";
		import { gestureSet } from "stllr/gestures";
		const network = await Network.load(readFileSync(process.argv[1]));
		const { train } = gestureSet({ seed: 9, train: 12, test: 0 });
		for (const { events, label } of train.slice(3, 8)) network.learn(events, label);
		writeFileSync(process.argv[2], await network.save());
		console.log(network.kernels);
	`;
	const env = { ...process.env, STLLR_KERNELS: "scalar", NODE_V8_COVERAGE: "", NODE_OPTIONS: "" };
	const args = ["--input-type=module", "-e", script, join(folder, "a.stllr"), join(folder, "b.stllr")];
	t.equal(execFileSync(process.execPath, args, { env, encoding: "utf8" }).trim(), "scalar");
	learn(network, 3, 8);
	t.strictSame(readFileSync(join(folder, "b.stllr")), Buffer.from(await network.save()));
});

t.test("every byte of a file counts: none can be changed or left out without an error", async (t) => {
	const network = await Network.create({
		input: { width: 4 },
		stepUs: 1000,
		layers: [
			{ type: "dense", units: 3 },
			{ type: "readout", classes: 2 },
		],
	});
	const bytes = await network.save();
	const fails = async (damaged: Uint8Array, what: string) => {
		const error: unknown = await Network.load(damaged, { source: "m.stllr" }).then(
			() => undefined,
			(cause: unknown) => cause,
		);
		const isTyped = error instanceof FormatError && /^m\.stllr: byte \d+: .+; allowed: .+/.test(error.message);
		if (!isTyped) t.fail(`${what}: ${error}`);
	};
	for (let at = 0; at < bytes.length; at += 1) {
		const damaged = bytes.slice();
		damaged[at] = (damaged[at] ?? 0) ^ (1 << (at % 8));
		await fails(damaged, `byte ${at} changed`);
		await fails(bytes.subarray(0, at), `cut at ${at}`);
	}
	await fails(Uint8Array.from([...bytes, 0]), "a byte more");
	t.pass(`${bytes.length} bytes`);
});

t.test("a newer file is refused in one line; a later addition to this version is read", async (t) => {
	const bytes = await (await Network.create(SPEC)).save();
	const newer = bytes.slice();
	newer[8] = 2;
	await t.rejects(Network.load(newer, { source: "m.stllr" }), {
		message: "m.stllr: byte 8: version 2.0: a newer stllr wrote it; allowed: versions 1 to 1",
	});
});

t.test("weights alone: smaller, in 16 bits or 8, answering alike, and learning on", async (t) => {
	for (const [name, spec] of Object.entries(SPECS)) {
		const network = await Network.create(spec);
		learn(network, 0, 8);
		const full = await network.save();
		const [wide, narrow] = [await network.exportWeights(), await network.exportWeights({ bits: 8 })];
		t.ok(
			wide.length < full.length && narrow.length < wide.length,
			`${name}: ${full.length}, ${wide.length}, ${narrow.length}`,
		);
		const [one, other] = [await Network.load(wide), await Network.load(narrow)];
		for (const [at, layer] of network.parameters().entries()) {
			// Half of a step of the coarser weights: their largest over as many steps.
			const near = (loaded: Network, steps: number) => {
				const weights = loaded.parameters()[at]?.weights ?? new Float64Array();
				// A layer's own spikes have weights in the same array.
				const all = [...layer.weights, ...(layer.recurrent ?? [])];
				const peak = all.reduce((most, weight) => Math.max(most, Math.abs(weight)), 0);
				const off = layer.weights.reduce((most, weight, k) => Math.max(most, Math.abs(weight - (weights[k] ?? 0))), 0);
				t.ok(off <= peak / steps, `${name}, ${layer.layer}: off by ${off} of ${peak}`);
			};
			near(one, 32_767);
			near(other, 127);
		}
		t.strictSame(one.rates, network.rates);
		const sample = gestures[9]?.events ?? session();
		t.equal(one.classify(sample).label, network.classify(sample).label);
		learn(one, 8, 10);
		t.strictSame(one.spec, network.spec);
	}
	const network = await Network.create(SPEC);
	await t.rejects(network.exportWeights({ bits: 4 as 8 }), { code: "option", option: "bits" });
});

t.test("a delta brings a base to the same weights; a coarse one to the same as its maker says", async (t) => {
	const network = await Network.create(SPEC);
	learn(network, 0, 8);
	const base = await network.save();
	learn(network, 8, 10);
	const now = await network.save();
	const delta = await deltaOf(base, now);
	const applied = await Network.load(await applyDelta(base, delta));
	t.equal(applied.weightsHash(), network.weightsHash());
	const coarse = await deltaOf(base, now, { dropBits: 4 });
	t.ok(
		coarse.length < delta.length && delta.length < now.length,
		`${now.length}, ${delta.length}, ${coarse.length} bytes`,
	);
	const near = await Network.load(await applyDelta(base, coarse));
	const [before, after] = [network.parameters(), near.parameters()];
	for (const [at, { weights }] of before.entries()) {
		const off = weights.reduce((most, weight, k) => Math.max(most, Math.abs(weight - (after[at]?.weights[k] ?? 0))), 0);
		t.ok(off <= 8 * 2 ** -13 + 1e-9, `layer ${at} off by ${off}`);
	}
	t.equal(
		(await Network.load(await applyDelta(base, await deltaOf(base, base)))).weightsHash(),
		(await Network.load(base)).weightsHash(),
	);
	await t.rejects(applyDelta(now, delta, ["now", "d"]), {
		name: "FormatError",
		message: /^d: byte 96: a delta to the weights/,
	});
	await t.rejects(applyDelta(base, base), { name: "FormatError", message: /the kind full; allowed: a delta/ });
	await t.rejects(Network.load(delta), { name: "FormatError", message: /a delta; allowed: a whole checkpoint/ });
	const other = await (await Network.create({ ...SPEC, layers: [{ type: "dense", units: 3 }, readout] })).save();
	await t.rejects(deltaOf(base, other), { code: "option", option: "now" });
	await t.rejects(deltaOf(base, now, { dropBits: 13 }), { code: "option", option: "dropBits" });
});

t.test("signed: by whom is known, and nothing can be changed", async (t) => {
	const [keys, others] = [await newKeys(), await newKeys()];
	const network = await Network.create(SPEC);
	const bytes = await network.save();
	const signed = await sign(bytes, keys, "m.stllr");
	t.equal(signed.length, bytes.length + 96);
	t.equal(await verify(signed, [others.publicKey, keys.publicKey]), keys.publicKey);
	t.equal((await Network.load(signed)).stateHash(), network.stateHash());
	t.equal((await Network.load(signed, { signedBy: [keys.publicKey] })).stateHash(), network.stateHash());
	const again = await sign(signed, others);
	t.equal(again.length, signed.length);
	t.equal(await verify(again, [others.publicKey]), others.publicKey);
	const refused = (file: Uint8Array, message: RegExp) =>
		t.rejects(Network.load(file, { source: "m.stllr", signedBy: [keys.publicKey] }), { name: "FormatError", message });
	await refused(bytes, /^m\.stllr: byte 14: no signature; allowed: a signed checkpoint$/);
	await refused(again, /a signature of the key [0-9a-f]{64}; allowed: one of a trusted key$/);
	// The signature of another file, and each of its bytes changed.
	const other = await (await Network.create({ ...SPEC, seed: 4 })).save();
	const forged = new Uint8Array(await sign(other, keys));
	forged.set(signed.subarray(signed.length - 96), forged.length - 96);
	await refused(forged, /a signature that does not fit/);
	for (let at = signed.length - 96; at < signed.length; at += 1) {
		const damaged = signed.slice();
		damaged[at] = (damaged[at] ?? 0) ^ 4;
		await t.rejects(verify(damaged, [keys.publicKey]), { name: "FormatError" });
	}
	await t.rejects(sign(bytes, { ...keys, privateKey: "00" }), {
		code: "option",
		message: /^privateKey: not an Ed25519 key/,
	});
});

t.test("a spec with every option given means the same", async (t) => {
	for (const spec of Object.values(SPECS)) {
		const full = fullSpec(spec);
		const plain = plainSpec(full);
		t.strictSame(fullSpec(plain), full);
		t.strictSame(fullSpec(JSON.parse(JSON.stringify(plain))), full);
	}
});

function labelAt(us: number): number | undefined {
	return gestures[Math.floor(us / EVERY_US)]?.label;
}

async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
	const all: T[] = [];
	for await (const item of source) all.push(item);
	return all;
}
