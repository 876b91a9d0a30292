// Plain bytes to deflated ones, by the platform.

/** What zlib's form, which every platform writes, has before the deflated bytes and after them. */
const [HEAD, CHECKSUM] = [2, 4];

/** Deflates a stream, piece by piece. Errors of `parts` come out of it. */
export async function* deflate(parts: AsyncIterable<Uint8Array<ArrayBuffer>>): AsyncGenerator<Uint8Array> {
	const { readable, writable } = new CompressionStream("deflate");
	const [reader, writer] = [readable.getReader(), writable.getWriter()];
	const feed = async () => {
		try {
			for await (const part of parts) await writer.write(part);
			await writer.close();
		} catch (cause) {
			// The reader fails with the same. Where it has left, nobody waits for it.
			await writer.abort(cause).catch(() => undefined);
		}
	};
	const feeding = feed();
	try {
		let skip = HEAD;
		// The last bytes so far: they can be the checksum.
		let held = new Uint8Array(0);
		for (let next = await reader.read(); !next.done; next = await reader.read()) {
			const head = Math.min(skip, next.value.length);
			skip -= head;
			const bytes = new Uint8Array(held.length + next.value.length - head);
			bytes.set(held);
			bytes.set(next.value.subarray(head), held.length);
			const end = Math.max(0, bytes.length - CHECKSUM);
			if (end > 0) yield bytes.subarray(0, end);
			held = bytes.subarray(end);
		}
	} finally {
		await reader.cancel().catch(() => undefined);
		await feeding;
	}
}
