// Recordings of live sessions: replayed, they give the same bytes of weights; cut or damaged, all before the damage.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type LiveEvents, Network, type NetworkSpec, writeEvents } from "stllr";
import { gestureNames } from "stllr/gestures";
import { type Label, openReplay, openSource, type Replay, recordSource, type SourceStatus } from "stllr/sensors";
import t from "tap";
import { ByteServer, freePort, one, until } from "./live/peers.js";
import { ScriptedPeer, spif } from "./live/scripted.js";
import { EVERY_US, gestures, SPEC, session } from "./live/session.js";
import { HandTimer, settled } from "./live/timer.js";

/** A gesture each half a second; every third one nobody names. */
const labelAt = (us: number): Label => {
	const index = Math.floor(us / EVERY_US);
	return index % 3 === 2 ? undefined : gestures[index]?.label;
};

/** What DV would send of it. */
async function dvBytes(): Promise<Uint8Array> {
	const parts: Uint8Array[] = [];
	for await (const part of writeEvents(one(session()), "aedat4", { sensor: { width: 20, height: 20 } })) {
		parts.push(part.slice());
	}
	return Buffer.concat(parts).subarray(14);
}

/** Learns while it listens; what comes of it. */
async function learn(
	source: AsyncIterable<LiveEvents>,
	labels: (us: number) => Label,
	isSlow = false,
	startUs?: number,
) {
	const network = await Network.create(SPEC);
	const untrained = network.weightsHash();
	const answers: unknown[] = [];
	let failure = "";
	try {
		const options = { labels, everyUs: 100_000, onFault: "skip" as const, ...(startUs !== undefined && { startUs }) };
		for await (const answer of network.follow(source, options)) {
			answers.push(answer);
			if (isSlow) await settled();
		}
	} catch (error) {
		failure = error instanceof Error ? error.message : "";
	}
	const hashes = { weights: network.weightsHash(), state: network.stateHash() };
	network.close();
	return { answers, ...hashes, failure, untrained };
}

const replayed = async (path: string, startUs?: number) => {
	const replay = await openReplay(path);
	const outcome = await learn(replay, replay.labels, false, startUs);
	return { ...outcome, replay };
};

t.test("a live session with labels, replayed, gives the same bytes of weights", async (t) => {
	const [port, path] = [await freePort(), join(t.testdir({}), "session.stllr")];
	const server = new ByteServer(port);
	await server.start();
	const source = await openSource(`tcp://127.0.0.1:${port}?format=dv&attempts=1`, { queue: "wait" });
	const recorder = recordSource(source, path, { notes: { where: "a test" } });
	const client = await server.client();
	const bytes = await dvBytes();
	// In pieces as a network would cut it.
	for (let from = 0; from < bytes.length; from += 7001) client.write(bytes.subarray(from, from + 7001));
	client.end();
	// With a begin of its own, the first label is asked for before the first event.
	const live = await learn(recorder, recorder.labels(labelAt), false, 0);
	t.match(live.failure, /the peer has ended the connection/, "and is not there for another attempt");
	await server.kill();
	const again = await replayed(path, 0);
	t.equal(again.replay.about.source, `tcp://127.0.0.1:${port}`);
	t.strictSame(again.replay.about.notes, { where: "a test" });
	t.notOk(again.replay.isCut);
	t.equal(again.replay.recorded?.given, session().t.length);
	t.strictSame({ ...again, replay: undefined }, { ...live, replay: undefined });
	t.not(live.weights, live.untrained);
	const learned = new Set(live.answers.map((answer) => (answer as { learned?: number }).learned));
	t.ok(learned.size > 2 && learned.has(undefined), "several labels, and none");
});

t.test("with the wall's clock, drops and a sensor that restarts: still the same bytes", async (t) => {
	const [port, path] = [await freePort(), join(t.testdir({}), "session.stllr")];
	const url = `udp://127.0.0.1:${port}?format=spif&clock=wall&tickMs=1&latencyUs=0&queueEvents=4104&receiveBytes=1048576`;
	const source = await openSource(url);
	const recorder = recordSource(source, path);
	await until(() => source.counts.connections === 1);
	const socket = createSocket("udp4");
	const send = (bytes: Uint8Array) => new Promise((resolve) => socket.send(bytes, port, "127.0.0.1", resolve));
	const label = (us: number) => (Math.floor(us / 300_000) % 2 === 0 ? gestureNames[1] : undefined);
	let learning: ReturnType<typeof learn> | undefined;
	let sent = 0;
	for (const from of [50_000_000, 100]) {
		for (let message = 0; message < 40; message += 1) {
			await send(spif(100, from + message * 20_000, 150));
			sent += 100;
		}
		await until(() => source.counts.received === sent);
		// The first of them come while the learner is busy elsewhere.
		learning ??= learn(recorder, recorder.labels(label), true);
	}
	t.ok(source.counts.overflowed > 0);
	await until(() => source.counts.waiting === 0);
	await recorder.close();
	socket.close();
	if (learning === undefined) throw new Error("nothing was sent");
	const { weights, state, answers } = await learning;
	const same = await replayed(path);
	t.strictSame({ weights: same.weights, state: same.state }, { weights, state });
	t.strictSame(same.answers, answers);
	t.not(weights, same.untrained);
	const { recorded } = same.replay;
	t.equal(
		recorded?.received,
		(recorded?.given ?? 0) + (recorded?.waiting ?? 0) + (recorded?.overflowed ?? 0) + (recorded?.late ?? 0),
	);
});

/** A small recording with everything in it, made by a clock that is turned by hand. */
async function small(path: string): Promise<LiveEvents[]> {
	const [peer, timer] = [new ScriptedPeer(), new HandTimer()];
	const source = await openSource(peer, { format: "spif", timer, clock: "wall", tickMs: 10, latencyUs: 0 });
	const recorder = recordSource(source, path, { label: "all", timer });
	const labels = recorder.labels((us) => (us < 20_000 ? "early" : undefined));
	const given: LiveEvents[] = [];
	const reading = (async () => {
		for await (const chunk of recorder) {
			given.push(chunk);
			for (const us of chunk.t) labels(us);
		}
	})();
	await settled();
	const inbox = peer.accept();
	for (let message = 0; message < 5; message += 1) {
		inbox.put(spif(3, 1000 + message * 12_000));
		await timer.turn(12);
	}
	inbox.put(Uint8Array.of(1, 2, 3));
	await settled();
	await recorder.close();
	await reading;
	return given;
}

const plain = (chunks: readonly LiveEvents[]) =>
	chunks.map(({ t, x, y, p, untilUs }) => ({ t: [...t], x: [...x], y: [...y], p: [...p], untilUs }));

async function readAll(replay: Replay): Promise<LiveEvents[]> {
	const chunks: LiveEvents[] = [];
	for await (const chunk of replay) chunks.push(chunk);
	return chunks;
}

t.test("a replay has the chunks, the labels and what happened, and keeps the pace", async (t) => {
	const path = join(t.testdir({}), "small.stllr");
	const given = await small(path);
	t.ok(given.some(({ untilUs }) => untilUs !== undefined) && given.some((chunk) => chunk.t.length > 0));
	const replay = await openReplay(path);
	const statuses: SourceStatus[] = [];
	const told = (async () => {
		for await (const status of replay.status()) statuses.push(status);
	})();
	const labels: Label[] = [];
	const chunks: LiveEvents[] = [];
	for await (const chunk of replay) {
		chunks.push(chunk);
		for (const us of chunk.t) labels.push(replay.labels(us));
	}
	await told;
	t.strictSame(plain(chunks), plain(given));
	t.ok(labels.includes("early") && labels.includes(undefined) && !labels.includes("all"));
	t.strictSame(
		statuses.map(({ type }) => type),
		["connected", "fault", "closed"],
	);
	t.match(replay.recorded, { given: replay.counts.given, faults: 1 });
	await t.rejects(readAll(replay), /being replayed already/);

	for (const [speed, ms] of [
		[1, 60],
		[4, 15],
		["max", 0],
	] as const) {
		const timer = new HandTimer();
		const paced = await openReplay(path, { speed, timer });
		let isOver = false;
		const reading = readAll(paced).then(() => {
			isOver = true;
		});
		// Files are read by other threads: nothing says when they are done but that something has come of it.
		while (!isOver && timer.now() < 1000) {
			await new Promise((resolve) => setImmediate(resolve));
			if (timer.waiting > 0) await timer.turn(0.25);
		}
		await reading;
		t.ok(timer.now() >= ms * 0.75 && timer.now() <= ms + 1, `speed ${speed}: ${timer.now()} ms`);
	}
	await t.rejects(openReplay(path, { speed: 0 }), /speed: 0 is not allowed; allowed: a number above 0, or "max"/);

	const stopped = await openReplay(path, { speed: 1, timer: new HandTimer() });
	const reading = readAll(stopped);
	await settled();
	await stopped.close();
	t.ok((await reading).length <= 1, "close ends it while it waits");
});

t.test("a recording that is cut anywhere gives all that was whole, and says how much was not", async (t) => {
	const folder = t.testdir({});
	const path = join(folder, "small.stllr");
	const given = plain(await small(path));
	const bytes = readFileSync(path);
	const cut = join(folder, "cut.stllr");
	let last = 0;
	for (let length = 0; length <= bytes.length; length += 1) {
		writeFileSync(cut, bytes.subarray(0, length));
		let replay: Replay;
		try {
			replay = await openReplay(cut);
		} catch (error) {
			t.match(error, { name: "FormatError", message: /cut|says what was recorded/ });
			t.ok(length < 200, `${length}: the header and what was recorded are there`);
			continue;
		}
		const chunks = plain(await readAll(replay));
		if (JSON.stringify(chunks) !== JSON.stringify(given.slice(0, chunks.length))) t.fail(`${length}: other events`);
		if (chunks.length < last) t.fail(`${length}: fewer events than of a shorter one`);
		last = chunks.length;
		if (replay.isCut !== length < bytes.length) t.fail(`${length}: is it cut?`);
		if (replay.bytesRead + replay.lostBytes !== length) t.fail(`${length}: bytes do not add up`);
	}
	t.equal(last, given.length);
});

t.test("damage is refused with its place, or ends the replay; never other events, never without end", async (t) => {
	const folder = t.testdir({});
	const path = join(folder, "small.stllr");
	const given = plain(await small(path));
	const bytes = readFileSync(path);
	const damaged = join(folder, "damaged.stllr");
	let state = 12345;
	const below = (count: number) => {
		state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
		return Math.floor((state / 2 ** 32) * count);
	};
	let refused = 0;
	for (let round = 0; round < 600; round += 1) {
		let file = Buffer.from(bytes);
		const at = below(file.length);
		const kind = below(4);
		if (kind === 0) file[at] = (file[at] ?? 0) ^ (1 << below(8));
		if (kind === 1) file = Buffer.concat([file.subarray(0, at), file.subarray(at + 1 + below(40))]);
		if (kind === 2)
			file = Buffer.concat([file.subarray(0, at), Buffer.alloc(1 + below(40), below(256)), file.subarray(at)]);
		if (kind === 3)
			file.writeUInt32LE([0, 1, 0xffff_ffff, 0x7fff_ffff, 2 ** 22][below(5)] ?? 0, Math.min(at, file.length - 4));
		writeFileSync(damaged, file);
		const chunks: LiveEvents[] = [];
		try {
			for await (const chunk of await openReplay(damaged)) chunks.push(chunk);
		} catch (error) {
			refused += 1;
			t.match(error, { name: "FormatError", byteOffset: Number });
		}
		const before = JSON.stringify(plain(chunks));
		if (before !== JSON.stringify(given.slice(0, chunks.length))) t.fail(`round ${round}: other events`);
		const skipped = await openReplay(damaged, { onFault: "skip" }).catch(() => undefined);
		if (skipped === undefined) continue;
		// A chunk that waits for what comes behind it is given where that is left out.
		const rest = plain(await readAll(skipped));
		if (JSON.stringify(rest) !== JSON.stringify(given.slice(0, rest.length)) || rest.length < chunks.length)
			t.fail(`round ${round}`);
	}
	t.ok(refused > 200, `${refused} of 600 refused`);
	writeFileSync(damaged, "nothing of the kind, but long enough");
	await t.rejects(openReplay(damaged), /byte 0: no recording of a sensor; allowed: the bytes 89 53/);
	await t.rejects(openReplay(join(folder, "none")), { name: "DatasetError", message: /cannot be read/ });
	const peer = new ScriptedPeer();
	const source = await openSource(peer, { format: "spif" });
	t.throws(
		() => recordSource(source, path),
		{ name: "DatasetError", message: /EEXIST/ },
		"never over another recording",
	);
	await source.close();
});

t.test("any events are kept as they are: bad ones, and more than a frame holds", async (t) => {
	const path = join(t.testdir({}), "odd.stllr");
	const count = 300_000;
	const odd = {
		t: new Float64Array(count),
		x: new Uint16Array(count),
		y: new Uint16Array(count),
		p: new Uint8Array(count),
	};
	for (let index = 0; index < count; index += 1) {
		odd.t[index] = index;
		odd.x[index] = index % 65_536;
		odd.p[index] = index % 256;
	}
	const decoder = {
		hasTimes: true,
		faults: 0,
		*push() {
			yield odd;
		},
		*end() {},
		close() {},
	};
	async function* once() {
		yield new Uint8Array(1);
	}
	const recorder = recordSource(await openSource(once(), { decoder, queueEvents: 2 ** 20 }), path);
	for await (const _ of recorder);
	const chunks = await readAll(await openReplay(path));
	t.strictSame(
		chunks.map((chunk) => chunk.t.length),
		[2 ** 18, count - 2 ** 18],
	);
	t.strictSame(
		chunks.flatMap((chunk) => [...chunk.x]).every((x, index) => x === index % 65_536),
		true,
	);
});

const program = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));
const node = ["-u", "NODE_OPTIONS", process.execPath, program];

function stllr(...args: string[]) {
	const { status, stdout, stderr } = spawnSync("env", [...node, ...args], { encoding: "utf8" });
	return { status, stdout, stderr };
}

/** Starts the program, and gathers what it says. */
function start(...args: string[]): { child: ChildProcess; said: () => string } {
	const child = spawn("env", [...node, ...args], { stdio: ["pipe", "pipe", "pipe"] });
	let said = "";
	for (const stream of [child.stdout, child.stderr])
		stream?.setEncoding("utf8").on("data", (text: string) => (said += text));
	return { child, said: () => said };
}

t.test("record and replay: a camera on the command line, Ctrl-C, the events as lines, a network", async (t) => {
	const folder = t.testdir({});
	const [port, path] = [await freePort(), join(folder, "wave.stllr")];
	const { child, said } = start("record", `udp://127.0.0.1:${port}?format=spif`, path, "--label", "wave", "--json");
	await until(() => said().includes(`listening at 127.0.0.1:${port}`));
	const socket = createSocket("udp4");
	await new Promise((resolve) => socket.send(spif(500, 1000, 100), port, "127.0.0.1", resolve));
	// What it has flushed is in the file.
	await until(() => statSync(path).size > 13 * 500);
	child.kill("SIGINT");
	const [code] = await once(child, "exit");
	socket.close();
	t.equal(code, 0, said());
	t.match(said(), /500 events/);

	const csv = stllr("replay", path, "--csv", "--speed", "max", "--quiet");
	t.same([csv.status, csv.stderr], [0, ""]);
	const lines = csv.stdout.trimEnd().split("\n");
	t.strictSame([lines.length, lines[0], lines[1], lines[500]], [501, "t,x,y,p", "1000,0,0,0", "50900,3,3,1"]);

	const spec = join(folder, "network.json");
	const made: NetworkSpec = {
		input: { width: 16, height: 8, polarities: 2 },
		stepUs: 1000,
		layers: [
			{ type: "dense", units: 8 },
			{ type: "readout", classes: ["rest", "wave"] },
		],
	};
	writeFileSync(spec, JSON.stringify(made));
	const learned = stllr("replay", path, "--network", spec, "--json", "--quiet");
	t.same([learned.status, learned.stderr], [0, ""]);
	const network = await Network.create(made);
	const replay = await openReplay(path);
	for await (const _ of network.follow(replay, { labels: () => "wave" }));
	t.match(JSON.parse(learned.stdout), {
		label: "wave",
		events: 500,
		isCut: false,
		lostBytes: 0,
		recorded: { given: 500, overflowed: 0 },
		weightsHash: network.weightsHash(),
	});
	const plainly = stllr("replay", path, "--network", spec);
	t.match(plainly.stdout, /s: (rest|wave), learned wave\n/);
	t.match(plainly.stdout, `weights ${network.weightsHash()}\n`);
});

t.test("record: killed in the middle, everything that was flushed is there", async (t) => {
	const [port, path] = [await freePort(), join(t.testdir({}), "killed.stllr")];
	const { child, said } = start("record", `udp://127.0.0.1:${port}?format=spif`, path);
	await until(() => said().includes("listening"));
	const socket = createSocket("udp4");
	await new Promise((resolve) => socket.send(spif(100, 1000), port, "127.0.0.1", resolve));
	await until(() => statSync(path).size > 1300);
	const size = statSync(path).size;
	child.kill("SIGKILL");
	await once(child, "exit");
	socket.close();
	const { status, stdout, stderr } = stllr("replay", path, "--speed", "max", "--json");
	t.equal(status, 0);
	t.match(stderr, /the recording is cut/);
	t.match(JSON.parse(stdout), { events: 100, isCut: true, recorded: null });
	t.ok(statSync(path).size >= size);
});

t.test("record: standard input to its end; mistakes are one line", async (t) => {
	const folder = t.testdir({});
	const path = join(folder, "piped.stllr");
	const piped = spawnSync("env", [...node, "record", "-", path, "--format", "spif", "--quiet"], {
		input: spif(3000, 0),
	});
	t.equal(piped.status, 0, String(piped.stderr));
	t.match(String(piped.stdout), /piped\.stllr: 3 000 events, [\d ]+ bytes\n$/);
	const mistakes: [string[], number, RegExp][] = [
		[["record"], 2, /^stllr: record needs a SOURCE and a FILE$/],
		[["record", "-", "a", "b"], 2, /^stllr: record takes one source; what is "b"\?$/],
		[["record", "-", join(folder, "new")], 1, /^stllr: format: undefined is not allowed; /],
		[["record", "-", path, "--format", "spif"], 1, /^stllr: .*piped\.stllr: cannot be written: EEXIST/],
		[["record", "udp://x", path], 1, /^stllr: source: "udp:\/\/x" is not allowed; /],
		[["record", "-", path, "--seconds", "0"], 2, /^stllr: --seconds: 0 is not allowed; allowed: above 0$/],
		[["replay"], 2, /^stllr: replay needs a FILE$/],
		[["replay", join(folder, "none")], 1, /^stllr: .*none: cannot be read: ENOENT/],
		[["replay", path, "--speed", "0"], 1, /^stllr: --speed: 0 is not allowed; allowed: a number above 0, or "max"$/],
		[["replay", path, "--csv", "--json"], 2, /^stllr: --csv and --json do not go together$/],
	];
	for (const [args, exit, message] of mistakes) {
		const { status, stdout, stderr } = stllr(...args);
		t.same([status, stdout], [exit, ""], args.join(" "));
		t.match(stderr.trimEnd(), message);
		t.equal(stderr.trimEnd().split("\n").length, 1, stderr);
	}
	for (const name of ["record", "replay"]) {
		const { status, stdout } = stllr(name, "--help");
		t.equal(status, 0);
		t.ok(Math.max(...stdout.split("\n").map((line) => line.length)) <= 80, `${name} --help fits 80 columns`);
	}
});

t.test("the checksum is the CRC-32 of zip, with and without Node's", async (t) => {
	const { crc32 } = await import("../dist/zip/crc.js");
	t.equal(crc32(new TextEncoder().encode("123456789")), 0xcbf43926, "the standard's own example");
	const path = join(t.testdir({}), "small.stllr");
	await small(path);
	const bytes = readFileSync(path);
	for (let at = 16; at < bytes.length; ) {
		const length = bytes.readUInt32LE(at);
		const held = bytes.subarray(at + 20, at + 20 + length);
		t.equal(crc32(held, crc32(bytes.subarray(at, at + 16))), bytes.readUInt32LE(at + 16));
		at += 20 + length;
	}
});
