// Samples of IMUs and frames of cameras, as lines and pipes bring them: any split gives the events of the whole.
import { spawn, spawnSync } from "node:child_process";
import { closeSync, openSync, writeSync } from "node:fs";
import { type Events, FormatError, OptionError } from "stllr";
import { cameraEncoder, type Encoder, type Frame, imuEncoder, type Samples } from "stllr/encode";
import { frameDecoder, type LiveDecoder, type LiveSource, openSource, sampleDecoder } from "stllr/sensors";
import t from "tap";
import { Random } from "../dist/random.js";
import { programOf, SerialLine, until } from "./live/peers.js";

const RATE = { sampleRateHz: 100 };

interface Read {
	readonly t: number[];
	readonly x: number[];
	readonly y: number[];
	readonly p: number[];
}

function gathered(chunks: Iterable<Events>, into: Read = { t: [], x: [], y: [], p: [] }): Read {
	for (const chunk of chunks) for (const key of ["t", "x", "y", "p"] as const) into[key].push(...chunk[key]);
	return into;
}

async function all(source: LiveSource): Promise<Read> {
	const read: Read = { t: [], x: [], y: [], p: [] };
	for await (const chunk of source) gathered([chunk], read);
	return read;
}

/** All bytes through a decoder, in pieces of 1 to `most` bytes. */
function decoded(decoder: LiveDecoder, bytes: Uint8Array, most: number): Read {
	const random = new Random(most, 1);
	const read: Read = { t: [], x: [], y: [], p: [] };
	for (let at = 0, size = 0; at < bytes.length; at += size) {
		size = 1 + random.below(most);
		gathered(decoder.push(bytes.subarray(at, at + size), false), read);
	}
	return gathered(decoder.end(), read);
}

/** A motion of some seconds: m/s^2 and rad/s. */
const MOTION = Array.from({ length: 400 }, (_, k) => [
	9 * Math.sin(k / 9),
	4 * Math.cos(k / 5),
	9.8 + Math.sin(k),
	Math.sin(k / 3),
	3 * Math.sin(k / 40),
	-Math.cos(k / 7),
]);

async function imuOf(samples: readonly (readonly number[])[]): Promise<Read> {
	const imu = await imuEncoder(RATE);
	return gathered([imu.encode(samples.flat())]);
}

t.test("lines of an IMU: any split, columns and units; what is no sample counts as the one before", async (t) => {
	const g = 9.80665;
	const scale = [g, g, g, 1, 1, 1];
	const rounded = MOTION.map((sample) => sample.map((value, at) => Number((value / (scale[at] ?? 1)).toFixed(4))));
	const lines = rounded.map(
		(sample, k) => `${k * 10}; ${sample.join(k % 2 === 0 ? ", " : "\t")}${k % 3 ? "\n" : "\r\n"}`,
	);
	const truth = rounded.map((sample) => sample.map((value, at) => value * (scale[at] ?? 1)));
	const wanted = await imuOf(truth);
	t.ok(wanted.t.length > 500, `${wanted.t.length} events`);
	const layout = { encoding: "text", columns: [1, 2, 3, 4, 5, 6], scale } as const;
	for (const most of [1, 7, 64, 100_000]) {
		const decoder = sampleDecoder(await imuEncoder(RATE), layout);
		t.same(decoded(decoder, Buffer.from(lines.join("")), most), wanted, `pieces of up to ${most}`);
		t.equal(decoder.faults, 0);
		t.same(decoded(decoder, Buffer.from(lines.join("").trim()), most), wanted, "the next stream, and no last line end");
	}

	// A broken begin, which has none before it; then what chips and lines do.
	const odd = ["17, 0.5\n", ...lines];
	const held = truth.map((sample) => [...sample]);
	for (const [at, line] of [
		[101, "MPU6050 ready\n"],
		[150, "1,2,3,nan,5,6,7\n"],
		[200, "1,2,3,4,5,6,1e9\n"],
		[300, `${"9".repeat(5000)}\n`],
	] as const) {
		odd[at + 1] = line;
		held[at] = [...(held[at - 1] ?? [])];
	}
	for (const most of [1, 50, 100_000]) {
		const decoder = sampleDecoder(await imuEncoder(RATE), layout);
		t.same(
			decoded(decoder, Buffer.from(odd.join("")), most),
			await imuOf(held),
			`with faults, pieces of up to ${most}`,
		);
		t.equal(decoder.faults, 5);
	}
	const strict = sampleDecoder(await imuEncoder(RATE), { ...layout, onFault: "refuse" });
	t.throws(() => strict.push(Buffer.from("1,2,3\n"), false), FormatError);
});

t.test("records of an IMU: registers, marks, and finding one's place again", async (t) => {
	// As an MPU-6050 has them: big-endian, +-2 g and 250 degrees a second, the temperature between.
	const [perG, perRad] = [16_384 / 9.80665, (131 * 180) / Math.PI];
	const scale = [1, 1, 1, 0, 0, 0].map((isForce) => (isForce ? 1 / perG : 1 / perRad));
	const registers = MOTION.map((sample) => {
		const [ax, ay, az, gx, gy, gz] = sample.map((value, at) => Math.trunc((value * (at < 3 ? perG : perRad)) / 10));
		return [ax ?? 0, ay ?? 0, az ?? 0, 3000, gx ?? 0, gy ?? 0, gz ?? 0];
	});
	const columns = [0, 1, 2, 4, 5, 6];
	const wanted = await imuOf(
		registers.map((row) => columns.map((column, at) => (row[column] ?? 0) * (scale[at] ?? 0))),
	);
	t.ok(wanted.t.length > 50, `${wanted.t.length} events`);
	const bytesOf = (byteOrder: "big" | "little", mark: readonly number[]) =>
		registers.map((row) => {
			const record = Buffer.alloc(mark.length + 14);
			record.set(mark);
			for (const [at, value] of row.entries()) {
				if (byteOrder === "big") record.writeInt16BE(value, mark.length + 2 * at);
				else record.writeInt16LE(value, mark.length + 2 * at);
			}
			return record;
		});
	for (const byteOrder of ["big", "little"] as const) {
		for (const mark of [[], [0xa5, 0x5a]]) {
			const layout = { encoding: "int16", columns, scale, numbers: 7, byteOrder, mark } as const;
			const records = bytesOf(byteOrder, mark);
			for (const most of [1, 20, 100_000]) {
				const decoder = sampleDecoder(await imuEncoder(RATE), layout);
				t.same(decoded(decoder, Buffer.concat(records), most), wanted, `${byteOrder}, ${mark.length}, up to ${most}`);
				t.equal(decoder.faults, 0);
			}
			const messages = sampleDecoder(await imuEncoder(RATE), layout);
			const read = gathered(records.flatMap((record) => [...messages.push(record, true)]));
			t.same(read, wanted, "a record a message");
			messages.push(Buffer.alloc(5), true);
			t.equal(messages.faults, 1, "a message that a record is cut by");
		}
	}
	const records = bytesOf("big", [0xa5, 0x5a]);
	const noisy = Buffer.concat([
		Buffer.from([1, 2, 0xa5]),
		...records.slice(0, 200),
		Buffer.from([0xa5, 9, 9]),
		...records.slice(200),
		Buffer.from([0xa5, 0x5a, 1]),
	]);
	for (const most of [1, 33, 100_000]) {
		const layout = { encoding: "int16", columns, scale, numbers: 7, byteOrder: "big", mark: [0xa5, 0x5a] } as const;
		const decoder = sampleDecoder(await imuEncoder(RATE), layout);
		t.same(decoded(decoder, noisy, most), wanted, `noise between records, up to ${most}`);
		t.equal(decoder.faults, 3, "each stretch of it, and the cut end");
	}
});

t.test("layouts that are not allowed say so", async (t) => {
	const imu = await imuEncoder(RATE);
	const camera = await cameraEncoder({ width: 6, height: 4 });
	const samples = (layout: object) => () => sampleDecoder(imu, layout as Parameters<typeof sampleDecoder>[1]);
	const frames = (layout: object) => () => frameDecoder(camera, layout as Parameters<typeof frameDecoder>[1]);
	const cases: [() => LiveDecoder, string][] = [
		[samples({}), "encoding"],
		[samples({ encoding: "text", columns: [0, 1] }), "columns.length"],
		[samples({ encoding: "text", columns: [0, 1, 2, 3, 4, -1] }), "columns[5]"],
		[samples({ encoding: "text", scale: [1] }), "scale.length"],
		[samples({ encoding: "text", scale: Number.NaN }), "scale[0]"],
		[samples({ encoding: "text", mark: [1] }), "mark"],
		[samples({ encoding: "int16", numbers: 5 }), "numbers"],
		[samples({ encoding: "int16", mark: [256] }), "mark[0]"],
		[samples({ encoding: "int16", mark: [1, 2, 3, 4, 5, 6, 7, 8, 9] }), "mark.length"],
		[samples({ encoding: "int16", byteOrder: "middle" }), "byteOrder"],
		[samples({ encoding: "text", onFault: "maybe" }), "onFault"],
		[samples({ encoding: "text", format: "csv" }), "layout.format"],
		[frames({ format: "gray" }), "frameRateHz"],
		[frames({ format: "nv12", frameRateHz: 30 }), "format"],
		[frames({ format: "gray", frameRateHz: 30, strideBytes: 5 }), "strideBytes"],
	];
	for (const [make, option] of cases) t.throws(make, { name: "OptionError", option }, option);
	t.ok(OptionError);
});

const [WIDTH, HEIGHT, FRAME_RATE] = [38, 25, 60];

/** Pictures of a bright bar that moves, grey. */
const PICTURES = Array.from({ length: 12 }, (_, k) =>
	Uint8Array.from({ length: WIDTH * HEIGHT }, (_, at) => (Math.abs((at % WIDTH) - 3 * k) < 4 ? 220 : 30 + (at % 7))),
);

const camera = () => cameraEncoder({ width: WIDTH, height: HEIGHT });

async function seen(encoder: Encoder<Frame>, pictures: readonly Uint8Array[], rate = FRAME_RATE): Promise<Read> {
	return gathered(pictures.flatMap((pixels, k) => encoder.push({ timeUs: Math.round((1e6 * k) / rate), pixels })));
}

t.test("frames: grey, planes of colours, four bytes a pixel, padded rows; any split", async (t) => {
	const wanted = await seen(await camera(), PICTURES);
	t.ok(wanted.t.length > 1000, `${wanted.t.length} events`);
	const padded = (pixels: Uint8Array, row: number, stride: number) => {
		const made = Buffer.alloc(stride * HEIGHT, 77);
		for (let y = 0; y < HEIGHT; y += 1) made.set(pixels.subarray(y * row, (y + 1) * row), y * stride);
		return made;
	};
	const rgba = (pixels: Uint8Array) =>
		Uint8Array.from({ length: 4 * pixels.length }, (_, at) => (at % 4 === 3 ? 9 : (pixels[at >> 2] ?? 0)));
	for (const [format, strideBytes, bytesOf] of [
		["gray", undefined, (pixels: Uint8Array) => pixels],
		["gray", 64, (pixels: Uint8Array) => padded(pixels, WIDTH, 64)],
		["yuv420", undefined, (pixels: Uint8Array) => Buffer.concat([pixels, Buffer.alloc(2 * 19 * 13, 200)])],
		["yuv420", 64, (pixels: Uint8Array) => Buffer.concat([padded(pixels, WIDTH, 64), Buffer.alloc(2 * 32 * 13, 200)])],
		["rgba", undefined, rgba],
		["rgba", 160, (pixels: Uint8Array) => padded(rgba(pixels), 4 * WIDTH, 160)],
	] as const) {
		const bytes = Buffer.concat(PICTURES.map(bytesOf));
		for (const most of [1, 100, 5000, 1e6]) {
			const layout = { format, frameRateHz: FRAME_RATE, ...(strideBytes !== undefined && { strideBytes }) };
			const decoder = frameDecoder(await camera(), layout);
			const what = `${format}, rows of ${strideBytes}, pieces of up to ${most}`;
			t.same(decoded(decoder, bytes, most), wanted, what);
			t.equal(decoder.faults, 0, what);
			t.same(decoded(decoder, bytes.subarray(0, -1), most).t.length > 0, true, "the next stream begins anew");
			t.equal(decoder.faults, 1, "a frame that the end cuts");
		}
	}
	const late = frameDecoder(await camera(), { format: "gray", frameRateHz: FRAME_RATE, startUs: 5000 });
	t.same(
		decoded(late, Buffer.concat(PICTURES), 999).t,
		wanted.t.map((us) => us + 5000),
	);
});

t.test("frames: a program's pipe, through a source, to its end", async (t) => {
	const program = `
		const frames = ${JSON.stringify(PICTURES.map((picture) => Buffer.from(picture).toString("base64")))};
		const bytes = Buffer.concat(frames.map((frame) => Buffer.from(frame, "base64")));
		for (let at = 0, size = 1; at < bytes.length; at += size, size = (size * 7) % 1009) process.stdout.write(bytes.subarray(at, at + size));
	`;
	const child = spawn(process.execPath, ["-e", program], { stdio: ["ignore", "pipe", "inherit"] });
	const decoder = frameDecoder(await camera(), { format: "gray", frameRateHz: FRAME_RATE });
	const source = await openSource(child.stdout, { decoder });
	t.same(await all(source), await seen(await camera(), PICTURES));
	t.match(source.counts, { bytes: WIDTH * HEIGHT * PICTURES.length, faults: 0, late: 0 });
});

const ffmpeg = programOf("ffmpeg");
const noFfmpeg = ffmpeg === undefined ? "needs ffmpeg, which is not installed" : false;

t.test("frames: what ffmpeg pipes, grey and in planes of colours", { skip: noFfmpeg }, async (t) => {
	const [width, height, count] = [75, 49, 20];
	for (const [format, pixels, bytes] of [
		["gray", "gray", width * height],
		["yuv420", "yuv420p", width * height + 2 * 38 * 25],
	] as const) {
		const args = ["-loglevel", "error", "-f", "lavfi", "-i", `testsrc=size=${width}x${height}:rate=50`];
		args.push("-frames:v", String(count), "-pix_fmt", pixels, "-f", "rawvideo", "-");
		const { stdout } = spawnSync(ffmpeg ?? "", args, { maxBuffer: 2 ** 26 });
		t.equal(stdout.length, bytes * count, "as large as the layout says");
		const pictures = Array.from(
			{ length: count },
			(_, k) => new Uint8Array(stdout.subarray(k * bytes, k * bytes + width * height)),
		);
		const child = spawn(ffmpeg ?? "", args, { stdio: ["ignore", "pipe", "inherit"] });
		const decoder = frameDecoder(await cameraEncoder({ width, height }), { format, frameRateHz: 50 });
		const read = await all(await openSource(child.stdout, { decoder }));
		t.ok(read.t.length > 100, `${read.t.length} events`);
		t.same(read, await seen(await cameraEncoder({ width, height }), pictures, 50), format);
	}
});

const socat = programOf("socat");
const noSocat = socat === undefined ? "needs socat, which is not installed" : false;

t.test("lines of an IMU on a serial line", { skip: noSocat }, async (t) => {
	const line = new SerialLine(socat ?? "", t.testdir({}));
	await line.plug();
	const imu: Encoder<Samples> = await imuEncoder(RATE);
	const decoder = sampleDecoder(imu, { encoding: "text" });
	const source = await openSource(`serial:${line.near}?baud=115200`, { decoder });
	const reading = all(source);
	await until(() => source.counts.connections === 1);
	const far = openSync(line.far, "r+");
	const rounded = MOTION.map((sample) => sample.map((value) => Number(value.toFixed(3))));
	for (const [at, sample] of rounded.entries()) {
		writeSync(far, `${sample.join(",")}\n`);
		// A terminal holds some kilobytes.
		if (at % 20 === 19)
			await until(
				() =>
					source.counts.bytes ===
					Buffer.byteLength(
						rounded
							.slice(0, at + 1)
							.map((s) => `${s.join(",")}\n`)
							.join(""),
					),
			);
	}
	const wanted = await imuOf(rounded);
	await until(() => source.counts.given === wanted.t.length);
	closeSync(far);
	await line.pull();
	await source.close();
	t.same(await reading, wanted);
	t.match(source.counts, { faults: 0, late: 0 });
});
