// TCP and Unix sockets: a stream of bytes from a server, which is asked to wait where the reader is slow.

import { connect, type Socket } from "node:net";
import { integer } from "../../network/check.js";
import type { Connection, Transport } from "../transport.js";

/** A server: a port of a host, or the path of a Unix socket. */
export type SocketOptions = { readonly host?: string; readonly port: number } | { readonly path: string };

/** Connects to a server. */
export function socket(options: SocketOptions): Transport {
	if ("port" in options) integer("port", options.port, 1, 65_535);
	const to = "path" in options ? options : { host: options.host ?? "127.0.0.1", port: options.port };
	return {
		name: "path" in to ? `unix:${to.path}` : `tcp://${to.host.includes(":") ? `[${to.host}]` : to.host}:${to.port}`,
		isMessages: false,
		isOnce: false,
		connect: (signal) => open(to, signal),
	};
}

function open(to: { host: string; port: number } | { path: string }, signal: AbortSignal): Promise<Connection> {
	return new Promise((resolve, reject) => {
		const made = connect({ ...to, noDelay: true, keepAlive: true, keepAliveInitialDelay: 10_000 });
		const stop = () => {
			made.destroy();
			reject(new Error("closed"));
		};
		made.once("error", (error) => {
			signal.removeEventListener("abort", stop);
			reject(error);
		});
		made.once("connect", () => {
			signal.removeEventListener("abort", stop);
			resolve(new SocketConnection(made));
		});
		signal.addEventListener("abort", stop, { once: true });
	});
}

class SocketConnection implements Connection {
	readonly #socket: Socket;
	#isClosed = false;

	constructor(made: Socket) {
		this.#socket = made;
		// Between two readings nobody else would listen, and Node ends the program.
		made.on("error", () => undefined);
	}

	close(): void {
		this.#isClosed = true;
		this.#socket.destroy();
	}

	async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
		try {
			for await (const part of this.#socket) yield part;
		} catch (error) {
			if (!this.#isClosed) throw error;
		}
	}
}
