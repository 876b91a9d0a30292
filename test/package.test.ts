// The package as a user gets it: packed, installed into an empty folder without a network, a compiler or Rust, and run.
import { spawnSync } from "node:child_process";
import {
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	realpathSync,
	rmSync,
	symlinkSync,
	writeFileSync,
} from "node:fs";
import { homedir, tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";

const root = fileURLToPath(new URL("..", import.meta.url));

const PROGRAM = `
import { events, Network } from "stllr";
import { deltaEncoder } from "stllr/encode";

const create = (first) => Network.create({
	input: { width: 4, height: 4, polarities: 2 },
	stepUs: 1000,
	layers: [first, { type: "readout", classes: ["left", "right"] }],
	seed: 1,
});
const networks = [await create({ type: "dense", units: 32 }), await create({ type: "conv", filters: 8, kernel: 3 })];
const seen = (x) => {
	const t = Array.from({ length: 80 }, (_, i) => 250 * i);
	return events({ t, x: t.map((_, i) => x + (i % 2)), y: t.map((_, i) => (i >> 1) % 4), p: t.map(() => 1) });
};
for (const network of networks) {
	for (let round = 0; round < 20; round += 1) {
		network.learn(seen(0), 0);
		network.learn(seen(2), 1);
	}
	console.log(network.classify(seen(0)).name, network.classify(seen(2)).name);
	network.close();
}
const delta = await deltaEncoder({ sampleRateHz: 100, threshold: 1 });
console.log(...delta.encode([0, 2, 3.5]).t);
`;

// Sensors without the libraries that only some of them need: what needs none works, the others say what to install.
const SENSORS = `
import { createSocket } from "node:dgram";
import { openSource } from "stllr/sensors";

const source = await openSource("udp://127.0.0.1:0?format=spif");
const { value } = await source.status().next();
const socket = createSocket("udp4");
socket.send(Uint8Array.of(5, 0, 7, 0, 100, 0, 0, 0), Number(value.address.split(":")[1]), "127.0.0.1", () => socket.close());
for await (const { t, x, y } of source) {
	console.log(t[0], x[0], y[0]);
	break;
}
const needs = { mqtt: "mqtt://127.0.0.1/a?format=json", serialport: "serial:/dev/null?format=edvs4", ws: "ws://127.0.0.1/?format=spif" };
delete globalThis.WebSocket;
for (const [name, url] of Object.entries(needs)) {
	// A folder above may hold one.
	const isThere = await import(name).then(() => true, () => false);
	if (isThere) console.log(name, "is there");
	else await openSource(url).catch((error) => console.log(error.name, error.message));
}
`;

const STORE = `
import { Store } from "stllr/store";

const store = new Store("kept", { validate() {} });
await store.write(Uint8Array.of(1, 2));
await store.write(Uint8Array.of(3));
const { bytes, generation } = await store.read();
console.log(...bytes, generation);
`;

t.test("package: installs into an empty folder and works, with no network, compiler or Rust", async (t) => {
	const place = mkdtempSync(join(tmpdir(), "stllr-package-"));
	t.teardown(() => rmSync(place, { recursive: true, force: true }));
	const tarball = pack(place);

	const folder = join(place, "empty");
	const env = bareEnvironment(place);
	mkdirSync(folder);
	// The folder is named, or npm would go up to one above that looks like a project.
	const installed = run("npm", ["install", "--prefix", folder, tarball], { cwd: folder, env });
	t.equal(installed.status, 0, `npm install: ${installed.stderr}`);

	const holds = join(folder, "node_modules/stllr");
	t.strictSame(readdirSync(holds).sort(), ["CHANGELOG.md", "LICENSE", "README.md", "dist", "package.json"]);
	const wasm = readdirSync(join(holds, "dist/wasm")).filter((file) => file.endsWith(".wasm"));
	t.strictSame(wasm.sort(), [
		"stllr_bg.wasm",
		"stllr_deep_bg.wasm",
		"stllr_deep_scalar_bg.wasm",
		"stllr_encode_bg.wasm",
		"stllr_events_bg.wasm",
		"stllr_scalar_bg.wasm",
	]);
	for (const file of wasm) {
		t.notOk(
			readFileSync(join(holds, "dist/wasm", file)).includes(homedir()),
			`${file} names no folder of this machine`,
		);
	}

	writeFileSync(join(folder, "program.mjs"), PROGRAM);
	const program = run("node", ["program.mjs"], { cwd: folder, env });
	t.strictSame({ ...program }, { status: 0, stdout: "left right\nleft right\n10000 20000\n", stderr: "" });

	writeFileSync(join(folder, "store.mjs"), STORE);
	const store = run("node", ["store.mjs"], { cwd: folder, env });
	t.strictSame({ ...store }, { status: 0, stdout: "3 newest\n", stderr: "" });

	writeFileSync(join(folder, "sensors.mjs"), SENSORS);
	const sensors = run("node", ["sensors.mjs"], { cwd: folder, env });
	t.strictSame([sensors.status, sensors.stderr], [0, ""]);
	const [event, ...missing] = sensors.stdout.trimEnd().split("\n");
	t.equal(event, "100 7 5");
	t.equal(missing.length, 3, sensors.stdout);
	for (const [index, name] of ["mqtt", "serialport", "ws"].entries()) {
		t.match(
			missing[index],
			new RegExp(
				`^${name} is there$|^EnvironmentError ${name} is not installed; this source needs it: npm i ${name}@\\d+\\.\\d+\\.\\d+$`,
			),
		);
	}

	const help = run("npx", ["stllr", "--help"], { cwd: folder, env });
	t.equal(help.status, 0, `npx stllr: ${help.stderr}`);
	t.match(help.stdout, /stllr train/);
});

function pack(into: string): string {
	const { status, stdout, stderr } = run("npm", ["pack", "--ignore-scripts", "--silent", "--pack-destination", into], {
		cwd: root,
		env: process.env,
	});
	if (status !== 0) throw new Error(`npm pack: ${stderr}`);
	return join(into, stdout.trim());
}

// Nothing but Node, npm and the shell that npm starts programs with; no settings, an empty cache, and no network.
function bareEnvironment(place: string): Record<string, string> {
	const bin = join(place, "bin");
	mkdirSync(bin);
	for (const name of ["node", "npm", "npx", "sh", "env"]) symlinkSync(whereIs(name), join(bin, name));
	return {
		PATH: bin,
		HOME: join(place, "home"),
		npm_config_cache: join(place, "cache"),
		npm_config_offline: "true",
		npm_config_update_notifier: "false",
	};
}

function whereIs(name: string): string {
	if (name === "node") return process.execPath;
	for (const folder of (process.env.PATH ?? "").split(delimiter)) {
		try {
			return realpathSync(join(folder, name));
		} catch {
			// not in this folder
		}
	}
	throw new Error(`${name} is not on PATH`);
}

function run(command: string, args: string[], { cwd, env }: { cwd: string; env: NodeJS.ProcessEnv }) {
	const { status, stdout, stderr } = spawnSync(command, args, { cwd, env, encoding: "utf8" });
	return { status, stdout, stderr };
}
