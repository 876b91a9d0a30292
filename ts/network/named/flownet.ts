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
	return {
		input,
		...FLOW,
		layers: [
			{ type: "conv", filters: 16, kernel: 5, stride: 2, padding: 2 },
			{ type: "conv", filters: 32, kernel: 3, stride: 2, padding: 1, name: "down2" },
			{ type: "conv", filters: 64, kernel: 3, stride: 2, padding: 1 },
			{ type: "upsample", factor: 2 },
			{ type: "concat", with: "down2" },
			{ type: "conv", filters: 32, kernel: 3, padding: 1 },
			{ type: "readout", values: 2 },
		],
	};
}

/** What learned flow in our own measurements: short steps, short memories. */
const FLOW = { stepUs: 5000, leak: 0.4, rule: { lambdaPre: 0.4 }, loss: "endpoint" } as const;
