// The two WASM modules: which networks need the deep one, and both at work at once.
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Network, type NetworkSpec } from "stllr";
import { gestureSet } from "stllr/gestures";
import t from "tap";
import { needsDeep } from "../dist/network/deep.js";
import { fullSpec } from "../dist/network/spec/mod.js";
import { specWords } from "../dist/network/words.js";
import { loadModule } from "../dist/wasm/module.js";

const readout = { type: "readout", classes: 6 } as const;
const flow = { type: "readout", values: 2 } as const;
const dense = { type: "dense", units: 16 } as const;
const conv = { type: "conv", filters: 4, kernel: 3 } as const;
const spec = (layers: unknown[], more: object = {}) =>
	({ input: { width: 20, height: 20, polarities: 2 }, stepUs: 10_000, seed: 4, layers, ...more }) as NetworkSpec;

const SMALL: Record<string, NetworkSpec> = {
	dense: spec([dense, readout]),
	recurrent: spec([{ type: "recurrent", units: 16 }, readout]),
	"a readout alone": spec([readout]),
	flatten: spec([{ type: "flatten" }, dense, { type: "flatten" }, dense, readout]),
	"named layers": spec([{ ...dense, name: "a" }, { ...dense, from: "a" }, readout]),
	dfa: spec([dense, dense, readout], { signal: "dfa" }),
	"every surrogate": spec(
		["exp", "tri", "sigmoid", "tri_out"].map((psi): object => ({ ...dense, psi })).concat(readout),
	),
	"soft reset, biases, other rules": spec([
		{ ...dense, reset: "soft", bias: true, rule: { alphaPost: -0.5 } },
		{ ...readout, bias: true },
	]),
	"sequence mode": spec([dense, readout], { mode: "sequence", rounding: "nearest" }),
};

const DEEP: Record<string, NetworkSpec> = {
	conv: spec([conv, readout]),
	pool: spec([{ type: "pool", kind: "max", kernel: 2 }, readout]),
	upsample: spec([{ type: "upsample", factor: 2 }, readout]),
	dropout: spec([dense, { type: "dropout", rate: 0.5 }, readout]),
	add: spec([{ ...dense, name: "a" }, dense, { type: "add", with: "a" }, readout]),
	concat: spec([{ ...dense, name: "a" }, dense, { type: "concat", with: "a" }, readout]),
	standardize: spec([{ ...dense, standardize: true }, readout]),
	"neurons of Loihi's": spec([{ ...dense, decay: { type: "loihi", dv: 512, vth: 80 } }, readout]),
	sdfa: spec([dense, readout], { signal: "sdfa" }),
	drtp: spec([dense, readout], { signal: "drtp" }),
	local: spec([dense, readout], { signal: "local" }),
	"mean square": spec([dense, readout], { loss: "mean-square" }),
	"binary cross-entropy": spec([dense, readout], { loss: "binary-cross-entropy" }),
	endpoint: spec([flow], { loss: "endpoint" }),
	contrast: spec([flow], { loss: "contrast" }),
	"values a pixel": spec([flow]),
	"weights of 8 bits": spec([dense, readout], { weights: 8 }),
	"weight decay": spec([dense, readout], { optimizer: { type: "sgd", weightDecay: 0.01 } }),
	...Object.fromEntries(
		["momentum", "nesterov", "adam", "rmsprop", "rprop"].map((type) => [
			type,
			spec([dense, readout], { optimizer: { type } }),
		]),
	),
};

const { train } = gestureSet({ seed: 4, train: 20, test: 0 });

t.test("deep: what needs the deep module, and the small one's core agrees", async (t) => {
	const { Learner } = await loadModule("small");
	const memory = (spec: NetworkSpec) => Learner.memory(specWords(fullSpec(spec)), 20, 20, 2, 10_000, 1e9);
	for (const [name, spec] of Object.entries(SMALL)) {
		t.notOk(needsDeep(fullSpec(spec)), name);
		t.equal(memory(spec).length, 7, `the small core takes ${name}`);
	}
	for (const [name, spec] of Object.entries(DEEP)) {
		t.ok(needsDeep(fullSpec(spec)), name);
		let refusal: unknown;
		try {
			memory(spec);
		} catch (error) {
			refusal = error;
		}
		// What a core refuses it says; a trap would be an Error.
		t.match(refusal, /is not allowed; allowed: /, `the small core refuses ${name}`);
	}
});

t.test("deep: networks in both modules learn side by side as they do alone", async (t) => {
	const specs = [spec([dense, readout]), spec([conv, { type: "pool", kind: "sum", kernel: 2 }, dense, readout])];
	const alone: string[] = [];
	for (const spec of specs) {
		const network = await Network.create(spec);
		for (const { events, label } of train) network.learn(events, label);
		alone.push(network.stateHash());
		network.close();
	}
	const networks = await Promise.all(specs.map(Network.create));
	for (const { events, label } of train) for (const network of networks) network.learn(events, label);
	t.strictSame(
		networks.map((network) => network.stateHash()),
		alone,
	);
	const [small, deep] = await Promise.all([loadModule("small"), loadModule("deep")]);
	t.not(small.memory, deep.memory);
	t.equal(await loadModule("deep"), deep, "loaded once");
});

t.test("deep: both modules give the same answers and weights", async (t) => {
	const state = async (name: "small" | "deep", spec: NetworkSpec) => {
		const { Learner, Staging, memory } = await loadModule(name);
		const learner = new Learner(specWords(fullSpec(spec)), 20, 20, 2, 10_000, 1e9);
		const staging = new Staging(4096);
		for (const { events, label } of train) {
			const count = events.t.length;
			new Float64Array(memory.buffer, staging.tPtr(), count).set(events.t);
			new Uint16Array(memory.buffer, staging.xPtr(), count).set(events.x);
			new Uint16Array(memory.buffer, staging.yPtr(), count).set(events.y);
			new Uint8Array(memory.buffer, staging.pPtr(), count).set(events.p);
			learner.begin(true, true, 0, false);
			learner.target(label, 0, 1000);
			learner.feed(staging, 0, count, 1000);
			learner.endSequence();
		}
		return learner.stateHash();
	};
	for (const [name, spec] of Object.entries(SMALL))
		t.equal(await state("small", spec), await state("deep", spec), name);
});

t.test("deep: a module is loaded only where it is needed", async (t) => {
	const folder = mkdtempSync(join(tmpdir(), "stllr-small-"));
	t.teardown(() => rmSync(folder, { recursive: true, force: true }));
	cpSync(fileURLToPath(new URL("../dist", import.meta.url)), join(folder, "dist"), { recursive: true });
	const wasm = join(folder, "dist/wasm");
	for (const file of readdirSync(wasm)) if (/^stllr_(deep|events)/.test(file)) rmSync(join(wasm, file));
	writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
	writeFileSync(
		join(folder, "program.js"),
		`import { events, Network, openEvents } from "./dist/index.js";
		const specs = ${JSON.stringify([SMALL.dense, DEEP.conv])};
		const network = await Network.create(specs[0]);
		network.learn(events({ t: [0, 20_000], x: [1, 2] }), 1);
		await Network.memory(specs[0]);
		for (const make of [Network.create, Network.memory]) {
			await make(specs[1]).catch(({ name, message }) => console.log(name, message.includes("deep")));
		}
		const decode = openEvents(new Uint8Array(5), { format: "bin" });
		await decode.catch(({ name, message }) => console.log(name, message.includes("events")));`,
	);
	const { status, stdout, stderr } = spawnSync(process.execPath, ["program.js"], { cwd: folder, encoding: "utf8" });
	t.strictSame({ status, stdout, stderr }, { status: 0, stdout: "EnvironmentError true\n".repeat(3), stderr: "" });
});
