// Events from numbers, bytes and files.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import t from "tap";
import { EventRoom } from "../dist/events/chunk.js";
import { decodeEvents } from "../dist/events/decode.js";
import { EventError, type Events, events, FormatError, OptionError, openEvents, StllrError } from "../dist/index.js";
import { loadEventsModule } from "../dist/wasm/module.js";

const shared = fileURLToPath(new URL("../../shared/data/event-files", import.meta.url));
const unshared = existsSync(shared) ? false : "needs ../shared/data, which is not there";

/** The records of `count` events that differ in every field, all rows below 240. */
function records(count: number): Uint8Array {
	const bytes = new Uint8Array(5 * count);
	for (let index = 0; index < count; index += 1) {
		const time = (index * 37) % 0x80_0000;
		bytes.set([index % 251, index % 239, ((index & 1) << 7) | (time >> 16), time >> 8, time], 5 * index);
	}
	return bytes;
}

/** What the format says, in plain JavaScript. */
function plain(bytes: Uint8Array): Events {
	const rows = Array.from({ length: Math.floor(bytes.length / 5) }, (_, index) => [
		...bytes.subarray(5 * index, 5 * index + 5),
	]);
	return events({
		t: rows.map(([, , b = 0, c = 0, d = 0]) => ((b & 0x7f) << 16) | (c << 8) | d),
		x: rows.map(([x = 0]) => x),
		y: rows.map(([, y = 0]) => y),
		p: rows.map(([, , b = 0]) => b >> 7),
	});
}

const fields = ({ t, x, y, p }: Events) => ({ t, x, y, p });

/** SHA-256 of all events: little-endian u64 us, u16 x, u16 y, u8 polarity. */
function digest({ t, x, y, p }: Events): string {
	const bytes = new DataView(new ArrayBuffer(13 * t.length));
	for (let index = 0; index < t.length; index += 1) {
		bytes.setBigUint64(13 * index, BigInt(t[index] ?? -1), true);
		bytes.setUint16(13 * index + 8, x[index] ?? 0, true);
		bytes.setUint16(13 * index + 10, y[index] ?? 0, true);
		bytes.setUint8(13 * index + 12, p[index] ?? 0);
	}
	return createHash("sha256").update(bytes).digest("hex");
}

t.test("events: numbers are copied, and y and p are 0 where they are left out", async (t) => {
	const times = new Float64Array([0, 7, Number.MAX_SAFE_INTEGER]);
	const made = events({ t: times, x: [0, 1, 65_535] });
	times[1] = 8;
	t.same(made, {
		t: new Float64Array([0, 7, Number.MAX_SAFE_INTEGER]),
		x: new Uint16Array([0, 1, 65_535]),
		y: new Uint16Array(3),
		p: new Uint8Array(3),
	});
	t.same(events({ t: [], x: [] }).t.length, 0);
});

t.test("events: a value out of range is refused with its index, whatever it is", async (t) => {
	const good = { t: [1, 2, 3], x: [1, 2, 3], y: [1, 2, 3], p: [0, 1, 1] };
	for (const [name, values, most] of [
		["t", [Number.NaN, -1, 0.5, Number.POSITIVE_INFINITY, 2 ** 53], `${2 ** 53 - 1} us`],
		["x", [Number.NaN, -1, 0.5, 65_536], "65535"],
		["y", [Number.NaN, -1, 1e-9, 65_536], "65535"],
		["p", [Number.NaN, -1, 0.5, 256], "255"],
	] as const) {
		for (const value of values) {
			const bad = { ...good, [name]: [1, value, Number.NaN] };
			const message = `event 1: ${name} ${value}; allowed: whole numbers from 0 to ${most}`;
			t.throws(() => events(bad), { name: "EventError", code: "event", index: 1, message });
		}
	}
	const text = JSON.parse('["1"]') as number[];
	t.throws(() => events({ t: text, x: [1] }), EventError, "a text is no number");
});

t.test("events: arrays of unequal lengths are refused by name", async (t) => {
	t.throws(() => events({ t: [1, 2], x: [1, 2], y: [1] }), {
		name: "OptionError",
		option: "events.y.length",
		message: "events.y.length: 1 is not allowed; allowed: 2, as many as there are times",
	});
	t.throws(() => events({ t: [1], x: [1, 2] }), OptionError);
});

t.test("openEvents: files of every length are decoded as the format says", async (t) => {
	for (const count of [0, 1, 2, 16_383, 16_384, 16_385, 40_000]) {
		const bytes = records(count);
		for (const format of ["bin", "bs2"] as const) {
			const decoded = await openEvents(bytes, { format });
			t.same([decoded.format, decoded.dropped, decoded.t.length], [format, 0, count]);
			t.equal(digest(decoded), digest(plain(bytes)), `${count} events`);
		}
	}
});

t.test("openEvents: row 240 is an overflow mark in bin and an event in bs2", async (t) => {
	const bytes = new Uint8Array([1, 240, 0, 0, 9, 2, 3, 0x80, 0, 5]);
	t.same(fields(await openEvents(bytes, { format: "bin" })), events({ t: [8197], x: [2], y: [3], p: [1] }));
	t.same(fields(await openEvents(bytes, { format: "bs2" })), events({ t: [9, 5], x: [1, 2], y: [240, 3], p: [0, 1] }));
});

t.test("openEvents: a cut last record is refused with its byte, or dropped and counted", async (t) => {
	const bytes = records(5000).subarray(0, 24_998);
	await t.rejects(openEvents(bytes, { format: "bin" }), {
		name: "FormatError",
		code: "format",
		byteOffset: 24_995,
		message: "byte 24995: the last record is cut, it has 3 bytes; allowed: 5",
	});
	const rest = await openEvents(bytes, { format: "bin", onFault: "skip" });
	t.same([rest.t.length, rest.dropped], [4999, 1]);
	t.equal((await openEvents(records(1), { format: "bin" })).dropped, 0, "the next file starts anew");
});

t.test("openEvents: the name's ending tells the format, and the option goes before it", async (t) => {
	const bytes = new Uint8Array([1, 240, 0, 0, 9]);
	const folder = t.testdir({ "a.BIN": Buffer.from(bytes), "a.bs2": Buffer.from(bytes), "a.xyz": Buffer.from(bytes) });
	t.equal((await openEvents(join(folder, "a.BIN"))).t.length, 0);
	t.equal((await openEvents(pathToFileURL(join(folder, "a.bs2")))).t.length, 1);
	t.equal((await openEvents(join(folder, "a.BIN"), { format: "bs2" })).t.length, 1);
	await t.rejects(openEvents(join(folder, "a.xyz")), {
		name: "OptionError",
		option: "format",
		message: /"bin", "bs2".*a\.xyz\\?" bears no mark/,
	});
	await t.rejects(openEvents(bytes), { name: "OptionError", option: "format" });
	await t.rejects(openEvents(new URL("https://example.org/a.bin")), { name: "OptionError", option: "source" });
	const wrong = JSON.parse('{ "format": "bin", "onFault": "ignore" }') as { format: "bin" };
	await t.rejects(openEvents(bytes, wrong), { option: "onFault", message: /"ignore".*"refuse" or "skip"/ });
});

t.test("openEvents: a fault names the file, and a missing file is a typed error", async (t) => {
	const file = join(t.testdir({ "cut.bin": "abc" }), "cut.bin");
	const error = await openEvents(file).then(
		() => undefined,
		(cause: unknown) => cause,
	);
	t.ok(error instanceof FormatError && error.source === file && error.message.startsWith(file));
	await t.rejects(openEvents(`${file}.bin`), {
		name: "DatasetError",
		message: /cut\.bin\.bin: cannot be read: ENOENT/,
	});
	t.ok(error instanceof StllrError);
});

t.test("decodeEvents: survives the growth of the WASM memory", async (t) => {
	const module = await loadEventsModule();
	const bytes = records(9000);
	const before = digest(decodeEvents(module, bytes, "bin"));
	module.memory.grow(1);
	t.equal(digest(decodeEvents(module, bytes, "bin")), before);
});

t.test("decodeEvents: room that is used again holds the last recording", async (t) => {
	const module = await loadEventsModule();
	const room = new EventRoom();
	for (const count of [300, 5000, 20]) {
		const bytes = records(count);
		t.equal(digest(decodeEvents(module, bytes, "bin", { room })), digest(plain(bytes)), `${count} events`);
	}
});

t.test("openEvents: the real files have the digests of their truths", { skip: unshared }, async (t) => {
	const files = ["nmnist-bin", "slayer-bs"].flatMap((folder) =>
		readdirSync(join(shared, folder)).map((file) => join(shared, folder, file)),
	);
	for (const file of files.filter((name) => /\.(bin|bs2)$/.test(name))) {
		const truth = JSON.parse(readFileSync(`${file}.truth.json`, "utf8")) as Record<string, unknown>;
		const decoded = await openEvents(file);
		t.equal(decoded.t.length, truth.count);
		t.equal(digest(decoded), truth.sha256_u64t_u16x_u16y_u8p_le, file);
	}
});
