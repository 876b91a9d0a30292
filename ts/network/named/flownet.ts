// Optical flow: an encoder that makes the map smaller, a decoder that makes it larger again, and the encoder's maps joined to it.

import { OptionError } from "../../errors.js";
import type { HiddenLayer, NetworkSpec } from "../spec/mod.js";
import { type NamedOptions, sizeOf } from "./options.js";

/** A spiking encoder and decoder for flow, with the sizes of Spike-FlowNet; small: three layers down, one up. */
export function flownet(options: NamedOptions): NetworkSpec {
	if (options.classes !== undefined) throw new OptionError("classes", options.classes, "none: it gives flow");
	return sizeOf(options) === "small" ? small(options) : paper(options);
}

function paper({ input = { width: 128, height: 128, polarities: 4 } }: NamedOptions): NetworkSpec {
	const down = (filters: number, name: string): HiddenLayer => {
		return { type: "conv", filters, kernel: 3, stride: 2, padding: 1, name };
	};
	const same = (filters: number): HiddenLayer => ({ type: "conv", filters, kernel: 3, padding: 1 });
	const residual = (from: string, name: string): HiddenLayer[] => [
		...[same(512), same(512)],
		{ type: "add", with: from, name },
	];
	const up = (filters: number, skip: string): HiddenLayer[] => [
		...[{ type: "upsample", factor: 2 } as const, same(filters)],
		{ type: "concat", with: skip },
	];
	return {
		input,
		...FLOW,
		layers: [
			...[down(64, "down1"), down(128, "down2"), down(256, "down3"), down(512, "down4")],
			...[...residual("down4", "residual1"), ...residual("residual1", "residual2")],
			...[...up(128, "down3"), ...up(64, "down2"), ...up(4, "down1")],
			{ type: "readout", values: 2 },
		],
	};
}

function small({ input = { width: 64, height: 64, polarities: 2 } }: NamedOptions): NetworkSpec {
	const conv = (channels: number, filters: number, kernel: number, stride = 1): HiddenLayer => {
		const std = 3 / Math.sqrt(channels * kernel ** 2);
		return { type: "conv", filters, kernel, stride, padding: (kernel - 1) / 2, std };
	};
	return {
		input,
		...FLOW,
		layers: [
			conv(input.polarities ?? 1, 16, 5, 2),
			{ ...conv(16, 32, 3, 2), name: "down2" },
			conv(32, 64, 3, 2),
			{ type: "upsample", factor: 2 },
			{ type: "concat", with: "down2" },
			conv(96, 32, 3),
			{ type: "readout", values: 2, leak: 0.9, traceDecay: 0.9 },
		],
		blockSteps: 12,
		optimizer: { type: "adam", beta1: 0.97 },
		rates: { hidden: 0.0015, readout: 0.0015 },
	};
}

/** What learned flow in our own measurements: short steps, short memories. */
const FLOW = { stepUs: 5000, leak: 0.4, rule: { lambdaPre: 0.4 }, loss: "endpoint" } as const;
