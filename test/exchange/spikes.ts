// Random recordings, as steps for a reference and as events for a network.
import { events } from "stllr";
import type { Random } from "../../dist/random.js";

/** Steps of random spikes, and the same as events: 1,000 us a step, inputs numbered (polarity, y, x). */
export function spikes(random: Random, steps: number, inputs: number, width: number, height: number, rate: number) {
	const rows = Array.from({ length: steps }, () => Array.from({ length: inputs }, () => (random.chance(rate) ? 1 : 0)));
	const [t, x, y, p] = [[], [], [], []] as number[][];
	rows.forEach((row, step) => {
		row.forEach((spike, input) => {
			if (spike === 0) return;
			t?.push(1000 * step);
			x?.push(input % width);
			y?.push(Math.floor(input / width) % height);
			p?.push(Math.floor(input / (width * height)));
		});
	});
	return { rows, events: events({ t: t ?? [], x: x ?? [], y: y ?? [], p: p ?? [] }) };
}
