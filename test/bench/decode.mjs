// Decoders: million events a second, in WASM, in plain JavaScript and natively; and from EVT3 to the time steps of a network.
//
//   node test/bench/decode.mjs [--rounds 5] [--formats evt3,dat] [--json]
//
// Each round decodes the same simulated recording by all in turn, from bytes in memory to arrays of events; figures are medians of
// rounds, and a round's is the best of some passes. WASM goes through `streamEvents`, chunk by chunk, as any reader does. The plain
// decoders read what a sound file has and check nothing: they are what would be written in an afternoon. Native is the same crate as
// the WASM, compiled by cargo (the crate's example `decode`); without cargo it is left out.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Network, streamEvents } from "stllr";
import { OTHERS } from "./formats/others.mjs";
import { RAW } from "./formats/raw.mjs";
import { RECORDS } from "./formats/records.mjs";
import { lastLine, median, processorMs, spread } from "./stats.mjs";

const EVENTS = 2_000_000;
const PASSES = 3;
/** More of them natively, where passes are timed by the clock: others may run meanwhile. */
const NATIVE_PASSES = 20;
const STEP_US = 10_000;
/** Sensors whose time steps are made. */
const STEPPED = [
	{ width: 320, height: 320 },
	{ width: 640, height: 480 },
];
const FORMATS = { ...RECORDS, ...RAW, ...OTHERS };

const { values } = parseArgs({
	options: {
		rounds: { type: "string", default: "5" },
		formats: { type: "string", default: Object.keys(FORMATS).join() },
		json: { type: "boolean" },
	},
});
const rounds = Number(values.rounds);

/** Events of a camera: most come in short runs along a row, some microseconds apart. */
function recording({ width, height }) {
	let state = 1;
	const random = (below) => {
		state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
		return Math.floor((state / 2 ** 32) * below);
	};
	const made = { t: [], x: [], y: [], p: [] };
	let us = 0;
	while (made.t.length < EVENTS) {
		us += random(3);
		const [y, x, p, run] = [random(height), random(width - 6), random(2), 1 + random(4)];
		for (let at = 0; at < run && made.t.length < EVENTS; at += 1) {
			made.t.push(us);
			made.x.push(x + at * 2);
			made.y.push(y);
			made.p.push(p);
		}
	}
	return made;
}

const room = {
	t: new Float64Array(EVENTS),
	x: new Uint16Array(EVENTS),
	y: new Uint16Array(EVENTS),
	p: new Uint8Array(EVENTS),
};

/** All chunks of a file, looked at and left. */
async function stream(bytes, format) {
	let [count, sum] = [0, 0];
	for await (const chunk of await streamEvents(bytes, { format, reuse: true })) {
		count += chunk.t.length;
		sum += chunk.x[0] + chunk.t[0];
	}
	assert.ok(count === EVENTS && sum > 0, format);
}

/** Do WASM and the plain decoder give the recording's events? */
async function check(bytes, format, plain, truth) {
	assert.equal(plain(bytes, room), EVENTS, format);
	let from = 0;
	for await (const chunk of await streamEvents(bytes, { format, reuse: true })) {
		for (const key of ["t", "x", "y", "p"]) {
			const wanted = truth[key].slice(from, from + chunk.t.length);
			assert.deepEqual(
				[Array.from(chunk[key]), Array.from(room[key].subarray(from, from + chunk.t.length))],
				[wanted, wanted],
			);
		}
		from += chunk.t.length;
	}
}

/** Million events a second of the fastest pass. */
async function best(decode) {
	let least = Number.POSITIVE_INFINITY;
	for (let pass = 0; pass < PASSES; pass += 1) {
		const begin = processorMs();
		await decode();
		least = Math.min(least, processorMs() - begin);
	}
	return EVENTS / 1000 / least;
}

/** The crate's example, compiled as the package's decoders are; none without cargo. */
function nativeDecoder() {
	const root = fileURLToPath(new URL("../..", import.meta.url));
	const args = ["build", "--release", "-q", "-p", "stllr-events", "--example", "decode"];
	const fast = ["--config", "profile.release.package.stllr-events.opt-level=3"];
	const folder = join(root, "target/decode");
	const done = spawnSync("cargo", [...args, ...fast, "--target-dir", folder], { cwd: root, stdio: ["ignore", 2, 2] });
	return done.status === 0 ? join(folder, "release/examples/decode") : undefined;
}

/**
 * From EVT3's bytes to the end of the last time step, with a network of nothing but a readout of two classes. Its work counts too: the
 * weights and traces of every pixel, which are far apart, as pixels are drawn at random.
 */
async function stepped(sensor) {
	const bytes = RAW.evt3.write(recording(sensor));
	const input = { ...sensor, polarities: 2 };
	const network = await Network.create({ input, stepUs: STEP_US, layers: [{ type: "readout", classes: 2 }] });
	return async () => {
		let answers = 0;
		const events = await streamEvents(bytes, { format: "evt3", reuse: true });
		for await (const _ of network.follow(events)) answers += 1;
		assert.ok(answers > 0);
	};
}

const native = nativeDecoder();
const folder = mkdtempSync(join(tmpdir(), "stllr-decode-"));
const figures = {};
console.log(`${EVENTS} events; million a second, medians (and ranges) of ${rounds} rounds`);
if (native === undefined) console.log("no native build: cargo cannot make one here");
try {
	for (const format of values.formats.split(",")) {
		const { code, sensor, write, plain } = FORMATS[format];
		const truth = recording(sensor);
		const bytes = await write(truth);
		await check(bytes, format, plain, truth);
		const file = join(folder, format);
		writeFileSync(file, bytes);
		const rates = { wasm: [], script: [], native: [] };
		// The first round warms up.
		for (let round = -1; round < rounds; round += 1) {
			const wasm = await best(() => stream(bytes, format));
			const script = await best(() => plain(bytes, room));
			if (round < 0) continue;
			rates.wasm.push(wasm);
			rates.script.push(script);
			if (native === undefined) continue;
			const { events, ns } = lastLine(native, [String(code), file, String(NATIVE_PASSES)]);
			assert.equal(events, EVENTS, format);
			rates.native.push((events * 1000) / ns);
		}
		const over = (other) => rates.wasm.map((rate, at) => rate / other[at]);
		const beside =
			rates.native.length === 0 ? "" : `, native ${spread(rates.native, 0)}: ${spread(over(rates.native))}`;
		const script = `JavaScript ${spread(rates.script, 0)}: ${spread(over(rates.script))} times as fast`;
		console.log(`${format.padEnd(6)} WASM ${spread(rates.wasm, 0)}, ${script}${beside}`);
		const taken = Object.entries(rates).filter(([, all]) => all.length > 0);
		figures[format] = Object.fromEntries(taken.map(([name, all]) => [name, median(all)]));
	}
	for (const sensor of STEPPED) {
		const run = await stepped(sensor);
		const rates = [];
		for (let round = -1; round < rounds; round += 1) {
			const rate = await best(run);
			if (round >= 0) rates.push(rate);
		}
		const size = `${sensor.width} x ${sensor.height}`;
		console.log(`evt3 to time steps, a readout at each, ${size}: ${spread(rates, 0)}`);
		figures[`steps ${size}`] = median(rates);
	}
} finally {
	rmSync(folder, { recursive: true });
}
if (values.json) console.log(JSON.stringify(figures));
