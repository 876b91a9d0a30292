// MQTT, through `mqtt`: each message of a topic is one part.

import { library } from "../library.js";
import { type Connection, Inbox, type Transport } from "../transport.js";

/** A topic of a broker. */
export interface MqttOptions {
	/** The broker, as `mqtt://127.0.0.1:1883`; `mqtts:`, `ws:` and `wss:` too. It may hold a user and a password. */
	readonly broker: string;
	/** The topic; `+` and `#` stand for any. */
	readonly topic: string;
	/** 0: at most once; 1 (the default): at least once; 2: exactly once. */
	readonly qos?: 0 | 1 | 2;
	/** With a name of its own the broker keeps messages of quality 1 and 2 while we are away. Default: none. */
	readonly clientId?: string;
}

/**
 * Subscribes to a topic.
 *
 * @throws EnvironmentError where `mqtt` is not installed
 */
export async function mqtt({ broker, topic, qos = 1, clientId }: MqttOptions): Promise<Transport> {
	const library_ = await library("mqtt", () => import("mqtt"));
	const url = new URL(broker);
	const connect = (signal: AbortSignal): Promise<Connection> =>
		new Promise((resolve, reject) => {
			const client = library_.connect(broker, {
				// Trying again is our business, with our waits.
				reconnectPeriod: 0,
				// A session that is kept keeps what the broker sends before we subscribe: see below.
				resubscribe: false,
				...(clientId !== undefined && { clientId, clean: false }),
			});
			const inbox = new Inbox(() => client.end(true));
			const stop = () => {
				client.end(true);
				reject(new Error("closed"));
			};
			const fail = (error: unknown) => {
				client.end(true);
				signal.removeEventListener("abort", stop);
				reject(error);
				inbox.end(error);
			};
			client.on("message", (_, payload) => inbox.put(payload));
			client.on("error", fail);
			client.on("close", () => fail(new Error("the broker has closed the connection")));
			client.on("connect", () => {
				client.subscribe(topic, { qos }, (error, granted) => {
					// The broker says so where it does not let us listen.
					const isRefused = granted?.some((grant) => grant.qos >= 128) === true;
					if (error || isRefused) return fail(error ?? new Error(`the broker refuses the topic ${topic}`));
					signal.removeEventListener("abort", stop);
					resolve(inbox);
				});
			});
			signal.addEventListener("abort", stop, { once: true });
		});
	return { name: `${url.protocol}//${url.host}/${topic}`, isMessages: true, isOnce: false, connect };
}
