// Serial lines, through `serialport`.

import { read } from "node:fs";
import { promisify } from "node:util";
import type { SerialPort } from "serialport";
import { integer } from "../../network/check.js";
import { library } from "../library.js";
import { type Connection, Inbox, type Transport } from "../transport.js";

/** A serial line. */
export interface SerialOptions {
	/** The device, as `/dev/ttyUSB0` or `COM3`. */
	readonly path: string;
	/** Bits a second. Default 115,200; an eDVS has 4,000,000. */
	readonly baud?: number;
	/** What is written once the line is open, to start the sensor. */
	readonly send?: string;
}

/**
 * Opens a serial line.
 *
 * @throws EnvironmentError where `serialport` is not installed
 */
export async function serial({ path, baud = 115_200, send }: SerialOptions): Promise<Transport> {
	integer("baud", baud, 50, 20_000_000);
	const { SerialPort } = await library("serialport", () => import("serialport"));
	const connect = (signal: AbortSignal): Promise<Connection> =>
		new Promise((resolve, reject) => {
			const port = new SerialPort({ path, baudRate: baud, autoOpen: false });
			let isOpen = false;
			const close = () => {
				isOpen = false;
				port.close(() => undefined);
			};
			const inbox = new Inbox(() => isOpen && close());
			// Before anything is read.
			port.once("open", () => endWithLine(port));
			port.on("data", (part: Uint8Array) => inbox.put(part));
			port.on("error", (error) => inbox.end(error));
			port.on("close", (error: unknown) => {
				isOpen = false;
				inbox.end(error ?? undefined);
			});
			const stop = () => reject(new Error("closed"));
			signal.addEventListener("abort", stop, { once: true });
			port.open((error) => {
				signal.removeEventListener("abort", stop);
				if (error) return reject(error);
				isOpen = true;
				// Opening cannot be called off: what has opened too late is closed again.
				if (signal.aborted) return close();
				if (send !== undefined && send !== "") port.write(send);
				resolve(inbox);
			});
		});
	return { name: `serial:${path}`, isMessages: false, isOnce: false, connect };
}

const readFile = promisify(read);

/**
 * Reads in the library's place, where it is no Windows: when a line has been pulled out and the system says that nothing more is
 * to be read, @serialport/bindings-cpp 13 reads again at once, for ever, and nothing else in the program runs (its issue 162).
 */
function endWithLine({ port: line }: SerialPort): void {
	if (line === undefined || !("poller" in line)) return;
	line.read = async (buffer, offset, length) => {
		for (;;) {
			if (line.fd === null) throw Object.assign(new Error("the line is closed"), { canceled: true });
			try {
				const { bytesRead } = await readFile(line.fd, buffer, offset, length, null);
				if (bytesRead > 0) return { buffer, bytesRead };
				throw new Error("the line has been pulled out");
			} catch (error) {
				if (!isForLater(error)) throw error;
			}
			await new Promise<void>((resolve, reject) => {
				line.poller.once("readable", (error) => (error ? reject(error) : resolve()));
			});
		}
	};
}

/** Is there only nothing to be read yet? */
function isForLater(error: unknown): boolean {
	return error instanceof Error && "code" in error && (error.code === "EAGAIN" || error.code === "EINTR");
}
