// Real peers for sources: sockets on loopback, a pseudo-terminal, a broker. Each can be killed and started again.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants, renameSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { delimiter, join } from "node:path";
import type { LiveSource, SourceStatus } from "stllr/sensors";

/** Where a program is, or `undefined`. Debian keeps brokers where only root looks. */
export function programOf(name: string): string | undefined {
	const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/usr/local/sbin"];
	return folders.map((folder) => join(folder, name)).find((path) => isExecutable(path));
}

function isExecutable(path: string): boolean {
	try {
		accessSync(path, constants.X_OK);
		return true;
	} catch {
		return false;
	}
}

/** A port of loopback that nobody has. */
export async function freePort(): Promise<number> {
	const server = createServer().listen(0, "127.0.0.1");
	await once(server, "listening");
	const address = server.address();
	await new Promise((resolve) => server.close(resolve));
	if (typeof address !== "object" || address === null) throw new Error("no port");
	return address.port;
}

/** A camera's server at a port or a path: it sends the same bytes to whoever connects, and can be cut off. */
export class ByteServer {
	readonly #at: number | string;
	#server: Server | undefined;
	#sockets: Socket[] = [];

	constructor(at: number | string) {
		this.#at = at;
	}

	async start(): Promise<void> {
		const server = createServer((socket) => {
			socket.on("error", () => undefined);
			this.#sockets.push(socket);
			server.emit("served");
		});
		this.#server = server;
		if (typeof this.#at === "number") server.listen(this.#at, "127.0.0.1");
		else server.listen(this.#at);
		await once(server, "listening");
	}

	/** The client that is connected, or the next one. */
	async client(): Promise<Socket> {
		if (this.#sockets.length === 0 && this.#server !== undefined) await once(this.#server, "served");
		const socket = this.#sockets.at(-1);
		if (socket === undefined) throw new Error("no client");
		return socket;
	}

	/** Ends it as a crash would: connections are reset. */
	async kill(): Promise<void> {
		for (const socket of this.#sockets) {
			if (typeof this.#at === "number") socket.resetAndDestroy();
			else socket.destroy();
		}
		this.#sockets = [];
		const server = this.#server;
		this.#server = undefined;
		if (server !== undefined) await new Promise((resolve) => server.close(resolve));
	}
}

/** A program that runs until it is killed. */
export class Program {
	readonly #child: ChildProcess;
	/** What it has said on stderr. */
	said = "";

	constructor(path: string, args: readonly string[]) {
		this.#child = spawn(path, args, { stdio: ["ignore", "ignore", "pipe"] });
		this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => {
			this.said += text;
		});
	}

	async kill(): Promise<void> {
		if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
		const gone = once(this.#child, "exit");
		this.#child.kill("SIGKILL");
		await gone;
	}
}

/** A serial line between two terminals, `near` for the source and `far` for the sensor, joined by socat. */
export class SerialLine {
	readonly near: string;
	readonly far: string;
	readonly #socat: string;
	#program: Program | undefined;

	constructor(socat: string, folder: string) {
		this.#socat = socat;
		this.near = join(folder, "near");
		this.far = join(folder, "far");
	}

	/** Puts it in. Both ends are there at once, when all is ready: a source that tries again must not find half a line. */
	async plug(): Promise<void> {
		const ends = [this.near, this.far].map((path) => `pty,raw,echo=0,link=${path}.made`);
		const program = new Program(this.#socat, ["-d", "-d", ...ends]);
		await until(() => program.said.includes("starting data transfer loop"));
		this.#program = program;
		for (const path of [this.far, this.near]) renameSync(`${path}.made`, path);
	}

	/** Pulls it out. */
	async pull(): Promise<void> {
		// The system gives a terminal's name to the next one: it must not be found by this one.
		for (const path of [this.near, this.far]) rmSync(path, { force: true });
		await this.#program?.kill();
	}
}

/** A broker on a free port, ready to be asked. */
export async function broker(mosquitto: string, folder: string, port: number): Promise<Program> {
	const settings = join(folder, "mosquitto.conf");
	writeFileSync(
		settings,
		`listener ${port} 127.0.0.1\nallow_anonymous true\npersistence false\nmax_queued_messages 0\nmax_inflight_messages 0\n`,
	);
	const program = new Program(mosquitto, ["-c", settings]);
	await until(() => answers(port));
	return program;
}

function answers(port: number): Promise<boolean> {
	return new Promise((resolve) => {
		const socket = connect(port, "127.0.0.1");
		socket.once("connect", () => {
			socket.destroy();
			resolve(true);
		});
		socket.once("error", () => resolve(false));
	});
}

/** Asks over and over, leaving the machine to others in between, until it is so; tap's timeout ends what never is. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
	while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 2));
}

/** Keeps what a source tells, and waits for what it is to tell. */
export class Told {
	readonly all: SourceStatus[] = [];

	constructor(source: Pick<LiveSource, "status">) {
		void (async () => {
			for await (const status of source.status()) this.all.push(status);
		})();
	}

	count(type: SourceStatus["type"]): number {
		return this.all.filter((status) => status.type === type).length;
	}

	/** Until it has told so often of this. */
	async of(type: SourceStatus["type"], times = 1): Promise<void> {
		await until(() => this.count(type) >= times);
	}
}

/** A stream of one thing. */
export async function* one<T>(thing: T): AsyncGenerator<T> {
	yield thing;
}
