// What can be asked of a source, and what is taken where nothing is.

import { OptionError } from "../errors.js";
import type { OnFault } from "../events/decode.js";
import { type EventFormat, eventFormats, formatOf } from "../events/formats.js";
import { checkOnFault } from "../events/stream.js";
import { integer, oneOf } from "../network/check.js";
import type { BackoffOptions } from "./backoff.js";
import type { LiveDecoder } from "./decoders/decoder.js";
import type { JsonSchema } from "./decoders/json.js";
import type { QueueOptions, QueuePolicy } from "./queue.js";
import type { TimelineOptions } from "./timeline.js";
import type { Timer } from "./timer.js";

/** How a source is read. */
export interface SourceOptions {
	/** The format of the bytes. One of this, `schema` and `decoder` must be given. */
	readonly format?: EventFormat;
	/** The layout of JSON messages, or lines of JSON. */
	readonly schema?: JsonSchema;
	/** A decoder of your own: an encoder of sound, say. */
	readonly decoder?: LiveDecoder;
	/** At bytes that are no events: leave them out and count them (`"skip"`, the default), or end the source with a FormatError. */
	readonly onFault?: OnFault;

	/** What a full queue does. Default `"oldest"`; `"wait"` for standard input and other streams. */
	readonly queue?: QueuePolicy;
	/** The most events that wait, 13 bytes each; a chunk counts as 8 more than it has. Default 262,144. */
	readonly queueEvents?: number;
	/** The network's time step in us, for the policy `"steps"`. */
	readonly stepUs?: number;

	/** Time steps go on with the events (`"events"`, the default), or in silence too (`"wall"`). */
	readonly clock?: "events" | "wall";
	/** Events have the sensor's times (the default where it gives any), or that of their arrival. */
	readonly time?: "sensor" | "arrival";
	/** Events that come after their time are left out (`"drop"`, the default), or given the latest time (`"move"`); counted both ways. */
	readonly late?: "drop" | "move";
	/** A sensor's clock that goes back by more, or ahead of ours by more, has begun anew, in us. Default 10 s. */
	readonly jumpUs?: number;
	/** With the wall's clock: how much later than the fastest an event may come, in us. Default 20,000. */
	readonly latencyUs?: number;
	/** With the wall's clock: how often time is told, in ms. Default 10. */
	readonly tickMs?: number;

	/** How it tries again. */
	readonly backoff?: BackoffOptions;
	/** After how long without a byte a silence is told, in ms. Default 5,000; 0: never. */
	readonly silenceMs?: number;
	/** After how long an attempt to connect has failed, in ms. Default 10,000. */
	readonly connectMs?: number;
	/** Another clock, for tests. */
	readonly timer?: Timer;
}

/** The same, checked, with its defaults. */
export interface FullSourceOptions {
	readonly queue: QueueOptions;
	readonly timeline: TimelineOptions;
	readonly onFault: OnFault;
	readonly silenceMs: number;
	readonly connectMs: number;
	readonly tickMs: number;
}

/** Checks options. `isOnce`: can the transport be asked to wait? `hasTimes`: does the decoder give times? */
export function fullOptions(given: SourceOptions, isOnce: boolean, hasTimes: boolean): FullSourceOptions {
	const time = oneOf("time", given.time, ["sensor", "arrival"], hasTimes ? "sensor" : "arrival");
	if (time === "sensor" && !hasTimes) throw new OptionError("time", time, '"arrival": this format has no times');
	const policy = oneOf("queue", given.queue, ["oldest", "newest", "steps", "wait"], isOnce ? "wait" : "oldest");
	if (policy === "steps" && given.stepUs === undefined) {
		throw new OptionError("stepUs", undefined, 'the time step in us, where queue is "steps"');
	}
	return {
		queue: {
			policy,
			events: integer("queueEvents", given.queueEvents, 4096 + 8, 2 ** 26, 2 ** 18),
			stepUs: integer("stepUs", given.stepUs, 1, 2 ** 32, 1),
		},
		timeline: {
			time,
			clock: oneOf("clock", given.clock, ["events", "wall"], "events"),
			late: oneOf("late", given.late, ["drop", "move"], "drop"),
			jumpUs: integer("jumpUs", given.jumpUs, 1, Number.MAX_SAFE_INTEGER, 10_000_000),
			latencyUs: integer("latencyUs", given.latencyUs, 0, 60_000_000, 20_000),
		},
		onFault: checkOnFault(given.onFault ?? "skip"),
		silenceMs: integer("silenceMs", given.silenceMs, 0, 2 ** 31 - 1, 5000),
		connectMs: integer("connectMs", given.connectMs, 1, 2 ** 31 - 1, 10_000),
		tickMs: integer("tickMs", given.tickMs, 1, 60_000, 10),
	};
}

/** The formats that come as they happen: all but those whose arrays lie one behind the other. */
export const liveFormats = eventFormats.filter((name) => formatOf(name).code !== undefined);

/** Which of the three ways of decoding was chosen. */
export function checkDecoding({ format, schema, decoder }: SourceOptions): EventFormat | JsonSchema | LiveDecoder {
	const given = [format, schema, decoder].filter((one) => one !== undefined);
	const [one] = given;
	if (one === undefined || given.length > 1) {
		throw new OptionError("format", format, "a format, or a schema, or a decoder: one of them must be given");
	}
	if (format !== undefined) oneOf("format", format, liveFormats);
	return one;
}
