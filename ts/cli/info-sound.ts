// What is in a sound file.

import type { Hash } from "node:crypto";
import { type AudioChunk, type OnFault, streamAudio } from "../index.js";
import { grouped } from "../learning/report.js";
import { chart, type Source, seconds } from "./info-parts.js";
import type { Screen } from "./screen.js";

/** What was found. */
export interface FoundSound {
	readonly format: "wav";
	readonly bytes: number;
	readonly sampleRateHz: number;
	readonly channels: number;
	/** As the file stores samples. */
	readonly bits: number;
	readonly isFloat: boolean;
	readonly frames: number;
	readonly seconds: number;
	/** The greatest magnitude of each channel, of 32768. */
	readonly peaks: readonly number[];
	/** Peaks of all channels over time, in stretches of so many frames. */
	readonly level: { readonly binFrames: number; readonly peaks: readonly number[] };
	readonly dropped: number;
	/** SHA-256 of all samples as i16, little-endian, frame by frame. */
	readonly digest?: string;
}

/** The most stretches of time that are told apart. */
const BINS = 64;

/** Peaks over time; the stretches become twice as long when the sound passes the last. */
class Levels {
	readonly peaks: number[] = [];
	readonly #bins = new Float64Array(BINS);
	#binFrames = 1;
	frames = 0;

	add({ samples, channels }: AudioChunk): void {
		for (let at = 0; at < samples.length; at += 1) {
			const channel = at % channels;
			const magnitude = Math.abs(samples[at] as number);
			if (magnitude > (this.peaks[channel] ?? 0)) this.peaks[channel] = magnitude;
			else this.peaks[channel] ??= 0;
			this.#note(magnitude, this.frames + Math.floor(at / channels));
		}
		this.frames += samples.length / channels;
	}

	get level(): FoundSound["level"] {
		const used = Math.ceil(this.frames / this.#binFrames);
		return { binFrames: this.#binFrames, peaks: [...this.#bins.subarray(0, used)] };
	}

	#note(magnitude: number, frame: number): void {
		while (frame >= BINS * this.#binFrames) {
			for (let bin = 0; bin < BINS; bin += 1) {
				this.#bins[bin] = bin < BINS / 2 ? Math.max(this.#bins[2 * bin] ?? 0, this.#bins[2 * bin + 1] ?? 0) : 0;
			}
			this.#binFrames *= 2;
		}
		const bin = Math.floor(frame / this.#binFrames);
		if (magnitude > (this.#bins[bin] ?? 0)) this.#bins[bin] = magnitude;
	}
}

/** Looks at a sound file; nothing where it was stopped. */
export async function lookAtSound(
	source: Source,
	{ onFault, hash: hashOf, signal }: { onFault: OnFault; hash: () => Hash | undefined; signal: AbortSignal },
): Promise<FoundSound | undefined> {
	const stream = await streamAudio(source, { onFault, reuse: true });
	const levels = new Levels();
	const hash = hashOf();
	for await (const chunk of stream) {
		if (signal.aborted) return undefined;
		levels.add(chunk);
		const { samples } = chunk;
		hash?.update(new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength));
	}
	const { sampleRateHz, channels, bits, isFloat, bytesRead, dropped } = stream;
	const { frames, peaks, level } = levels;
	return {
		format: "wav",
		bytes: bytesRead,
		sampleRateHz,
		channels,
		bits,
		isFloat,
		frames,
		seconds: frames / sampleRateHz,
		peaks,
		level,
		dropped,
		...(hash !== undefined && { digest: hash.digest("hex") }),
	};
}

/** The same for people. */
export function soundReport(file: string, found: FoundSound, { marks }: Screen): string[] {
	const { bits, isFloat, channels, frames, peaks, level, dropped, digest } = found;
	const row = (name: string, text: string) => `  ${marks.faint(name.padEnd(11))}${text}`;
	const lines = [marks.strong(file), row("format", `wav, ${grouped(found.bytes)} bytes`)];
	const stored = `${bits} bits${isFloat ? ", floats" : ""}`;
	lines.push(
		row("sound", `${grouped(found.sampleRateHz)} Hz, ${channels} channel${channels === 1 ? "" : "s"}, ${stored}`),
	);
	lines.push(row("span", `${seconds(Math.round(1e6 * found.seconds))}, ${grouped(frames)} samples a channel`));
	if (frames > 0) {
		const shown = peaks.length <= 8 ? peaks : [Math.max(...peaks)];
		lines.push(row("peak", shown.map(decibels).join(", ")));
		if (Math.max(...peaks) > 0) lines.push(row("", chart(level.peaks)));
	}
	lines.push(row("faults", dropped === 0 ? "none" : marks.bad(`${grouped(dropped)} dropped`)));
	if (digest !== undefined) lines.push(row("digest", digest));
	return [...lines, ""];
}

function decibels(peak: number): string {
	return peak === 0 ? "silence" : `${grouped(peak)} of 32 768 (${(20 * Math.log10(peak / 32_768)).toFixed(1)} dB)`;
}
