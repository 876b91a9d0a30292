// The store on the disk of this machine: what is kept, what is refused, and which of two files is read.
import { spawn, spawnSync } from "node:child_process";
import {
	chmodSync,
	existsSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	readlinkSync,
	statSync,
	symlinkSync,
	truncateSync,
	writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { nodeFiles, StorageError, Store, type StoreOptions } from "stllr/store";
import t from "tap";
import { Disk } from "./store/memory-files.js";
import { indexOf, saveOf, validate } from "./store/saves.mjs";

function newStore(path: string, options: Partial<StoreOptions> = {}) {
	const warnings: string[] = [];
	const store = new Store(path, { validate, warn: (text) => warnings.push(text), ...options });
	return { store, warnings };
}

const windows = process.platform === "win32" ? "Windows has other files" : false;
const program = fileURLToPath(new URL("store/writer.mjs", import.meta.url));

t.test("two generations; the older where the newest is damaged or missing", async (t) => {
	const folder = t.testdir();
	const path = join(folder, "digits.stllr");
	const { store, warnings } = newStore(path);
	await t.rejects(store.read(), { code: "storage", kind: "missing", file: path });
	for (let index = 1; index <= 3; index += 1) await store.write(saveOf(index, 100_000));
	t.strictSame(readdirSync(folder).sort(), ["digits.stllr", "digits.stllr.previous"]);
	t.match(await store.read(), { bytes: saveOf(3, 100_000), generation: "newest", warning: undefined });
	t.equal(indexOf(readFileSync(`${path}.previous`)), 2);

	truncateSync(path, 99_999);
	const older = await newStore(path, { warn: (text) => warnings.push(text) }).store.read();
	t.strictSame([indexOf(older.bytes), older.generation], [2, "previous"]);
	t.equal(
		older.warning,
		`${path}: check: 99999 bytes whose checksum is another; ${path}.previous, the save before it, is loaded instead`,
	);
	t.strictSame(warnings, [older.warning]);

	// The damaged file does not take the place of the whole one, and is not lost.
	await newStore(path, { warn: (text) => warnings.push(text) }).store.write(saveOf(4));
	t.strictSame(readdirSync(folder).sort(), ["digits.stllr", "digits.stllr.damaged", "digits.stllr.previous"]);
	t.equal(readFileSync(`${path}.damaged`).length, 99_999);
	t.equal(indexOf(readFileSync(`${path}.previous`)), 2);
	t.match(warnings, [String, /checksum is another; it is replaced, and kept as .*digits\.stllr\.damaged$/]);

	writeFileSync(path, "");
	writeFileSync(`${path}.previous`, "no save");
	await t.rejects(store.read(), {
		kind: "invalid",
		message: /neither save can be used: .*: 0 bytes whose checksum.*digits\.stllr\.previous: check: 7 bytes whose/,
	});
});

t.test("no save is larger than the reader allows", async (t) => {
	const path = join(t.testdir(), "a.stllr");
	const { store } = newStore(path, { maxBytes: 1000 });
	await store.write(saveOf(1, 1000));
	await t.rejects(store.write(saveOf(2, 1001)), { code: "option", option: "bytes" });
	t.equal(indexOf((await store.read()).bytes), 1);
	const big = join(t.testdir(), "big.stllr");
	writeFileSync(big, "");
	// The file has a length and no bytes: reading it would need 2 TiB.
	truncateSync(big, 2 ** 41);
	await t.rejects(newStore(big).store.read(), {
		kind: "too-large",
		message: /it has 2199023255552 bytes; allowed: at most 1073741824 \(maxBytes\)/,
	});
	for (const maxBytes of [0, 2 ** 32 + 1, 1.5])
		t.throws(() => newStore(path, { maxBytes }), { code: "option", option: "maxBytes" });
	t.throws(() => newStore(""), { code: "option", option: "path" });
	// @ts-expect-error: as a program without types might.
	t.throws(() => new Store(path, {}), { code: "option", option: "validate" });
	await t.rejects(store.write("text" as never), { code: "option", option: "bytes" });
});

t.test("what stands in the way is named", async (t) => {
	const folder = t.testdir({ file: "", sub: {} });
	const missing = join(folder, "none", "a.stllr");
	await t.rejects(newStore(missing).store.write(saveOf(1)), {
		kind: "no-folder",
		systemCode: "ENOENT",
		operation: "create",
		message: /none\/a\.stllr\.[^:]*: create: there is no such file or folder \(ENOENT\)/,
	});
	await t.rejects(newStore(missing).store.read(), { code: "storage", kind: "missing" });
	await t.rejects(newStore(join(folder, "file", "a.stllr")).store.write(saveOf(1)), {
		code: "storage",
		kind: "no-folder",
	});
	await t.rejects(newStore(join(folder, "sub")).store.write(saveOf(1)), { code: "storage", kind: "no-file" });
	await t.rejects(newStore(join(folder, "sub")).store.read(), { code: "storage", kind: "no-file" });
	await t.rejects(newStore(join(folder, "n".repeat(300))).store.write(saveOf(1)), { code: "storage", kind: "failed" });
	await t.rejects(newStore(join(folder, "a\0b")).store.write(saveOf(1)), { code: "storage", kind: "failed" });
	t.strictSame(readdirSync(folder).sort(), ["file", "sub"]);
});

t.test("permissions are kept, links are followed, a pipe does not hang", { skip: windows }, async (t) => {
	const folder = t.testdir({ real: {} });
	const path = join(folder, "a.stllr");
	symlinkSync(join("real", "b.stllr"), path);
	// Where the link leads there is nothing yet: the disk may not be there.
	await t.rejects(newStore(path).store.write(saveOf(1)), { code: "storage", kind: "no-folder", operation: "resolve" });
	writeFileSync(join(folder, "real", "b.stllr"), saveOf(1));
	chmodSync(join(folder, "real", "b.stllr"), 0o600);
	await newStore(path).store.write(saveOf(2));
	t.equal(readlinkSync(path), join("real", "b.stllr"));
	t.strictSame(readdirSync(join(folder, "real")).sort(), ["b.stllr", "b.stllr.previous"]);
	t.equal(statSync(path).mode & 0o777, 0o600);
	t.equal(indexOf((await newStore(path).store.read()).bytes), 2);

	const pipe = join(folder, "pipe");
	if (spawnSync("mkfifo", [pipe]).status === 0) {
		await t.rejects(newStore(pipe).store.read(), { code: "storage", kind: "no-file" });
		await t.rejects(newStore(pipe).store.write(saveOf(1)), { code: "storage", kind: "no-file" });
	}
});

t.test("what dead writers left is removed, what living ones use is not", async (t) => {
	const folder = t.testdir();
	const path = join(folder, "a.stllr");
	const { pid: dead } = spawnSync(process.execPath, ["--version"]);
	const name = (owner: string, rest = "0123456789abcdef.tmp") => `a.stllr.${owner}.${rest}`;
	const kept = [name(`${process.ppid}-0`), name(`${dead}-0`, "bak"), "b.stllr.1-0.0123456789abcdef.tmp"];
	const gone = [name(`${dead}-0`), name(`${dead}-7`), name(nodeFiles.owner)];
	for (const file of [...kept, ...gone]) writeFileSync(join(folder, file), "");
	await newStore(path).store.write(saveOf(1));
	t.strictSame(readdirSync(folder).sort(), ["a.stllr", ...kept].sort());
});

t.test("of the calls that wait the last is carried out, and all settle as it does", async (t) => {
	const path = "/data/a.stllr";
	const disk = new Disk();
	const files = disk.files("1-0");
	const [{ store }, { store: other }] = [newStore(path, { files }), newStore(path, { files })];
	const settled: number[] = [];
	const calls = Array.from({ length: 9 }, (_, at) =>
		(at % 2 === 0 ? store : other).write(saveOf(at + 1)).then(() => settled.push(at + 1)),
	);
	await calls[0];
	t.equal(disk.log.filter((what) => what.startsWith("syncFolder")).length, 1, "told as soon as it is done");
	await Promise.all(calls);
	t.equal(disk.log.filter((what) => what.startsWith("create")).length, 2, "the first and the last");
	t.strictSame(settled, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
	t.equal(indexOf((await store.read()).bytes), 9);
	t.equal(indexOf(disk.names.get(`${path}.previous`)?.bytes ?? new Uint8Array()), 1);

	const first = store.write(saveOf(10));
	const waiting = [store.write(saveOf(11)), other.write(saveOf(12))];
	await first;
	disk.refusal = "ENOSPC";
	const outcomes = await Promise.allSettled(waiting);
	t.match(outcomes, [
		{ status: "rejected", reason: { kind: "full" } },
		{ status: "rejected", reason: { kind: "full" } },
	]);
	disk.refusal = undefined;
	t.equal(indexOf((await store.read()).bytes), 10);
	await store.write(saveOf(13));
	t.equal(indexOf((await store.read()).bytes), 13, "a failure ends nothing");
});

t.test("a full, a read-only, a forbidden disk: the files stay as they were", async (t) => {
	for (const [code, kind] of [
		["ENOSPC", "full"],
		["EDQUOT", "full"],
		["EROFS", "read-only"],
		["EACCES", "denied"],
	] as const) {
		const disk = new Disk();
		const { store } = newStore("/data/a.stllr", { files: disk.files("1-0") });
		await store.write(saveOf(1));
		await store.write(saveOf(2));
		const before = [...disk.names];
		disk.refusal = code;
		const error = await store.write(saveOf(3)).catch((thrown: unknown) => thrown);
		t.ok(error instanceof StorageError);
		t.match(error, { kind, systemCode: code, operation: "create" });
		t.strictSame([...disk.names], before);
		t.equal(indexOf((await store.read()).bytes), 2);
	}
});

t.test("a disk that cannot sync folders is written to, and warned of once", async (t) => {
	const files = new Disk().files("1-0");
	files.syncFolder = async () => {
		throw Object.assign(new Error(), { code: "ENOTSUP" });
	};
	const { store, warnings } = newStore("/data/a.stllr", { files });
	await store.write(saveOf(1));
	await store.write(saveOf(2));
	t.match(warnings, [/^\/data: this file system cannot sync a folder/]);
	t.equal(warnings.length, 1);
});

const user = ["-rm", "sh", "-c"];
const canMount = process.platform === "linux" && spawnSync("unshare", [...user, "true"]).status === 0;

t.test(
	"a real disk that is full, then read-only",
	{ skip: canMount ? false : "needs unshare, to mount a small disk" },
	async (t) => {
		const folder = t.testdir();
		// Seen by this program alone, and gone with it.
		const script = `mount -t tmpfs -o size=1m none "$1" && "$2" "$3" full "$1" && mount -o remount,ro "$1" && "$2" "$3" once "$1"`;
		const run = spawnSync("unshare", [...user, script, "sh", folder, process.execPath, program], {
			encoding: "utf8",
			env: { ...process.env, NODE_OPTIONS: "" },
		});
		t.equal(run.stderr, "");
		t.strictSame(run.stdout.trim().split("\n"), [
			"write 1: done",
			"write 2: done",
			"write 3: full ENOSPC",
			"then 2 newest, files: a.stllr a.stllr.previous",
			"write 1: read-only EROFS",
			"then 2 newest, files: a.stllr a.stllr.previous",
		]);
	},
);

t.test("two processes write, a third reads: each save that it sees is whole", async (t) => {
	const folder = t.testdir();
	const env = { ...process.env, NODE_OPTIONS: "" };
	const writers = [0, 1].map(() => spawn(process.execPath, [program, "many", folder, "60"], { env }));
	const ended = writers.map(
		(child) =>
			new Promise<{ code: number | null; said: string }>((resolve) => {
				let said = "";
				child.stdout.on("data", (part) => {
					said += part;
				});
				child.stderr.on("data", (part) => {
					said += part;
				});
				child.on("close", (code) => resolve({ code, said }));
			}),
	);
	let open = writers.length;
	for (const one of ended) void one.then(() => (open -= 1));
	const { store, warnings } = newStore(join(folder, "a.stllr"));
	let reads = 0;
	while (open > 0) {
		const found = await store.read().catch((error: StorageError) => error);
		if (!(found instanceof StorageError)) reads += 1;
		else if (found.kind !== "missing" || reads > 0) throw found;
	}
	t.strictSame(await Promise.all(ended), [
		{ code: 0, said: "60 written\n" },
		{ code: 0, said: "60 written\n" },
	]);
	t.ok(reads > 10, `${reads} reads`);
	t.strictSame(warnings, []);
	t.equal(indexOf((await store.read()).bytes), 60);
	t.strictSame(readdirSync(folder).sort(), ["a.stllr", "a.stllr.previous"]);
});

t.test("the default warning is the process's", async (t) => {
	const folder = t.testdir();
	mkdirSync(join(folder, "x"));
	const path = join(folder, "x", "a.stllr");
	writeFileSync(`${path}.previous`, saveOf(1));
	const warned = new Promise<Error>((resolve) => process.once("warning", resolve));
	await new Store(path, { validate }).read();
	t.match(await warned, { name: "StllrWarning", message: /nothing is saved there; .*previous, the save before it/ });
	t.notOk(existsSync(path));
});
