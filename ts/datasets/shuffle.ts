// Orders that look random and are the same on every machine.

import { OptionError } from "../errors.js";
import { Random } from "../random.js";

/**
 * The items in another order, all orders equally likely; the same seed and epoch give the same order.
 *
 * @param items left as they are
 * @param seed an integer from 0 to 2^32 - 1
 * @param epoch any integer: each gives an order of its own
 */
export function shuffled<T>(items: readonly T[], seed: number, epoch = 0): T[] {
	if (!Number.isInteger(seed) || seed < 0 || seed > 0xffffffff) {
		throw new OptionError("seed", seed, "an integer from 0 to 4294967295");
	}
	const random = new Random(seed, epoch);
	const order = [...items];
	for (let last = order.length - 1; last > 0; last -= 1) {
		const other = random.below(last + 1);
		const [a, b] = [order[last] as T, order[other] as T];
		order[last] = b;
		order[other] = a;
	}
	return order;
}
