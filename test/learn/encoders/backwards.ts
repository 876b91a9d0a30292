// A recording run backwards: what an event camera would have seen, had all moved the other way.

import { type Events, events } from "stllr";

/**
 * The last event first, and brighter for darker: where a light leaves backwards, it came.
 *
 * @param given in the order of their times, of polarities 0 and 1
 * @param untilUs when the recording ends, in us: an event at t is then at untilUs - 1 - t
 */
export function backwards({ t, x, y, p }: Events, untilUs: number): Events {
	return events({
		t: [...t].reverse().map((us) => untilUs - 1 - us),
		x: [...x].reverse(),
		y: [...y].reverse(),
		p: [...p].reverse().map((polarity) => 1 - polarity),
	});
}
