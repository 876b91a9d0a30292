// WebSockets: the platform's own where there is one, else those of `ws`.

import { library } from "../library.js";
import { type Connection, Inbox, type Transport } from "../transport.js";

/** What is used of a WebSocket: the platform's and that of `ws` have it in common. */
interface Socket {
	binaryType: string;
	close(): void;
	addEventListener(type: "open" | "close", listener: () => void): void;
	addEventListener(type: "error", listener: (event: object) => void): void;
	addEventListener(type: "message", listener: (event: { readonly data: unknown }) => void): void;
}

/**
 * Connects to a server of WebSockets; each message is one part.
 *
 * @param url `ws:` or `wss:`
 * @throws EnvironmentError where the platform has none and `ws` is not installed
 */
export async function webSocket(url: string): Promise<Transport> {
	const open = await opener();
	const { protocol, host, pathname } = new URL(url);
	return {
		name: `${protocol}//${host}${pathname}`,
		isMessages: true,
		isOnce: false,
		connect: (signal) => connect(open(url), signal),
	};
}

async function opener(): Promise<(url: string) => Socket> {
	const own: unknown = Reflect.get(globalThis, "WebSocket");
	if (typeof own === "function") return (url) => Reflect.construct(own, [url]) as Socket;
	const { WebSocket } = await library("ws", () => import("ws"));
	return (url) => new WebSocket(url) as Socket;
}

function connect(socket: Socket, signal: AbortSignal): Promise<Connection> {
	return new Promise((resolve, reject) => {
		socket.binaryType = "arraybuffer";
		const inbox = new Inbox(() => socket.close());
		const stop = () => {
			reject(new Error("closed"));
			socket.close();
		};
		socket.addEventListener("open", () => {
			signal.removeEventListener("abort", stop);
			resolve(inbox);
		});
		socket.addEventListener("message", ({ data }) => {
			if (data instanceof ArrayBuffer) inbox.put(new Uint8Array(data));
			else if (typeof data === "string") inbox.put(new TextEncoder().encode(data));
		});
		const fail = (error: unknown) => {
			signal.removeEventListener("abort", stop);
			reject(error ?? new Error("the server has closed the connection"));
			inbox.end(error);
		};
		socket.addEventListener("error", (event) => fail(new Error(messageOf(event))));
		socket.addEventListener("close", () => fail(undefined));
		signal.addEventListener("abort", stop, { once: true });
	});
}

function messageOf(event: object): string {
	const message: unknown = "message" in event ? event.message : undefined;
	return typeof message === "string" && message !== "" ? message : "the connection failed";
}
