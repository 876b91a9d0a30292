// Datagrams: a socket that sensors send to. There are no connections: a sender that is gone is a silence.

import { createSocket } from "node:dgram";
import { integer } from "../../network/check.js";
import { type Connection, Inbox, type Transport } from "../transport.js";

/** Where to listen. */
export interface UdpOptions {
	/** The address to listen at. Default 127.0.0.1: only this machine can send. */
	readonly host?: string;
	/** 0 takes a free one; the status `connected` says which. */
	readonly port: number;
	/** Room that the system keeps for datagrams not read yet, in bytes; it may grant less. Default: the system's. */
	readonly receiveBytes?: number;
}

/** Listens for datagrams. */
export function udp({ host = "127.0.0.1", port, receiveBytes }: UdpOptions): Transport {
	integer("port", port, 0, 65_535);
	integer("receiveBytes", receiveBytes, 1, 2 ** 30, 1);
	return {
		name: `udp://${host.includes(":") ? `[${host}]` : host}:${port}`,
		isMessages: true,
		isOnce: false,
		connect: (signal) => bind(host, port, receiveBytes, signal),
	};
}

function bind(host: string, port: number, receiveBytes: number | undefined, signal: AbortSignal): Promise<Connection> {
	return new Promise((resolve, reject) => {
		const socket = createSocket({
			type: host.includes(":") ? "udp6" : "udp4",
			...(receiveBytes !== undefined && { recvBufferSize: receiveBytes }),
		});
		let inbox: Inbox | undefined;
		const stop = () => {
			socket.close();
			reject(new Error("closed"));
		};
		socket.on("error", (error) => {
			signal.removeEventListener("abort", stop);
			reject(error);
			if (inbox === undefined) socket.close();
			else inbox.end(error);
		});
		socket.bind(port, host, () => {
			signal.removeEventListener("abort", stop);
			const { address, port } = socket.address();
			const made = new Inbox(() => socket.close(), `${address}:${port}`);
			socket.on("message", (bytes) => made.put(bytes));
			inbox = made;
			resolve(made);
		});
		signal.addEventListener("abort", stop, { once: true });
	});
}
