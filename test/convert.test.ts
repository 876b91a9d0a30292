// `stllr info` and `stllr convert`, and what they stand on: summaries and writers.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
	backgroundActivity,
	crop,
	downsample,
	type Filter,
	hotPixels,
	mergePolarities,
	pipe,
	rateLimit,
	refractory,
} from "stllr/encode";
import t from "tap";
import { Summing } from "../dist/events/summary.js";
import {
	type Events,
	events,
	OptionError,
	openEvents,
	type WriteFormat,
	writeEvents,
	writeFormats,
} from "../dist/index.js";
import { Random } from "../dist/random.js";

const main = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));
const shared = fileURLToPath(new URL("../../shared/data/event-files", import.meta.url));
const unshared = existsSync(shared) ? false : "needs ../shared/data, which is not there";

function stllr(args: readonly string[], input?: Uint8Array) {
	const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
		encoding: "utf8",
		...(input !== undefined && { input }),
	});
	return { status, stdout, stderr };
}

const COUNT = 10_000;
/** Some events at one time, some seconds without any, all over the sensor. */
const truth = events({
	t: Array.from({ length: COUNT }, (_, at) => 1_000_000 + 37 * (at >> 1) + (at > 5000 ? 2_345_678 : 0)),
	x: Array.from({ length: COUNT }, (_, at) => (at * 7) % 640),
	y: Array.from({ length: COUNT }, (_, at) => (at * 11) % 480),
	p: Array.from({ length: COUNT }, (_, at) => Number(at % 3 === 0)),
});
const sensor = { width: 640, height: 480 };

const NONE = events({ t: [], x: [] });

const plain = ({ t, x, y, p }: Events) => ({ t, x, y, p });

async function* parts(whole: Events, size: number): AsyncGenerator<Events> {
	for (let from = 0; from < whole.t.length; from += size) {
		const part = <A extends { subarray(from: number, until: number): A }>(array: A) =>
			array.subarray(from, from + size);
		yield { t: part(whole.t), x: part(whole.x), y: part(whole.y), p: part(whole.p) };
	}
}

async function write(whole: Events, format: WriteFormat, size = 999): Promise<Uint8Array> {
	const written: Uint8Array[] = [];
	const chunks = { [Symbol.asyncIterator]: () => parts(whole, size) };
	for await (const piece of writeEvents(chunks, format, { sensor })) written.push(piece.slice());
	return Buffer.concat(written);
}

t.test("writeEvents: what is written reads back, and the content tells what it is", async (t) => {
	for (const format of writeFormats) {
		const read = await openEvents(await write(truth, format));
		t.same(plain(read), truth, format);
		if (format === "es" || format === "aedat4") t.same(read.sensor, sensor, `${format} states the sensor`);
	}
	const none = events({ t: [], x: [] });
	for (const format of writeFormats)
		t.same(plain(await openEvents(await write(none, format))), none, `${format} of none`);
});

t.test("writeEvents: what a format cannot keep is an error that names the event", async (t) => {
	const bad = (change: Partial<Record<"t" | "x" | "y" | "p", number>>) => {
		const made = events(truth);
		for (const [name, value] of Object.entries(change)) made[name as "t" | "x" | "y" | "p"][4321] = value;
		return made;
	};
	const cases: [WriteFormat, Events, RegExp][] = [
		["es", bad({ p: 2 }), /event 4321: p 2; allowed: 0 or 1/],
		["es", bad({ t: 5 }), /event 4321: t 5 goes back from/],
		["es", bad({ t: 1e12 }), /event 4321: t 1000000000000 is .* after the event before it/],
		["aedat4", bad({ p: 255 }), /event 4321: p 255/],
		["aedat4", bad({ x: 40_000 }), /event 4321: x 40000; allowed: 0 to 32767/],
		["aedat4", bad({ y: 32_768 }), /event 4321: y 32768/],
	];
	for (const [format, whole, message] of cases) await t.rejects(write(whole, format), { name: "EventError", message });
	const odd = bad({ p: 255, t: 5, x: 65_535 });
	for (const format of ["csv", "npz"] as const)
		t.same(plain(await openEvents(await write(odd, format))), odd, `${format} keeps it`);
	const once = writeEvents(parts(truth, 9), "npz", { sensor })[Symbol.asyncIterator]();
	const all = async () => {
		while ((await once.next()).done !== true);
	};
	await t.rejects(all(), { option: "chunks", message: /0 events after 10000.*gone over again/ });
	t.throws(() => writeEvents(parts(truth, 9), JSON.parse('"avi"') as "csv", { sensor }), OptionError);
});

t.test("summaries: counts, ranges, and a rate whose stretches grow", async (t) => {
	const summing = new Summing();
	for await (const part of parts(truth, 333)) summing.add(part);
	const { rate, ...rest } = summing.summary();
	const lastUs = 1_000_000 + 37 * (COUNT / 2 - 1) + 2_345_678;
	t.same(rest, {
		events: COUNT,
		firstUs: 1_000_000,
		lastUs,
		earliestUs: 1_000_000,
		latestUs: lastUs,
		backwards: 0,
		width: 640,
		height: 480,
		polarities: [6666, 3334],
	});
	t.equal(
		rate.counts.reduce((sum, count) => sum + count),
		COUNT,
	);
	t.ok(rate.counts.length > 32 && rate.counts.length <= 64, `${rate.counts.length} stretches of ${rate.binUs} us`);
	t.equal(rate.counts[20], 0, "there was a pause");
	const back = new Summing();
	back.add(events({ t: [50, 40, 60, 10], x: [0, 0, 0, 0] }));
	t.match(back.summary(), { backwards: 2, firstUs: 50, lastUs: 10, earliestUs: 10, latestUs: 60 });
	t.match(new Summing().summary(), { events: 0, earliestUs: 0, latestUs: 0, polarities: [], rate: { counts: [] } });
});

t.test("stllr convert: to every format and back, and the file as it was where that fails", async (t) => {
	const folder = t.testdir();
	const path = (name: string) => join(folder, name);
	writeFileSync(path("a.csv"), await write(truth, "csv"));
	for (const format of writeFormats) {
		const done = stllr(["convert", path("a.csv"), path(`b.${format}`), "--json"]);
		t.match(done, { status: 0, stderr: /10 000 events/ }, format);
		t.match(JSON.parse(done.stdout), { format, events: COUNT, dropped: 0, sensor });
		t.same(plain(await openEvents(path(`b.${format}`))), truth, format);
	}
	const zero = stllr(["convert", path("a.csv"), path("zero"), "--to", "es", "--from-zero"]);
	t.equal(zero.status, 0, zero.stderr);
	t.equal((await openEvents(path("zero"))).t[0], 0);
	writeFileSync(path("odd.csv"), "t,x,y,p\n5,1,1,1\n4,1,1,1\n");
	writeFileSync(path("kept.es"), "as it was");
	const refused = stllr(["convert", path("odd.csv"), path("kept.es")]);
	t.match(refused, { status: 1, stdout: "", stderr: /^stllr: event 1: t 4 goes back from 5; allowed: rising times/ });
	t.equal(readFileSync(path("kept.es"), "utf8"), "as it was");
	t.notOk(
		readdirSync(folder).some((name) => name.endsWith(".part")),
		"nothing is left lying about",
	);
	t.match(stllr(["convert", path("a.csv"), path("a.avi")]), { status: 2, stderr: /tells no format; --to csv\|/ });
	t.match(stllr(["convert", path("none.es"), path("a.csv")]), { status: 1, stderr: /none\.es: cannot be read/ });
});

t.test("stllr convert: filters by flags, the same as in a program, and what each leaves out", async (t) => {
	const path = (name: string) => join(folder, name);
	const folder = t.testdir();
	const size = { width: 40, height: 30 };
	const random = new Random(11, 0);
	let us = 1000;
	const noisy = events({
		t: Array.from({ length: 20_000 }, () => {
			us += random.below(40);
			return us;
		}),
		x: Array.from({ length: 20_000 }, (_, at) => (at % 4 === 0 ? 7 : random.below(size.width))),
		y: Array.from({ length: 20_000 }, (_, at) => (at % 4 === 0 ? 9 : random.below(size.height))),
		p: Array.from({ length: 20_000 }, () => random.below(2)),
	});
	// A time that goes back: filters that look at times drop it.
	noisy.t[500] = 0;
	writeFileSync(path("a.csv"), await write(noisy, "csv"));
	const rectangle = { x: 4, y: 5, width: 31, height: 20 };
	const cases: [flags: string[], filters: Filter[], sensor: object][] = [
		[["--crop", "4,5,31,20"], [crop(rectangle)], { width: 31, height: 20 }],
		[["--downsample", "4"], [downsample({ ...size, factor: 4 })], { width: 10, height: 8 }],
		[["--hot-pixels", "20"], [hotPixels({ ...size, most: 20 })], size],
		[["--refractory", "2000"], [refractory({ ...size, periodUs: 2000 })], size],
		[["--background", "3000"], [backgroundActivity({ ...size, windowUs: 3000 })], size],
		[["--merge-polarities"], [mergePolarities()], size],
		[["--rate-limit", "20000"], [rateLimit({ rateHz: 20_000 })], size],
		[
			["--rate-limit", "5000", "--crop", "4,5,31,20", "--downsample", "3", "--refractory", "90", "--merge-polarities"],
			[
				refractory({ ...size, periodUs: 90 }),
				crop(rectangle),
				downsample({ width: 31, height: 20, factor: 3 }),
				mergePolarities(),
				rateLimit({ rateHz: 5000 }),
			],
			{ width: 11, height: 7 },
		],
	];
	for (const [flags, filters, sensor] of cases) {
		const wanted = await pipe(noisy, filters);
		const { t: times, x, y, p, removed } = wanted;
		const done = stllr(["convert", path("a.csv"), path("b.npz"), "--json", ...flags]);
		t.equal(done.status, 0, done.stderr);
		const told = JSON.parse(done.stdout);
		t.same([told.events, told.removed, told.sensor], [times.length, removed, sensor], flags.join(" "));
		t.same(plain(await openEvents(path("b.npz"))), plain({ t: times, x, y, p }), flags.join(" "));
		const left = removed.reduce((sum, { byRule, outside, late }) => sum + byRule + outside + late, 0);
		t.equal(left, noisy.t.length - times.length, "counts add up");
		t.ok(left > 0 || flags[0] === "--merge-polarities" || flags[0] === "--downsample");
	}
	const said = stllr(["convert", path("a.csv"), path("b.csv"), "--refractory", "2000", "--from-zero"]);
	t.match(said.stdout, /b\.csv: csv, [\d ]+ events, .*\n {2}refractory: [\d ]+ events left out, of them 1 late\n/);
	t.equal((await openEvents(path("b.csv"))).t[0], 0, "times count from the earliest that is left");
	for (const [flags, message] of [
		[["--crop", "1,2,3"], /--crop: "1,2,3" is not allowed; allowed: X,Y,WIDTH,HEIGHT/],
		[["--crop", "1,2,0,4"], /--crop: 0 is not allowed/],
		[["--downsample", "0"], /--downsample: 0 is not allowed/],
		[["--rate-limit", "x"], /--rate-limit: "x" is not allowed; allowed: a number/],
		[["--refractory", "0"], /--refractory: 0 is not allowed/],
	] as const) {
		const { status, stderr } = stllr(["convert", path("none.csv"), path("b.csv"), ...flags]);
		t.not(status, 0);
		t.match(stderr, message);
	}
});

t.test("stllr info: what is in a file, for people and for programs", async (t) => {
	const path = join(t.testdir(), "a.es");
	writeFileSync(path, await write(truth, "es"));
	const { status, stdout, stderr } = stllr(["info", path]);
	t.match({ status, stderr }, { status: 0, stderr: "" });
	t.match(stdout, /format +es, [\d ]+ bytes\n +sensor +640 x 480; events within 640 x 480\n +events +10 000\n/);
	t.match(stdout, /span +2\.5 s, from 1 000 000 to 3 530 641 us\n +rate .*events\/s \(at most/);
	t.match(stdout, /[▁▂▃▄▅▆▇█]+ +[▁▂▃▄▅▆▇█]+\n +polarity +0: 66\.7 %, 1: 33\.3 %\n +faults +none/);
	const found = JSON.parse(stllr(["info", path, "--digest", "--json", "--quiet"]).stdout);
	t.match(found, { format: "es", events: COUNT, sensor, dropped: 0, digest: digestOf(truth) });
	const cut = readFileSync(path).subarray(0, -1);
	t.match(stllr(["info", "-"], cut), { status: 1, stderr: /^stllr: byte \d+: the last record is cut/ });
	const skipped = stllr(["info", "-", "--on-fault", "skip", "--json", "--quiet"], cut);
	t.match(JSON.parse(skipped.stdout), { events: COUNT - 1, dropped: 1 });
	t.match(stllr(["info"]), { status: 2, stderr: /info needs a FILE/ });
});

t.test("stllr info and convert: sets of recordings, and sound", async (t) => {
	const data = fileURLToPath(new URL("data", import.meta.url));
	const truth = JSON.parse(readFileSync(join(data, "truth.json"), "utf8")) as Record<string, { digest: string }>;
	const file = join(data, "shd-float16.h5");
	const found = JSON.parse(stllr(["info", file, "--digest", "--json", "--quiet"]).stdout);
	const labels = { 0: 1, 3: 2, 7: 1, 11: 1, 19: 1 };
	const { digest } = truth["shd-float16.h5"] ?? {};
	t.match(found, { format: "hdf5", recordings: 6, labels, events: 140, backwards: 0, dropped: 0, digest });
	t.match(stllr(["info", file]).stdout, /recordings +6, 5 labels; all of them:\n +events +140\n/);
	const one = JSON.parse(stllr(["info", file, "--recording", "3", "--digest", "--json", "--quiet"]).stdout);
	t.match(one, { events: 30, digest: truth["shd-float16.h5[3]"]?.digest });
	const to = join(t.testdir(), "a.npz");
	t.match(stllr(["convert", file, to]), { status: 1, stderr: /recording: undefined.* 0 to 5/ });
	t.match(stllr(["convert", file, to, "--recording", "3"]), { status: 0, stderr: "" });
	t.equal(JSON.parse(stllr(["info", to, "--digest", "--json", "--quiet"]).stdout).digest, one.digest);

	const sound = join(data, "stereo.wav");
	for (const args of [[sound], ["-"]]) {
		const { status, stdout } = stllr(["info", ...args, "--digest", "--json", "--quiet"], readFileSync(sound));
		t.equal(status, 0);
		const known = { format: "wav", sampleRateHz: 44_100, channels: 2, bits: 16, frames: 700, dropped: 0, bytes: 2844 };
		t.match(JSON.parse(stdout), { ...known, digest: truth["stereo.wav"]?.digest });
	}
	t.match(
		stllr(["info", sound]).stdout,
		/44 100 Hz, 2 channels, 16 bits\n +span +16 ms, 700 .*\n +peak +29 \d+ of 32 768/,
	);
});

t.test("stllr info --digest: the real files have the digests of their truths", { skip: unshared }, async (t) => {
	for (const folder of readdirSync(shared)) {
		for (const name of readdirSync(join(shared, folder)).filter((name) => !name.endsWith(".json"))) {
			const file = join(shared, folder, name);
			const truth = truthOf(file);
			const { status, stdout, stderr } = stllr(["info", file, "--digest", "--on-fault", "skip", "--json", "--quiet"]);
			t.equal(status, 0, `${name}: ${stderr}`);
			const { digest, events } = JSON.parse(stdout) as { digest: unknown; events: unknown };
			// Some hold no events of a camera, and their truths no digest.
			const wanted = truth.sha256_u64t_u16x_u16y_u8p_le ?? digestOf(NONE);
			t.same([events, digest], [wanted === digestOf(NONE) ? 0 : truth.count, wanted], `${folder}/${name}`);
		}
	}
});

/** What is known of a recording; files of several streams say it of each, and have one of events. */
function truthOf(file: string): Readonly<Record<string, unknown>> {
	const truth = JSON.parse(readFileSync(`${file}.truth.json`, "utf8")) as Record<string, unknown>;
	const streams: unknown = truth.event_streams;
	const [only = truth] = typeof streams === "object" && streams !== null ? Object.values(streams) : [];
	return only;
}

function digestOf({ t, x, y, p }: Events): string {
	const hash = createHash("sha256");
	for (const [at, us] of t.entries()) {
		const bytes = new DataView(new ArrayBuffer(13));
		bytes.setBigUint64(0, BigInt(us), true);
		bytes.setUint16(8, x[at] ?? 0, true);
		bytes.setUint16(10, y[at] ?? 0, true);
		bytes.setUint8(12, p[at] ?? 0);
		hash.update(bytes);
	}
	return hash.digest("hex");
}
