// Files that were made to do harm: their checksums are right, what they hold is not. Each is refused in one typed error, or makes a
// network that works; none ends in a trap.
import { EventError, events, FormatError, Network, type NetworkSpec } from "stllr";
import t from "tap";
import { layOut, open, seal } from "../dist/checkpoint/format.js";
import { pack } from "../dist/checkpoint/pack.js";
import { skim } from "../dist/checkpoint/skim.js";
import { gestures, session } from "./live/session.js";

const SPECS: readonly NetworkSpec[] = [
	{
		input: { width: 20, height: 20, polarities: 2 },
		stepUs: 10_000,
		rule: { alphaPost: -0.5 },
		layers: [
			{ type: "recurrent", units: 11, bias: true },
			{ type: "readout", classes: 6 },
		],
	},
	{
		input: { width: 20, height: 20, polarities: 2 },
		stepUs: 10_000,
		layers: [
			{ type: "conv", filters: 3, kernel: 5, stride: 2, standardize: true },
			{ type: "dropout", rate: 0.2 },
			{ type: "recurrent", units: 9 },
			{ type: "readout", classes: 6 },
		],
		optimizer: { type: "adam" },
		signal: "dfa",
	},
];

/** Events of 400 ms that come after those that were saved. */
const few = events({
	t: Array.from({ length: 200 }, (_, k) => 1_200_000 + 2000 * k),
	x: Array.from({ length: 200 }, (_, k) => (k * 7) % 20),
	y: Array.from({ length: 200 }, (_, k) => (k * 11) % 20),
	p: Array.from({ length: 200 }, (_, k) => k % 2),
});

/** A seeded generator: integers below n. */
function random(seed: number): (n: number) => number {
	let state = seed;
	return (n) => {
		state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
		return Math.floor((state / 2 ** 32) * n);
	};
}

interface Parts {
	head: { [key: string]: unknown; numbers: BigInt64Array; arrays: unknown[][] };
	blocks: { type: "i8" | "i16" | "i32" | "u32" | "i64" | "u64" | "u8"; bytes: Uint8Array }[];
}

async function partsOf(file: Uint8Array): Promise<Parts> {
	const { head, body } = await open(file);
	const blocks = body().map(({ type, bytes }) => ({ type, bytes: bytes.slice() }));
	return { head: head as Parts["head"], blocks };
}

const EXTREMES = [-(2n ** 63n), 2n ** 63n - 1n, -1n, 0n, 1n, 2n ** 31n, -(2n ** 31n), 65_536n, 1000n];

/** Changes something. */
function damage({ head, blocks }: Parts, draw: (n: number) => number): void {
	const any = <T>(list: readonly T[]): T => list[draw(list.length)] as T;
	const block = any(blocks);
	switch (draw(7)) {
		case 0:
			head.numbers[draw(head.numbers.length)] = any(EXTREMES);
			break;
		case 1: {
			// An element becomes an extreme one.
			const at = draw(block.bytes.length);
			block.bytes.fill(any([0, 0x7f, 0x80, 0xff]), at - (at % 8), at - (at % 8) + 8);
			break;
		}
		case 2:
			block.bytes = block.bytes.subarray(0, 8 * Math.floor(draw(block.bytes.length) / 8));
			break;
		case 3:
			any(head.arrays)[draw(6)] = any([0, 99, "weights", "i8", -1, null, 2 ** 40]);
			break;
		case 4:
			head.numbers = head.numbers.slice(0, draw(head.numbers.length));
			break;
		case 5:
			head[any(Object.keys(head))] = any([null, 0, "x", [], {}, new Int32Array(3)]);
			break;
		default:
			for (let k = 0; k < 20; k += 1) block.bytes[draw(block.bytes.length)] = draw(256);
	}
}

t.test("hostile files are refused, or make networks that work", async (t) => {
	for (const [number, spec] of SPECS.entries()) {
		const network = await Network.create(spec);
		let file = new Uint8Array();
		const stream = network.follow([session()], { everyUs: 50_000, labels: () => 1 });
		for await (const { us } of stream) {
			if (us < 1_170_000) continue;
			file = new Uint8Array(await network.save());
			break;
		}
		const draw = random(number + 1);
		const outcomes = { refused: 0, works: 0 };
		for (let round = 0; round < 150; round += 1) {
			const parts = await partsOf(file);
			damage(parts, draw);
			const bytes = await seal(layOut("full", pack(parts.head), parts.blocks));
			const loaded = await Network.load(bytes, { source: "m" }).catch((error: unknown) => error);
			if (!(loaded instanceof Network)) {
				if (!(loaded instanceof FormatError))
					t.fail(`round ${round}: ${loaded instanceof Error ? loaded.stack : loaded}`);
				outcomes.refused += 1;
				continue;
			}
			outcomes.works += 1;
			// The stream goes on from the state as it is.
			try {
				for await (const _ of loaded.follow([few], { resume: true, labels: () => 0 })) loaded.stateHash();
			} catch (error) {
				// The clock may stand where these events have been late for long, or come too early.
				if (!(error instanceof EventError)) throw error;
			}
			loaded.learn(few, 0);
			loaded.addClass("one more");
			loaded.classify(few);
			loaded.close();
		}
		t.ok(outcomes.refused > 40 && outcomes.works > 10, JSON.stringify(outcomes));
	}
});

t.test("resuming from a hostile file ends in an error or goes on", async (t) => {
	const network = await Network.create(SPECS[0] as NetworkSpec);
	let file = new Uint8Array();
	for await (const _ of network.follow([session()], { everyUs: 50_000, windowUs: 100_000, labels: () => 1 })) {
		file = new Uint8Array(await network.save());
		break;
	}
	const draw = random(9);
	const values = [0, 1, -1, 7, 50_000, 2 ** 31, 2 ** 53 - 1, null, 1.5, "x", new Float64Array(5), new Float64Array(6)];
	let went = 0;
	for (let round = 0; round < 200; round += 1) {
		const parts = await partsOf(file);
		const stream = parts.head.stream as Record<string, unknown>;
		stream[Object.keys(stream)[draw(8)] ?? ""] = values[draw(values.length)];
		const bytes = await seal(layOut("full", pack(parts.head), parts.blocks));
		const loaded = await Network.load(bytes).catch((error: unknown) => error);
		if (!(loaded instanceof Network)) {
			if (!(loaded instanceof FormatError)) t.fail(`round ${round}: ${loaded}`);
			continue;
		}
		let answers = 0;
		try {
			for await (const _ of loaded.follow([gestures[0]?.events ?? session()], { resume: true })) {
				answers += 1;
				if (answers > 50) break;
			}
			went += 1;
		} catch (error) {
			// Events of another time, say: an error of the stream's, as any other would be.
			if (!(error instanceof Error && "code" in error)) t.fail(`round ${round}: ${error}`);
		}
	}
	t.ok(went > 0, `${went} went on`);
});

t.test("a message that lies about its lengths is found before it is unpacked", async (t) => {
	const flaw = (...bytes: number[]) => skim(Uint8Array.from(bytes));
	t.equal(
		skim(pack({ a: [1, -1, 1.5, "text", null, true], b: new Int16Array(300), c: { d: new BigInt64Array(2) } })),
		undefined,
	);
	t.match(flaw(0xdd, 0xff, 0xff, 0xff, 0xff), { byteOffset: 0, found: "4294967295 items in 0 bytes" });
	t.match(flaw(0xc9, 0, 0, 1, 1, 0x74, 3), { found: "an item of 263 bytes, of which 7 are there" });
	t.match(flaw(0xc7, 4, 0x74, 3, 0, 0, 0), { found: "a typed array of 3 bytes, 2 to an element" });
	t.match(flaw(0xd4, 0x01, 0), { found: "the extension 1" });
	t.match(flaw(0xc7, 2, 0x74, 12, 0), { found: "a typed array of the type 12" });
	t.match(flaw(0xc1), { found: "the code 0xc1" });
	t.match(flaw(1, 1), { byteOffset: 1, found: "1 bytes more" });
	t.match(flaw(0xdf, 0xff), { found: /^\d+ items in|^an item of/ });
	t.match(flaw(), { found: "the end" });
	t.match(skim(Uint8Array.from({ length: 60 }, () => 0x91)), { allowed: "at most 32 levels" });
	t.match(skim(new Uint8Array(2 ** 21).fill(0x90, 5).fill(0xdd, 0, 1).fill(0, 1, 2).fill(0x1f, 2, 3)), {
		allowed: "at most 1048576 items",
	});
});
