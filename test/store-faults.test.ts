// Each operation of a write goes wrong in each way, and the power is cut: the old save or the new one, exactly.
import { StorageError, Store } from "stllr/store";
import t from "tap";
import { Random } from "../ts/random.js";
import { type Chance, Disk, type Fault, faults, PowerCut } from "./store/memory-files.js";
import { indexOf, saveOf, validate, writerOf } from "./store/saves.mjs";
import { everyWay } from "./store/ways.js";

const path = "/data/digits.stllr";
const warnings: string[] = [];

function storeOn(disk: Disk, owner: string, turn?: () => Promise<void>): Store {
	return new Store(path, { files: disk.files(owner, turn), validate, warn: (text) => warnings.push(text) });
}

/** What is on the disk before the write in question, and which save a reader then finds. */
interface Before {
	readonly name: string;
	/** Reads first, as a program does that resumes. */
	readonly isRead: boolean;
	readonly newest: number;
	readonly make: (disk: Disk) => Promise<void>;
}

const damaged = saveOf(2).fill(0, 6, 9);
const befores: readonly Before[] = [
	{ name: "nothing", isRead: false, newest: 0, make: async () => undefined },
	{ name: "one save", isRead: false, newest: 1, make: (disk) => storeOn(disk, "1-0").write(saveOf(1)) },
	{
		name: "two saves",
		isRead: true,
		newest: 2,
		async make(disk) {
			const store = storeOn(disk, "1-0");
			await store.write(saveOf(1));
			await store.write(saveOf(2));
		},
	},
	{
		name: "a damaged save and the one before it",
		isRead: true,
		newest: 1,
		async make(disk) {
			disk.place(path, damaged);
			disk.place(`${path}.previous`, saveOf(1));
		},
	},
	{
		name: "the previous save alone, and what a dead writer left",
		isRead: false,
		newest: 1,
		async make(disk) {
			disk.place(`${path}.previous`, saveOf(1));
			disk.place(`${path}.1-0.0123456789abcdef.tmp`, saveOf(2).subarray(0, 7));
		},
	},
];

const NEW = 7;

/** A write of save 7 that goes wrong; whether its promise came true, and at which operations it was. */
async function attempt(before: Before, hasLinks: boolean, fault?: { at: number; kind: Fault }) {
	const disk = new Disk({ hasLinks });
	await before.make(disk);
	disk.living.clear();
	const store = storeOn(disk, "2-0");
	if (before.isRead) await store.read();
	const start = disk.operations;
	if (fault !== undefined) disk.fault = { at: start + fault.at, kind: fault.kind };
	const error = await store.write(saveOf(NEW)).then(
		() => undefined,
		(thrown: unknown) => thrown,
	);
	disk.fault = undefined;
	return { disk, store, error, operations: disk.log.slice(start) };
}

/** Reads as a program does that starts; writes once more, and everything is as it should be. */
async function recover(disk: Disk, allowed: readonly number[], what: string): Promise<"newest" | "previous" | "none"> {
	const store = storeOn(disk, "3-0");
	const found = await store.read().catch((error: unknown) => error);
	let generation: "newest" | "previous" | "none" = "none";
	if (found instanceof StorageError) {
		if (found.kind !== "missing" || !allowed.includes(0)) throw new Error(`${what}: ${found.message}`);
	} else {
		const { bytes, generation: which } = found as Awaited<ReturnType<Store["read"]>>;
		const index = indexOf(bytes);
		if (!allowed.includes(index)) throw new Error(`${what}: save ${index}, allowed: ${allowed}`);
		generation = which;
	}
	await store.write(saveOf(NEW + 1));
	const again = await store.read();
	if (indexOf(again.bytes) !== NEW + 1 || again.warning !== undefined)
		throw new Error(`${what}: the next save is lost`);
	const odd = [...disk.names.keys()].filter((name) => name.endsWith(".tmp"));
	if (odd.length > 0) throw new Error(`${what}: ${odd} is left`);
	return generation;
}

for (const hasLinks of [true, false]) {
	for (const before of befores) {
		t.test(`${before.name}, ${hasLinks ? "with" : "without"} links`, async (t) => {
			const { error, operations, disk } = await attempt(before, hasLinks);
			t.equal(error, undefined);
			await recover(disk, [NEW], "no fault");
			let cuts = 0;
			let refused = 0;
			for (const [at, operation] of operations.entries()) {
				for (const kind of faults) {
					const what = `${kind} at ${at}: ${operation}`;
					const { disk, store, error } = await attempt(before, hasLinks, { at, kind });
					const allowed = error === undefined ? [NEW] : [before.newest, NEW];
					if (error !== undefined && !disk.isCut) {
						refused += 1;
						if (!(error instanceof StorageError && error.message.includes(path))) throw error;
						// The writer lives on: it finds a whole save, and can write the next.
						const seen = await store.read().then(
							({ bytes }) => indexOf(bytes),
							() => 0,
						);
						if (!allowed.includes(seen)) throw new Error(`${what}: then save ${seen}`);
					}
					if (error !== undefined && disk.isCut && !causes(error).some((one) => one instanceof PowerCut)) throw error;
					await recover(disk.afterKill(), allowed, `${what}, killed`);
					const { count, isAll } = await everyWay(4000, async (chance) => {
						const generation = await recover(disk.afterCut(chance), allowed, what);
						if (hasLinks && before.isRead && before.newest === 2 && generation !== "newest") {
							throw new Error(`${what}: the newest file was gone for a moment`);
						}
					});
					if (!isAll) throw new Error(`${what}: a power cut can leave more than 4,000 disks`);
					cuts += count;
				}
			}
			t.comment(`${operations.length} operations, ${refused} refusals, ${cuts} power cuts`);
			t.ok(operations.length >= 11 && refused >= operations.length, `${operations}`);
		});
	}
}

function causes(error: unknown): unknown[] {
	const all: unknown[] = [];
	for (let one = error; one instanceof Error; one = one.cause) all.push(one);
	return all;
}

/** Random numbers as chance. */
function chanceOf(random: Random): Chance {
	return { below: (count) => random.below(count) };
}

t.test("random histories: what was acknowledged survives every crash", async (t) => {
	const seen = { acknowledged: 0, refused: 0, cuts: 0, kills: 0, damages: 0, older: 0 };
	for (let seed = 0; seed < 150; seed += 1) {
		const random = new Random(seed, 6);
		let disk = new Disk({ hasLinks: random.chance(0.6) });
		let store = storeOn(disk, "1-0");
		let index = 0;
		/** A reader must find this one or a later one. */
		let least = 0;
		let lives = 1;
		const restart = async (next: Disk, what: string) => {
			disk.living.clear();
			lives += 1;
			disk = next;
			// Process numbers come again.
			store = storeOn(disk, `${1 + (lives % 3)}-0`);
			const found = await store.read().then(
				({ bytes, generation }) => {
					if (generation === "previous") seen.older += 1;
					return indexOf(bytes);
				},
				(error: StorageError) => {
					if (error.kind !== "missing") throw error;
					return 0;
				},
			);
			if (found < least || found > index) {
				throw new Error(`seed ${seed}, ${what}: save ${found}, allowed: ${least} to ${index}`);
			}
			least = found;
		};
		for (let step = 0; step < 30; step += 1) {
			const dice = random.below(10);
			if (dice < 7) {
				index += 1;
				if (random.chance(0.4)) {
					const kind = faults[random.below(faults.length)] as Fault;
					disk.fault = { at: disk.operations + random.below(20), kind };
				}
				const isDone = await store.write(saveOf(index, 17 + random.below(30))).then(
					() => true,
					() => false,
				);
				if (isDone) least = index;
				seen[isDone ? "acknowledged" : "refused"] += 1;
				disk.fault = undefined;
				if (disk.isCut) {
					seen.cuts += 1;
					await restart(disk.afterCut(chanceOf(random)), `step ${step}, cut`);
				}
			} else if (dice === 7) {
				seen.kills += 1;
				await restart(disk.afterKill(), `step ${step}, killed`);
			} else if (dice === 8) {
				seen.cuts += 1;
				await restart(disk.afterCut(chanceOf(random)), `step ${step}, cut at rest`);
			} else {
				const [newest, previous] = [disk.names.get(path), disk.names.get(`${path}.previous`)];
				if (newest === undefined || previous === undefined || newest === previous || disk.uncertain > 0) continue;
				seen.damages += 1;
				least = Math.min(least, indexOf(previous.bytes));
				newest.bytes = newest.synced = newest.bytes.slice(0, random.below(newest.bytes.length));
				await restart(disk.afterKill(), `step ${step}, damaged`);
			}
		}
	}
	t.comment(JSON.stringify(seen));
	for (const [what, count] of Object.entries(seen)) t.ok(count > 50, `${what}: ${count}`);
});

t.test("reads that go wrong: a whole save, or an error that says why", async (t) => {
	const read = async (fault?: { at: number; kind: Fault }) => {
		const disk = new Disk();
		await befores.find(({ name }) => name === "two saves")?.make(disk);
		const store = storeOn(disk, "1-0");
		const start = disk.operations;
		if (fault !== undefined) disk.fault = { at: start + fault.at, kind: fault.kind };
		const found = await store.read().catch((error: StorageError) => error);
		return { found, operations: disk.log.slice(start) };
	};
	const { operations } = await read();
	for (const [at, operation] of operations.entries()) {
		for (const kind of ["fail", "short"] as const) {
			const { found } = await read({ at, kind });
			const isRead = !/^(resolve|close)/.test(operation);
			if (found instanceof Error) t.match(found, { code: "storage", kind: "failed", operation: "resolve" }, operation);
			else if (kind === "fail" && isRead) {
				t.strictSame([indexOf(found.bytes), found.generation], [1, "previous"], operation);
				t.match(
					found.warning,
					/digits\.stllr: read: the disk failed \(EIO\); .*\.previous, the save before it, is loaded/,
				);
			} else t.strictSame([indexOf(found.bytes), found.generation], [2, "newest"], `${kind} ${operation}`);
		}
	}
	t.equal(operations.length, 5);
});

/** Operations of several writers, of which chance says whose is next. */
class Turns {
	#waiting: (() => void)[] = [];

	readonly turn = (): Promise<void> => new Promise((resolve) => this.#waiting.push(resolve));

	async run(random: Random, all: Promise<unknown>): Promise<void> {
		let isOver = false;
		void all.finally(() => {
			isOver = true;
		});
		while (!isOver) {
			await new Promise((resolve) => setImmediate(resolve));
			const [next] = this.#waiting.splice(random.below(Math.max(1, this.#waiting.length)), 1);
			next?.();
		}
	}
}

t.test("two processes write one path: each save is whole, none comes back that its writer replaced", async (t) => {
	let acknowledged = 0;
	let older = 0;
	warnings.length = 0;
	for (let seed = 0; seed < 200; seed += 1) {
		const random = new Random(seed, 7);
		const disk = new Disk({ hasLinks: random.chance(0.5) });
		const turns = new Turns();
		if (random.chance(0.3)) {
			disk.place(path, damaged);
			disk.place(`${path}.previous`, saveOf(0, 24, 2));
		}
		const last = [0, 0];
		const write = async (writer: number) => {
			const store = storeOn(disk, `${writer}-0`, turns.turn);
			for (let index = 1; index <= 4; index += 1) {
				await store.write(saveOf(index, 24, writer));
				last[writer] = index;
				acknowledged += 1;
			}
		};
		const at = random.below(130);
		disk.fault = { at, kind: (["cut", "cut-half", "cut-late"] as const)[random.below(3)] ?? "cut" };
		const all = Promise.allSettled([write(0), write(1)]);
		await turns.run(random, all);
		for (const outcome of await all) {
			if (outcome.status === "rejected" && !causes(outcome.reason).some((one) => one instanceof PowerCut)) {
				throw outcome.reason;
			}
		}
		for (let cut = 0; cut < 20; cut += 1) {
			const left = disk.afterCut(chanceOf(random));
			const found = await storeOn(left, "3-0")
				.read()
				.catch((error: StorageError) => error);
			if (found instanceof StorageError) {
				if (found.kind !== "missing" || last[0] !== 0 || last[1] !== 0) throw found;
				continue;
			}
			if (found.generation === "previous") older += 1;
			const writer = writerOf(found.bytes);
			const index = indexOf(found.bytes);
			if (index < (last[writer] ?? 0)) throw new Error(`seed ${seed}: save ${index} of ${writer} came back: ${last}`);
		}
	}
	t.strictSame(
		warnings.filter((text) => /nothing is saved there; it is replaced/.test(text)),
		[],
		"nobody takes what another is replacing for damaged",
	);
	t.ok(acknowledged > 300 && older > 0, `${acknowledged} acknowledged, ${older} times the previous file`);
});

t.test("without links, another process replaces the file while this one looks at it", async (t) => {
	const disk = new Disk({ hasLinks: false });
	disk.place(path, saveOf(1));
	const files = disk.files("1-0");
	const open = files.open.bind(files);
	files.open = async (name) => {
		files.open = open;
		await files.rename(path, `${path}.previous`);
		return open(name);
	};
	warnings.length = 0;
	await new Store(path, { files, validate, warn: (text) => warnings.push(text) }).write(saveOf(2));
	t.strictSame(warnings, [], "what is gone for a moment is not damaged");
	t.strictSame([...disk.names.keys()].sort(), [path, `${path}.previous`]);
});

t.test("without links, another process mends a damaged file that this one is about to replace", async (t) => {
	const disk = new Disk({ hasLinks: false });
	disk.place(path, damaged);
	disk.place(`${path}.previous`, saveOf(1));
	const files = disk.files("1-0");
	const other = storeOn(disk, "2-0");
	const link = files.link.bind(files);
	files.link = async (from, to) => {
		await other.write(saveOf(5));
		return link(from, to);
	};
	const rename = files.rename.bind(files);
	files.rename = async (from, to) => {
		if (to === path) disk.isCut = true;
		return rename(from, to);
	};
	await t.rejects(new Store(path, { files, validate, warn: () => undefined }).write(saveOf(6)));
	const { bytes, generation } = await storeOn(disk.afterKill(), "3-0").read();
	t.strictSame([indexOf(bytes), generation], [5, "newest"], "what the other has acknowledged stays");
});
