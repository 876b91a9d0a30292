// Sources and real peers: each streams, is killed while it does, comes back, and everything adds up.
import { spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, read, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import mqtt from "mqtt";
import { type Events, events, writeEvents } from "stllr";
import { melEncoder } from "stllr/encode";
import { type LiveDecoder, type LiveSource, openSource, soundDecoder } from "stllr/sensors";
import t from "tap";
import { WebSocketServer } from "ws";
import { ByteServer, broker, freePort, one, programOf, SerialLine, Told, until } from "./live/peers.js";
import { spif } from "./live/scripted.js";

/** Tries again at once: a test waits for nothing. */
const backoff = { firstMs: 1, mostMs: 5 };

/** Reads a source and counts what it is given. */
function reading(source: LiveSource) {
	const read = { events: 0, times: [] as number[], done: Promise.resolve() };
	read.done = (async () => {
		for await (const chunk of source) {
			read.events += chunk.t.length;
			read.times.push(...chunk.t);
		}
	})();
	return read;
}

/** What every source must keep to, whatever has happened to it. */
function addsUp(t: Tap, source: LiveSource): void {
	const { received, given, waiting, overflowed, late } = source.counts;
	t.equal(given + waiting + overflowed + late, received, "counts add up");
}
type Tap = Pick<typeof t, "equal">;

const isRising = (times: readonly number[]) => times.every((us, index) => index === 0 || us >= (times[index - 1] ?? 0));

t.test("UDP: SPIF words from a sender that is killed and started again", async (t) => {
	const port = await freePort();
	const source = await openSource(`udp://127.0.0.1:${port}?format=spif&receiveBytes=1048576`, { silenceMs: 20 });
	const told = new Told(source);
	const got = reading(source);
	await until(() => source.counts.connections === 1);
	let sent = 0;
	const send = async (from: number) => {
		const socket = createSocket("udp4");
		for (let message = 0; message < 50; message += 1) {
			await new Promise((resolve) => socket.send(spif(100, from + message * 100), port, "127.0.0.1", resolve));
			sent += 100;
			// Loopback drops what nobody takes: one message after the other.
			await until(() => source.counts.received === sent);
		}
		socket.close();
	};
	await send(1_000_000);
	await told.of("silent");
	await send(5000);
	t.ok(told.count("gap") >= 1, "the sender was away");
	await until(() => got.events + source.counts.late === sent);
	addsUp(t, source);
	t.equal(source.counts.received, 10_000);
	t.ok(isRising(got.times));
	await source.close();
	await got.done;
});

/** What a camera's stream of so many events is: a whole EVT-like file of Event Stream, or DV's network stream. */
async function bytesOf(format: "es" | "dv", from: number, count: number): Promise<Uint8Array> {
	const t = Array.from({ length: count }, (_, index) => from + 10 * index);
	const made = events({ t, x: t.map((us) => us % 30), y: t.map((us) => us % 20), p: t.map((us) => us % 2) });
	const parts: Uint8Array[] = [];
	const sensor = { width: 30, height: 20 };
	for await (const part of writeEvents(one(made), format === "dv" ? "aedat4" : "es", { sensor }))
		parts.push(part.slice());
	const file = Buffer.concat(parts);
	// DV sends over a network what it writes to a file, but for the first line.
	return format === "dv" ? file.subarray(14) : file;
}

for (const [name, at, format] of [
	["TCP", "port", "dv"],
	["TCP", "port", "es"],
	["Unix socket", "path", "dv"],
] as const) {
	t.test(`${name}: ${format} from a server that crashes in the middle and comes back`, async (t) => {
		// The path of a Unix socket has to be short.
		const folder = mkdtempSync(join(tmpdir(), "stllr-"));
		t.teardown(() => rmSync(folder, { recursive: true, force: true }));
		const place = at === "port" ? await freePort() : join(folder, "camera.sock");
		const server = new ByteServer(place);
		const url = at === "port" ? `tcp://127.0.0.1:${place}` : `unix:${place}`;
		const source = await openSource(`${url}?format=${format}`, { backoff });
		const told = new Told(source);
		const read = reading(source);
		await told.of("reconnecting");
		await server.start();
		const first = await server.client();
		const bytes = await bytesOf(format, 1_000_000, 1000);
		// Without its last byte: the last record, or packet, is cut by the crash.
		first.write(bytes.subarray(0, bytes.length - 1));
		await until(() => source.counts.bytes === bytes.length - 1);
		await server.kill();
		const receivedBefore = await settledCount(source);
		await told.of("reconnecting", told.count("reconnecting") + 1);
		await server.start();
		const second = await server.client();
		second.end(await bytesOf(format, 9_000_000, 1000));
		await until(() => source.counts.received === receivedBefore + 1000);
		await until(() => read.events === receivedBefore + 1000);
		t.ok(told.count("gap") >= 1, "the gap is told");
		t.equal(source.counts.faults, 1, "what the crash cut is counted");
		if (format === "es") t.equal(receivedBefore, 999, "all before the cut is there");
		t.ok(isRising(read.times));
		addsUp(t, source);
		await source.close();
		await read.done;
		await server.kill();
	});
}

async function settledCount(source: LiveSource): Promise<number> {
	const { connections } = source.counts;
	await until(() => source.counts.faults > 0 || source.counts.connections > connections);
	return source.counts.received;
}

t.test("TCP: a slow reader makes the server wait, where that is the policy; close ends it at once", async (t) => {
	const port = await freePort();
	const server = new ByteServer(port);
	await server.start();
	const source = await openSource(`tcp://127.0.0.1:${port}?format=spif&queue=wait&queueEvents=10000`, { backoff });
	const client = await server.client();
	let written = 0;
	while (client.write(spif(10_000, written))) written += 10_000;
	await until(() => source.counts.waiting > 0);
	t.equal(source.counts.overflowed, 0);
	await source.close();
	addsUp(t, source);
	await server.kill();
});

t.test("WebSocket: lines of JSON from a server that is killed and started again", async (t) => {
	const port = await freePort();
	const serve = async () => {
		const server = new WebSocketServer({ host: "127.0.0.1", port });
		await once(server, "listening");
		return server;
	};
	const source = await openSource(`ws://127.0.0.1:${port}/events?format=json&t=t&unit=ms&x=at.x&y=at.y&key=secret`, {
		backoff,
	});
	t.notMatch(source.name, "secret");
	const read = reading(source);
	let sent = 0;
	for (const from of [0, 1000]) {
		const server = await serve();
		const [socket, request] = await once(server, "connection");
		t.equal(request.url, "/events?key=secret", "what is not ours is the server's");
		for (let ms = from; ms < from + 100; ms += 1) {
			socket.send(
				JSON.stringify([
					{ t: ms + 0.25, at: { x: ms % 20, y: 3 } },
					{ t: ms + 0.5, at: { x: 1, y: 2 } },
				]),
			);
			sent += 2;
		}
		socket.send("{no json");
		await until(() => source.counts.received === sent && source.counts.faults === 1 + from / 1000);
		for (const client of server.clients) client.terminate();
		await new Promise((resolve) => server.close(resolve));
	}
	await until(() => read.events === sent);
	t.strictSame(read.times.slice(0, 3), [250, 500, 1250]);
	t.match(source.counts, { received: 400, given: 400, faults: 2, gaps: 1, connections: 2 });
	await source.close();
	await read.done;
});

t.test("WebSocket: the platform's own is taken where there is one", async (t) => {
	const { WebSocket } = await import("ws");
	let made = 0;
	class Own extends WebSocket {
		constructor(url: string) {
			super(url);
			made += 1;
		}
	}
	const before = Reflect.get(globalThis, "WebSocket");
	Reflect.set(globalThis, "WebSocket", Own);
	t.teardown(() => Reflect.set(globalThis, "WebSocket", before));
	const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
	await once(server, "listening");
	const address = server.address();
	const port = typeof address === "object" && address !== null ? address.port : 0;
	const source = await openSource(`ws://127.0.0.1:${port}?format=spif`);
	const [socket] = await once(server, "connection");
	socket.send(spif(5, 0));
	await until(() => source.counts.received === 5);
	t.equal(made, 1);
	await source.close();
	await new Promise((resolve) => server.close(resolve));
});

const socat = programOf("socat");
const noSocat = socat === undefined ? "needs socat, which is not installed" : false;

for (const [format, sensor] of [
	[
		"edvs4",
		(us: number) => [0x80 | (us % 128), us % 256, (us >> 24) & 255, (us >> 16) & 255, (us >> 8) & 255, us & 255],
	],
	[
		"edvst",
		(us: number) => [...Buffer.from(`1 ${String(us % 128).padStart(3)}   7 ${String(us % 65_536).padStart(5)}\n`)],
	],
	["text", (us: number) => [...Buffer.from(`${us} 3 4 1\n`)]],
] as const) {
	t.test(`serial line: ${format}, pulled out and put in again`, { skip: noSocat }, async (t) => {
		const folder = t.testdir({});
		const line = new SerialLine(socat ?? "", folder);
		await line.plug();
		const source = await openSource(`serial:${line.near}?format=${format}&baud=115200&jumpUs=100000000`, { backoff });
		const told = new Told(source);
		const read = reading(source);
		let sent = 0;
		for (const round of [0, 1]) {
			await until(() => source.counts.connections === round + 1);
			const far = openSync(line.far, "r+");
			if (format.startsWith("edvs")) {
				// The source has asked the sensor to begin.
				const asked = `!E${format === "edvst" ? 31 : 4}\nE+\n`;
				t.equal(await readText(far, asked.length), asked);
			}
			for (let index = 0; index < 200; index += 1) {
				writeSync(far, Uint8Array.from(sensor(1000 * round + index)));
				sent += 1;
			}
			await until(() => source.counts.received === sent);
			closeSync(far);
			await line.pull();
			if (round === 0) {
				await told.of("reconnecting");
				await line.plug();
			}
		}
		await until(() => read.events === sent);
		t.match(source.counts, { received: 400, given: 400, late: 0, faults: 0, gaps: 1 });
		t.ok(isRising(read.times));
		await source.close();
		await read.done;
	});
}

/** So many characters of a file that has them, or will have. */
async function readText(file: number, length: number): Promise<string> {
	let text = "";
	while (text.length < length) {
		const { bytesRead, buffer } = await promisify(read)(
			file,
			Buffer.alloc(length - text.length),
			0,
			length - text.length,
			null,
		);
		text += buffer.toString("utf8", 0, bytesRead);
	}
	return text;
}

const mosquitto = programOf("mosquitto");
const noMosquitto = mosquitto === undefined ? "needs mosquitto, which is not installed" : false;

t.test(
	"MQTT: a broker that is killed and started again; lost messages are counted",
	{ skip: noMosquitto },
	async (t) => {
		const [folder, port] = [t.testdir({}), await freePort()];
		let server = await broker(mosquitto ?? "", folder, port);
		const url = `mqtt://127.0.0.1:${port}/touch/+?format=json&list=events&t=us&x=pad&p=down&sequence=n`;
		const source = await openSource(url, { backoff });
		const told = new Told(source);
		const read = reading(source);
		let n = 0;
		const publish = async (count: number, isHeard: boolean) => {
			const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`, { reconnectPeriod: 0 });
			for (let message = 0; message < count; message += 1, n += 1) {
				const payload = {
					n,
					events: [
						{ us: 100 * n, pad: n % 4, down: true },
						{ us: 100 * n + 50, pad: n % 4, down: -1 },
					],
				};
				await client.publishAsync(isHeard ? "touch/left" : "elsewhere", JSON.stringify(payload), { qos: 1 });
			}
			await client.endAsync();
		};
		await until(() => source.counts.connections === 1);
		await publish(100, true);
		await until(() => source.counts.received === 200);
		await server.kill();
		await told.of("reconnecting");
		server = await broker(mosquitto ?? "", folder, port);
		await until(() => source.counts.connections === 2);
		await publish(7, false);
		await publish(100, true);
		await until(() => source.counts.received === 400);
		t.match(source.counts, { received: 400, lost: 7, faults: 0, late: 0 });
		t.strictSame(told.all.flatMap((status) => (status.type === "gap" ? [status.why] : [])).sort(), [
			"connection",
			"sequence",
		]);
		await until(() => read.events === 400);
		t.ok(isRising(read.times));
		await source.close();
		await read.done;
		await server.kill();
	},
);

t.test("standard input: sound piped in, through a decoder of one's own; the end is the end", async (t) => {
	// What arecord, sox or ffmpeg would send: 16-bit samples. An event where the sound rises over a threshold.
	const samples = Int16Array.from({ length: 16_000 }, (_, index) => Math.round(20_000 * Math.sin(index / 20)));
	const child = spawn(
		process.execPath,
		[
			"-e",
			`process.stdout.write(Buffer.from(${JSON.stringify(Buffer.from(samples.buffer).toString("base64"))}, "base64"))`,
		],
		{
			env: { ...process.env, NODE_OPTIONS: "" },
			stdio: ["ignore", "pipe", "inherit"],
		},
	);
	const source = await openSource(child.stdout, { decoder: risingEdges(16_000) });
	const read = reading(source);
	await read.done;
	let expected = 0;
	for (let index = 1; index < samples.length; index += 1) {
		if ((samples[index - 1] ?? 0) < 1000 && (samples[index] ?? 0) >= 1000) expected += 1;
	}
	t.equal(read.events, expected);
	t.ok(expected > 100);
	t.match(source.counts, { bytes: 32_000, given: expected, waiting: 0 });
});

t.test("sound through an encoder: any pieces give the events of the whole", async (t) => {
	const mel = await melEncoder({ sampleRateHz: 8000 });
	const samples = Int16Array.from({ length: 8001 }, (_, index) => 9000 * Math.sin((index * index) / 20_000));
	const whole = mel.encode(samples);
	const bytes = new Uint8Array(samples.buffer);
	async function* pieces() {
		for (let from = 0, size = 1; from < bytes.length; from += size, size = (size * 7) % 1009) {
			yield bytes.subarray(from, from + size);
		}
		yield Uint8Array.of(7);
	}
	const source = await openSource(pieces(), { decoder: soundDecoder(mel) });
	const read = reading(source);
	await read.done;
	t.ok(whole.t.length > 100);
	t.strictSame(read.times, [...whole.t]);
	t.match(source.counts, { faults: 1, late: 0 }, "half a sample at the end");
	mel.close();
});

/** A decoder of sound: an event each time that the samples rise over 1,000: the quietest tool gives an eighth of full scale. */
function risingEdges(rateHz: number): LiveDecoder {
	let [before, index, odd] = [0, 0, undefined as number | undefined];
	return {
		hasTimes: true,
		faults: 0,
		*push(bytes): Generator<Events> {
			const times: number[] = [];
			for (const byte of bytes) {
				if (odd === undefined) {
					odd = byte;
					continue;
				}
				const sample = ((byte << 24) >> 16) | odd;
				odd = undefined;
				if (before < 1000 && sample >= 1000) times.push(Math.round((1e6 * index) / rateHz));
				before = sample;
				index += 1;
			}
			if (times.length > 0) yield events({ t: times, x: times.map(() => 0) });
		},
		*end() {},
		close() {},
	};
}

const tools = [
	["sox", "-n -t raw -r 16000 -b 16 -e signed -c 1 - synth sine 440"],
	["ffmpeg", "-loglevel quiet -f lavfi -i sine=frequency=440:sample_rate=16000 -f s16le -"],
].flatMap(([name = "", args = ""]) => ({ path: programOf(name), args: args.split(" ") }));
const tool = tools.find(({ path }) => path !== undefined);
const noTool = tool === undefined ? "needs sox or ffmpeg, neither of which is installed" : false;

t.test("sound: a pipe that is killed in the middle ends the source", { skip: noTool }, async (t) => {
	const child = spawn(tool?.path ?? "", tool?.args ?? [], { stdio: ["ignore", "pipe", "ignore"] });
	const source = await openSource(child.stdout, { decoder: risingEdges(16_000) });
	const read = reading(source);
	await until(() => read.events > 1000);
	child.kill("SIGKILL");
	await read.done;
	addsUp(t, source);
	// 440 a second, and none missing.
	const [first = 0, last = 0] = [read.times[0], read.times.at(-1)];
	t.ok(Math.abs((1e6 * (read.events - 1)) / (last - first) - 440) < 0.5);
});
