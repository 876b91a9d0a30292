// A browser's camera and microphone, by objects that behave as the browser's. test/browser.test.ts has the real ones.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { cameraEncoder, melEncoder } from "stllr/encode";
import t from "tap";
import { openCamera } from "../dist/sensors/browser/camera.js";
import { openMicrophone } from "../dist/sensors/browser/microphone.js";
import type { LiveSource } from "../dist/sensors/source.js";
import { until } from "./live/peers.js";

const dist = fileURLToPath(new URL("../dist", import.meta.url));
const backoff = { firstMs: 1, mostMs: 2 };

class Track extends EventTarget {
	readonly kind: string;
	isStopped = false;

	constructor(kind: string) {
		super();
		this.kind = kind;
	}

	stop(): void {
		this.isStopped = true;
	}
}

/** What the page has asked for, and was given. */
const opened: { readonly asked: MediaStreamConstraints; readonly track: Track }[] = [];
let refuse: Error | undefined;

async function getUserMedia(asked: MediaStreamConstraints): Promise<{ getTracks(): Track[] }> {
	if (refuse !== undefined) throw refuse;
	const track = new Track(asked.video === undefined ? "audio" : "video");
	opened.push({ asked, track });
	return { getTracks: () => [track] };
}

/** Puts what a browser has in its place, until the test is over. */
function install(t: { teardown(call: () => void): void }, objects: Record<string, unknown>): void {
	for (const [name, value] of Object.entries(objects)) {
		const before = Object.getOwnPropertyDescriptor(globalThis, name);
		Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
		t.teardown(() => {
			if (before === undefined) Reflect.deleteProperty(globalThis, name);
			else Object.defineProperty(globalThis, name, before);
		});
	}
}

interface Read {
	readonly t: number[];
	readonly x: number[];
	readonly p: number[];
}

async function all(source: LiveSource): Promise<Read> {
	const read: Read = { t: [], x: [], p: [] };
	for await (const chunk of source) for (const key of ["t", "x", "p"] as const) read[key].push(...chunk[key]);
	return read;
}

const [WIDTH, HEIGHT] = [6, 4];

/** What the camera shows at frame k: all pixels alike, darker and brighter. */
const picture = (k: number) => new Uint8ClampedArray(4 * WIDTH * HEIGHT).fill([40, 200, 90, 250][k % 4] ?? 0);

/** A page whose video shows what it is told to. */
function page(hasVideoFrames: boolean) {
	const state = { shown: 0, video: {} as Record<string, unknown>, next: undefined as (() => void) | undefined };
	let seconds = 0;
	const canvas = {
		getContext: () => ({
			drawImage: (video: unknown) => t.equal(video, state.video),
			getImageData: (_x: number, _y: number, width: number, height: number) => {
				t.same([width, height], [WIDTH, HEIGHT]);
				return { data: picture(state.shown) };
			},
		}),
	};
	const video = {
		play: async () => undefined,
		get currentTime() {
			return seconds;
		},
		...(hasVideoFrames && {
			requestVideoFrameCallback: (call: (nowMs: number, about: { mediaTime: number }) => void) => {
				state.next = () => call(0, { mediaTime: seconds });
				return 7;
			},
			cancelVideoFrameCallback: (handle: number) => {
				t.equal(handle, 7);
				state.next = undefined;
			},
		}),
	};
	state.video = video;
	/** Shows frame k at its time. */
	const show = (k: number) => {
		state.shown = k;
		seconds = k / 50;
		const next = state.next;
		state.next = undefined;
		next?.();
	};
	const objects = {
		navigator: { mediaDevices: { getUserMedia } },
		document: { createElement: (name: string) => (name === "video" ? video : canvas) },
		requestAnimationFrame: (call: () => void) => {
			state.next = call;
			return 9;
		},
		cancelAnimationFrame: (handle: number) => {
			t.equal(handle, 9);
			state.next = undefined;
		},
	};
	return { state, show, objects };
}

for (const hasVideoFrames of [true, false]) {
	t.test(`camera: frames to events, ${hasVideoFrames ? "as they are shown" : "as the page is drawn"}`, async (t) => {
		const { state, show, objects } = page(hasVideoFrames);
		install(t, objects);
		const camera = await cameraEncoder({ width: WIDTH, height: HEIGHT });
		const direct = await cameraEncoder({ width: WIDTH, height: HEIGHT });
		const wanted: number[] = [];
		for (let k = 1; k <= 12; k += 1) {
			for (const { t } of direct.push({ timeUs: 20_000 * k, pixels: picture(k) })) wanted.push(...t);
		}
		const source = openCamera(camera, { video: { facingMode: "environment" }, backoff });
		const reading = all(source);
		await until(() => state.next !== undefined);
		t.same(opened.at(-1)?.asked, { video: { width: { ideal: 6 }, height: { ideal: 4 }, facingMode: "environment" } });
		for (let k = 1; k <= 12; k += 1) {
			show(k);
			// Shown twice, and taken once.
			show(k);
		}
		await until(() => source.counts.given === wanted.length);
		await source.close();
		t.ok(wanted.length > 200, `${wanted.length} events`);
		t.same((await reading).t, wanted);
		t.match(source.counts, { bytes: 12 * (8 + 4 * WIDTH * HEIGHT), unread: 0, late: 0, connections: 1 });
		t.ok(opened.at(-1)?.track.isStopped, "its light is out");
		t.equal(state.next, undefined, "nothing more is asked of the page");
	});
}

t.test("camera: one that is taken away, or refused, is asked for again", async (t) => {
	const { state, show, objects } = page(true);
	install(t, objects);
	const camera = await cameraEncoder({ width: WIDTH, height: HEIGHT });
	const source = openCamera(camera, { backoff: { ...backoff, attempts: 3 } });
	const said: string[] = [];
	const listening = (async () => {
		for await (const status of source.status())
			said.push("reason" in status ? `${status.type}: ${status.reason}` : status.type);
	})();
	const reading = all(source);
	await until(() => state.next !== undefined);
	show(1);
	show(2);
	await until(() => source.counts.given > 0);
	const before = source.counts.given;
	const first = opened.at(-1)?.track;
	first?.dispatchEvent(new Event("ended"));
	await until(() => source.counts.connections === 2 && state.next !== undefined);
	t.ok(first?.isStopped);
	// Its time begins anew, and goes on here.
	show(1);
	show(2);
	await until(() => source.counts.given > before);
	refuse = new Error("Permission denied");
	opened.at(-1)?.track.dispatchEvent(new Event("ended"));
	await t.rejects(reading, { message: "Permission denied" });
	refuse = undefined;
	await listening;
	t.ok(said.includes("reconnecting: the video device has gone"), said.join("; "));
	t.equal(said.at(-1), "closed: Permission denied");
});

/** Sound in a page: the file of the worklet itself runs, in a thread that is none. */
function soundPage() {
	const made: { context: Context; node: Node }[] = [];
	let processor:
		| (new () => { process(inputs: Float32Array[][]): boolean; port: { onPost: (data: Float32Array) => void } })
		| undefined;
	class Port {
		onPost: (data: Float32Array) => void = () => undefined;
		postMessage(data: Float32Array): void {
			this.onPost(data);
		}
	}
	class Context {
		readonly sampleRate: number;
		readonly destination = "loudspeaker";
		isClosed = false;
		readonly audioWorklet = {
			addModule: async (url: URL) => {
				t.match(url.href, /\/dist\/sensors\/browser\/worklet\.js$/);
				await import(url.href);
			},
		};
		constructor({ sampleRate }: { sampleRate: number }) {
			this.sampleRate = sampleRate;
		}
		async resume(): Promise<void> {}
		async close(): Promise<void> {
			this.isClosed = true;
		}
		createMediaStreamSource() {
			return { connect: (to: unknown) => t.equal(to, made.at(-1)?.node) };
		}
	}
	class Node {
		readonly port: { onmessage: ((event: { data: Float32Array }) => void) | null } = { onmessage: null };
		readonly #processor;
		constructor(context: Context, name: string) {
			t.equal(name, "stllr-samples");
			if (processor === undefined) throw new Error("no processor is registered");
			this.#processor = new processor();
			this.#processor.port.onPost = (data) => this.port.onmessage?.({ data });
			made.push({ context, node: this });
		}
		connect(to: unknown): void {
			t.equal(to, "loudspeaker");
		}
		hear(samples: Float32Array): void {
			for (let at = 0; at < samples.length; at += 128) t.ok(this.#processor.process([[samples.slice(at, at + 128)]]));
			t.ok(this.#processor.process([]), "nothing is connected");
		}
	}
	const objects = {
		navigator: { mediaDevices: { getUserMedia } },
		AudioContext: Context,
		AudioWorkletNode: Node,
		AudioWorkletProcessor: class {
			readonly port = new Port();
		},
		registerProcessor: (name: string, given: typeof processor) => {
			t.equal(name, "stllr-samples");
			processor = given;
		},
	};
	return { made, objects };
}

t.test("microphone: sound to events, by the worklet's own file", async (t) => {
	const { made, objects } = soundPage();
	install(t, objects);
	const mel = await melEncoder({ sampleRateHz: 16_000 });
	const samples = Float32Array.from({ length: 256 * 63 }, (_, k) => 1.2 * Math.sin((k * k) / 40_000));
	const wanted = mel.encode(samples);
	const source = openMicrophone(mel, { sampleRateHz: 16_000, audio: { deviceId: "b" } });
	const reading = all(source);
	await until(() => made[0]?.node.port.onmessage != null);
	t.equal(made[0]?.context.sampleRate, 16_000);
	t.match(opened.at(-1)?.asked, { audio: { channelCount: 1, noiseSuppression: false, deviceId: "b" } });
	made[0]?.node.hear(samples);
	await until(() => source.counts.given === wanted.t.length);
	await source.close();
	const read = await reading;
	t.ok(wanted.t.length > 500, `${wanted.t.length} events`);
	t.same([read.t, read.x, read.p], [[...wanted.t], [...wanted.x], [...wanted.p]]);
	t.ok(made[0]?.context.isClosed && opened.at(-1)?.track.isStopped);
	t.equal(source.counts.bytes, 2 * samples.length);
});

t.test("without devices, or with odd options, there is an error that says so", async (t) => {
	const camera = await cameraEncoder({ width: 6, height: 4 });
	const mel = await melEncoder({ sampleRateHz: 16_000 });
	install(t, { navigator: {} });
	t.throws(() => openCamera(camera), { name: "EnvironmentError", message: /there is no camera here/ });
	t.throws(() => openMicrophone(mel, { sampleRateHz: 16_000 }), { message: /there is no microphone here/ });
	t.throws(() => openMicrophone(mel, { sampleRateHz: 5 }), { name: "OptionError", option: "sampleRateHz" });
	install(t, { navigator: { mediaDevices: { getUserMedia } } });
	t.throws(() => openMicrophone(mel, { sampleRateHz: 16_000 }), { message: /no AudioWorklet/ });
	t.throws(() => openCamera(camera, { queueEvents: 1 }), { name: "OptionError", option: "queueEvents" });
});

t.test("the browsers' entry knows no Node", (t) => {
	const seen = new Set<string>();
	const visit = (file: string) => {
		if (seen.has(file)) return;
		seen.add(file);
		const text = readFileSync(file, "utf8");
		for (const [, from = ""] of text.matchAll(/^(?:import|export)\b[^;]*?from "([^"]+)"/gm)) {
			if (from.startsWith(".")) visit(join(dirname(file), from));
			else t.fail(`${file} imports ${from}`);
		}
	};
	visit(join(dist, "sensors/web.js"));
	t.ok(seen.size > 20, `${seen.size} files`);
	t.end();
});
