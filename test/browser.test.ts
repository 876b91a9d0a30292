// The package in a real browser, as it is, without a bundler: on the page's own thread and in a module worker.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { kill } from "node:process";
import { fileURLToPath } from "node:url";
import { Network } from "stllr";
import { gestureSet } from "stllr/gestures";
import t from "tap";

const root = fileURLToPath(new URL("..", import.meta.url));

// One network in each of the WASM modules.
const FIRST_LAYERS = [
	{ type: "recurrent", units: 32 },
	{ type: "conv", filters: 4, kernel: 3 },
] as const;

const LEARN = `
	import { gestureNames, gestureSet } from "/dist/demo/gestures.js";
	import { Network } from "/dist/web.js";
	const stateOf = async (first) => {
		const network = await Network.create({
			input: { width: 20, height: 20, polarities: 2 },
			stepUs: 10_000,
			layers: [first, { type: "readout", classes: gestureNames }],
			seed: 4,
		});
		for (const { events, label } of gestureSet({ seed: 4, train: 40, test: 0 }).train) network.learn(events, label);
		return { kernels: network.kernels, hash: network.stateHash() };
	};
	export const learn = () => Promise.all(${JSON.stringify(FIRST_LAYERS)}.map(stateOf));
`;
const PAGE = `<!doctype html><title>stllr</title><script type="module">
	const tell = (result) => fetch("/result", { method: "POST", body: JSON.stringify(result) });
	try {
		const { learn } = await import("/learn.js");
		const page = await learn();
		const worker = new Worker("/worker.js", { type: "module" });
		const inWorker = await new Promise((done, failed) => {
			worker.onmessage = ({ data }) => done(data);
			worker.onerror = ({ message }) => failed(new Error(message));
		});
		await tell({ page, inWorker });
	} catch (error) {
		await tell({ error: String(error) });
	}
</script>`;
// Chromium has a camera that shows a circle that fills and a clock that runs, and a microphone that beeps each second.
const MEDIA = `<!doctype html><title>stllr</title><script type="module">
	const tell = (result) => fetch("/result", { method: "POST", body: JSON.stringify(result) });
	const take = async (source, wanted) => {
		const given = { events: 0, isRising: true, most: 0, lastUs: 0 };
		for await (const { t, x } of source) {
			for (const us of t) {
				given.isRising &&= us >= given.lastUs;
				given.lastUs = us;
			}
			given.most = Math.max(given.most, ...x);
			given.events += t.length;
			if (given.events >= wanted) break;
		}
		return { ...given, ...source.counts };
	};
	try {
		const { cameraEncoder, melEncoder } = await import("/dist/encode/web.js");
		const { openCamera, openMicrophone } = await import("/dist/sensors/web.js");
		const [camera, mel] = [await cameraEncoder({ width: 64, height: 48 }), await melEncoder({ sampleRateHz: 16_000 })];
		const seen = await take(openCamera(camera, { video: { frameRate: 30 } }), 2000);
		const heard = await take(openMicrophone(mel, { sampleRateHz: 16_000 }), 500);
		await tell({ seen, heard });
	} catch (error) {
		await tell({ error: String(error) });
	}
</script>`;
const MADE: Record<string, [type: string, text: string]> = {
	"/": ["text/html", PAGE],
	"/media": ["text/html", MEDIA],
	"/learn.js": ["text/javascript", LEARN],
	"/worker.js": ["text/javascript", 'import { learn } from "/learn.js"; postMessage(await learn());'],
};
const TYPES: Record<string, string> = { ".js": "text/javascript", ".wasm": "application/wasm" };

const browser = ["chromium", "chromium-browser", "google-chrome"].find(
	(name) => spawnSync(name, ["--version"]).status === 0,
);

const skip = browser === undefined ? "no Chromium on this machine" : false;

t.test("browser: the same bytes as in Node, on the page and in a worker", { skip }, async (t) => {
	const result = visit(t, "/");
	const expected: object[] = [];
	for (const first of FIRST_LAYERS) {
		const network = await Network.create({
			input: { width: 20, height: 20, polarities: 2 },
			stepUs: 10_000,
			layers: [first, { type: "readout", classes: 6 }],
			seed: 4,
		});
		for (const { events, label } of gestureSet({ seed: 4, train: 40, test: 0 }).train) network.learn(events, label);
		expected.push({ kernels: "simd128", hash: network.stateHash() });
	}
	t.strictSame(await result, { page: expected, inWorker: expected });
});

interface Taken {
	readonly events: number;
	readonly isRising: boolean;
	readonly most: number;
	readonly lastUs: number;
	readonly faults: number;
	readonly connections: number;
}

t.test("browser: camera and microphone give events", { skip }, async (t) => {
	const taken = (await visit(t, "/media")) as { readonly seen: Taken; readonly heard: Taken };
	t.match(taken, {
		seen: { isRising: true, faults: 0, connections: 1 },
		heard: { isRising: true, faults: 0, connections: 1 },
	});
	t.ok(taken.seen.events >= 2000 && taken.heard.events >= 500, JSON.stringify(taken));
	t.ok(taken.seen.most > 16 && taken.seen.most < 64 && taken.heard.most < 32, "on the encoders' channels");
	t.ok(taken.seen.lastUs > 0 && taken.heard.lastUs > 0);
});

/** Opens a page of the server, and waits for what it posts. */
async function visit(t: Pick<typeof import("tap").default, "teardown">, path: string): Promise<unknown> {
	const { server, result } = await serve();
	const profile = mkdtempSync(join(tmpdir(), "stllr-browser-"));
	const chromium = start(browser ?? "", profile, `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`);
	t.teardown(async () => {
		await stop(chromium);
		server.closeAllConnections();
		server.close();
		rmSync(profile, { recursive: true, force: true, maxRetries: 10 });
	});
	const gone = new Promise((_, failed) =>
		chromium.once("exit", (code) => failed(new Error(`Chromium ended with ${code}`))),
	);
	return Promise.race([result, gone]);
}

/** A server of the package on loopback, and what the page will post to it. */
async function serve(): Promise<{ server: Server; result: Promise<unknown> }> {
	let tell: (result: unknown) => void = () => {};
	const result = new Promise<unknown>((done) => {
		tell = done;
	});
	const server = createServer(async (request, response) => {
		const path = new URL(request.url ?? "/", "http://localhost").pathname;
		if (path === "/result") {
			let body = "";
			for await (const part of request) body += part;
			response.end();
			return tell(JSON.parse(body));
		}
		const made = MADE[path];
		// The strictest policy under which WebAssembly is allowed.
		response.setHeader("content-security-policy", "script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval'");
		response.setHeader("content-type", made?.[0] ?? TYPES[extname(path)] ?? "text/plain");
		if (made !== undefined) return response.end(made[1]);
		if (!/^\/dist\/[\w/.-]+$/.test(path) || path.includes("..")) return response.writeHead(404).end();
		response.end(readFileSync(join(root, path)));
	});
	await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
	return { server, result };
}

function start(browser: string, profile: string, page: string): ChildProcess {
	const flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"];
	flags.push("--disable-background-networking", "--disable-component-update", `--user-data-dir=${profile}`);
	// A camera and a microphone that are none, and nobody to be asked for them.
	flags.push("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream");
	flags.push("--autoplay-policy=no-user-gesture-required");
	// A group of its own, to end its helpers with it: they would go on writing to the profile.
	return spawn(browser, [...flags, page], { stdio: "ignore", detached: true });
}

async function stop(process: ChildProcess): Promise<void> {
	if (process.exitCode !== null) return;
	process.removeAllListeners("exit");
	const ended = new Promise((done) => process.once("exit", done));
	if (process.pid !== undefined) kill(-process.pid, "SIGKILL");
	await ended;
}
