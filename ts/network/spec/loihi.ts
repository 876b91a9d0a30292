// Neurons of Intel's Loihi: options in the chip's own numbers.

import { OptionError } from "../../errors.js";
import * as check from "../check.js";

/**
 * Neurons as Intel's Loihi has them, integer for integer: a current u that decays, a voltage v that decays, rounding toward zero, a
 * spike strictly above the threshold, and then v = 0:
 *
 * u <- dec(u, du) + 64 (sum of W); v <- dec(v, dv) + u + bias; spike where v > 64 vth; dec(a, d) = sign(a) floor(|a| (4096 - d) / 4096)
 *
 * W are the chip's integer weights. A network's weight of 1.0 is `scale` of them, and its bias of 1.0 is 64 `scale` of the chip's.
 */
export interface LoihiDecay {
	readonly type: "loihi";
	/**
	 * What the current loses in a step, in 4096ths: an integer from 0 to 4,096. Default 4,096: nothing stays, and the input goes
	 * straight to the voltage. Lava's process models add 1 to theirs.
	 */
	readonly du?: number;
	/** What the voltage loses in a step, in 4096ths: an integer from 0 to 4,096. */
	readonly dv: number;
	/** The threshold in weights of the chip (its `vThMant`): an integer from 1 to 131,071. */
	readonly vth: number;
	/**
	 * How many of the chip's weights are 1.0: a power of two from 4 to 1,024. Surrogates are as wide as this. Default: the least that
	 * is not below `vth`, so that a threshold is 0.5 to 1.0 of it.
	 */
	readonly scale?: number;
}

const KEYS = ["type", "du", "dv", "vth", "scale"] as const;
const SCALES = [4, 8, 16, 32, 64, 128, 256, 512, 1024];

/** Checks how a layer's membranes decay: as the layer says, or else the spec. */
export function checkDecay(
	at: string,
	layer: Record<string, unknown>,
	spec: Record<string, unknown>,
): "leak" | Required<LoihiDecay> {
	const isOwn = layer.decay !== undefined;
	const [option, given] = isOwn ? [`${at}.decay`, layer.decay] : ["decay", spec.decay];
	if (given === undefined || given === "leak") return "leak";
	if (typeof given !== "object") throw new OptionError(option, given, '"leak" or { type: "loihi", dv, vth }');
	for (const name of ["leak", "threshold", "reset"]) {
		const said = layer[name] ?? (isOwn ? undefined : spec[name]);
		if (said === undefined) continue;
		const place = layer[name] === undefined ? name : `${at}.${name}`;
		throw new OptionError(place, said, `nothing beside ${option}: Loihi's neurons have dv, vth and a reset to 0`);
	}
	const decay = check.object(option, given, KEYS);
	check.oneOf(`${option}.type`, decay.type, ["loihi"]);
	const vth = check.integer(`${option}.vth`, decay.vth, 1, 131_071);
	return {
		type: "loihi",
		du: check.integer(`${option}.du`, decay.du, 0, 4096, 4096),
		dv: check.integer(`${option}.dv`, decay.dv, 0, 4096),
		vth,
		scale: checkScale(`${option}.scale`, decay.scale, SCALES.find((scale) => scale >= vth) ?? 1024),
	};
}

function checkScale(option: string, given: unknown, usual: number): number {
	const scale = SCALES.find((scale) => scale === (given ?? usual));
	if (scale === undefined) throw new OptionError(option, given, SCALES.join(", "));
	return scale;
}

/** The least range of weights: finer ones would not be whole units of the chip's current. */
export function leastRange(decay: "leak" | Required<LoihiDecay>): number {
	return decay === "leak" || decay.scale >= 128 ? 0 : 128 / decay.scale;
}
