// Sources as text: `udp://127.0.0.1:3333?format=spif`. What a URL says becomes the same options that a program would give.

import { OptionError } from "../errors.js";
import type { EventFormat } from "../events/formats.js";
import type { JsonSchema } from "./decoders/json.js";
import { liveFormats, type SourceOptions } from "./options.js";
import type { Transport } from "./transport.js";
import { mqtt } from "./transports/mqtt.js";
import { serial } from "./transports/serial.js";
import { socket } from "./transports/socket.js";
import { stream } from "./transports/stream.js";
import { udp } from "./transports/udp.js";
import { webSocket } from "./transports/websocket.js";

/** What a URL asks for. */
export interface Asked {
	readonly transport: Transport;
	readonly options: SourceOptions;
}

const KINDS = "udp://HOST:PORT, tcp://HOST:PORT, unix:PATH, serial:PATH, mqtt://HOST/TOPIC, ws://HOST/PATH or -";

const QUALITIES = { "0": 0, "1": 1, "2": 2 } as const;

/** The baud rate that an eDVS has until it is told another. */
const EDVS_BAUD = 4_000_000;

/**
 * The transport and the options of a URL.
 *
 * @throws OptionError for a URL of no kind that is known, or an option that is not one
 * @throws EnvironmentError where the library that it needs is not installed
 */
export async function ask(text: string): Promise<Asked> {
	const [where, query] = splitOnce(text, "?");
	const [, scheme = where, path = ""] = /^([a-z]+):(.*)$/s.exec(where) ?? [];
	const asked = new Query(new URLSearchParams(query));
	const transport = await transportOf(scheme, path, text, asked);
	const options = optionsOf(asked);
	asked.end();
	return { transport, options };
}

async function transportOf(scheme: string, path: string, text: string, asked: Query): Promise<Transport> {
	switch (scheme) {
		case "-":
			return stream(process.stdin, "standard input");
		case "udp": {
			const { host, port } = addressOf(path, text);
			const receiveBytes = asked.number("receiveBytes");
			return udp({ ...(host !== undefined && { host }), port, ...(receiveBytes !== undefined && { receiveBytes }) });
		}
		case "tcp": {
			const { host, port } = addressOf(path, text);
			return socket({ ...(host !== undefined && { host }), port });
		}
		case "unix":
			return socket({ path: pathOf(path, text) });
		case "serial": {
			const mode = /^edvs([0-4]|t)$/.exec(asked.peek("format") ?? "")?.[1];
			const start = mode === undefined ? undefined : `!E${mode === "t" ? 31 : mode}\nE+\n`;
			const send = asked.text("send") ?? start;
			const baud = asked.number("baud") ?? (mode === undefined ? undefined : EDVS_BAUD);
			return serial({
				path: pathOf(path, text),
				...(baud !== undefined && { baud }),
				...(send !== undefined && { send }),
			});
		}
		case "mqtt":
		case "mqtts": {
			const url = parsed(`${scheme}:${path}`, text);
			const topic = decodeURIComponent(url.pathname.slice(1)) + decodeURIComponent(url.hash);
			if (topic === "") throw new OptionError("source", text, "mqtt://HOST/TOPIC");
			const credentials = url.username === "" ? "" : `${url.username}:${url.password}@`;
			const clientId = asked.text("clientId");
			return mqtt({
				broker: `${scheme}://${credentials}${url.host}`,
				topic,
				qos: QUALITIES[asked.word("qos", ["0", "1", "2"]) ?? "1"],
				...(clientId !== undefined && { clientId }),
			});
		}
		case "ws":
		case "wss":
			// What follows the question mark and is no option of ours is the server's.
			return webSocket(asked.into(parsed(`${scheme}:${path}`, text)).href);
		default:
			throw new OptionError("source", text, KINDS);
	}
}

/** The options that are the same for every transport. */
function optionsOf(asked: Query): SourceOptions {
	const format = asked.word("format", [...liveFormats, "json"]);
	const numbers = ["queueEvents", "stepUs", "jumpUs", "latencyUs", "silenceMs", "connectMs", "tickMs"] as const;
	const options: Record<string, unknown> = {};
	for (const name of numbers) options[name] = asked.number(name);
	options.queue = asked.word("queue", ["oldest", "newest", "steps", "wait"]);
	options.clock = asked.word("clock", ["events", "wall"]);
	options.late = asked.word("late", ["drop", "move"]);
	options.time = asked.word("time", ["sensor", "arrival"]);
	options.onFault = asked.word("onFault", ["refuse", "skip"]);
	const attempts = asked.number("attempts");
	if (attempts !== undefined) options.backoff = { attempts };
	if (format === "json") options.schema = schemaOf(asked);
	else if (format !== undefined) options.format = format satisfies EventFormat;
	for (const name of Object.keys(options)) if (options[name] === undefined) delete options[name];
	return options;
}

function schemaOf(asked: Query): JsonSchema {
	const column = (name: string) => {
		const text = asked.text(name);
		return text !== undefined && /^\d+$/.test(text) ? Number(text) : text;
	};
	const schema: Record<string, unknown> = {
		list: asked.text("list"),
		t: asked.text("t"),
		unit: asked.word("unit", ["s", "ms", "us", "ns"]),
		x: column("x"),
		y: column("y"),
		p: column("p"),
		sequence: asked.text("sequence"),
	};
	for (const name of Object.keys(schema)) if (schema[name] === undefined) delete schema[name];
	return schema;
}

/** What stands behind the question mark; every word of it is to be understood. */
class Query {
	readonly #given: URLSearchParams;

	constructor(given: URLSearchParams) {
		this.#given = given;
	}

	peek(name: string): string | undefined {
		return this.#given.get(name) ?? undefined;
	}

	text(name: string): string | undefined {
		const value = this.peek(name);
		this.#taken.add(name);
		return value;
	}

	number(name: string): number | undefined {
		const text = this.text(name);
		if (text === undefined) return undefined;
		const value = Number(text);
		if (text.trim() === "" || Number.isNaN(value)) throw new OptionError(name, text, "a number");
		return value;
	}

	word<T extends string>(name: string, words: readonly T[]): T | undefined {
		const text = this.text(name);
		const found = words.find((word) => word === text);
		if (text !== undefined && found === undefined) throw new OptionError(name, text, words.join(", "));
		return found;
	}

	/** The URL with what is not ours. */
	into(url: URL): URL {
		this.#isOpen = true;
		for (const [name, value] of this.#given) if (!OPTIONS.has(name)) url.searchParams.append(name, value);
		return url;
	}

	/** Throws where something has been asked that nobody knows. */
	end(): void {
		for (const name of this.#given.keys()) {
			if (this.#taken.has(name) || (this.#isOpen && !OPTIONS.has(name))) continue;
			throw new OptionError("source", name, `the options ${[...this.#taken].sort().join(", ")}`);
		}
	}

	readonly #taken = new Set<string>();
	#isOpen = false;
}

/** The options that are ours in a WebSocket's URL; the others are the server's. */
const OPTIONS = new Set(
	(
		"format queue queueEvents stepUs clock late jumpUs latencyUs time onFault attempts silenceMs connectMs tickMs " +
		"list t unit x y p sequence"
	).split(" "),
);

function addressOf(path: string, text: string): { host: string | undefined; port: number } {
	const [, host = "", port = ""] = /^\/\/(\[[\da-f:.]+\]|[^:/[\]]*):(\d{1,5})\/?$/i.exec(path) ?? [];
	const number = Number(port);
	if (port === "" || number > 65_535) throw new OptionError("source", text, "HOST:PORT, a port from 0 to 65535");
	return { host: host === "" ? undefined : host.replace(/^\[|\]$/g, ""), port: number };
}

function pathOf(path: string, text: string): string {
	const plain = decodeURIComponent(path.startsWith("///") ? path.slice(2) : path);
	if (plain === "") throw new OptionError("source", text, "a path behind the colon");
	return plain;
}

function parsed(url: string, text: string): URL {
	try {
		return new URL(url);
	} catch {
		throw new OptionError("source", text, KINDS);
	}
}

function splitOnce(text: string, by: string): [string, string] {
	const place = text.indexOf(by);
	return place < 0 ? [text, ""] : [text.slice(0, place), text.slice(place + by.length)];
}
