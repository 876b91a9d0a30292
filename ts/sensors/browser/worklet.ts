// In the thread of a browser's sound: hands on what comes, some of it at a time. A file of its own, which the page loads by its
// address: strict policies allow no code made on the way.

/** What the browser has in that thread. */
interface SoundThread {
	readonly AudioWorkletProcessor: new () => { readonly port: MessagePort };
	registerProcessor(name: string, processor: new () => object): void;
}

/** Samples that are handed on at a time: at 16 kHz those of 16 ms. */
const BLOCK = 256;

const thread = globalThis as typeof globalThis & SoundThread;

class Samples extends thread.AudioWorkletProcessor {
	#block = new Float32Array(BLOCK);
	#filled = 0;

	/** Called with each 128 samples or so; the outputs stay silent. Says that it is to be called again. */
	process(inputs: readonly (readonly Float32Array[])[]): boolean {
		// Without an input nothing is connected.
		for (const sample of inputs[0]?.[0] ?? []) {
			this.#block[this.#filled] = sample;
			this.#filled += 1;
			if (this.#filled < BLOCK) continue;
			this.port.postMessage(this.#block, [this.#block.buffer]);
			this.#block = new Float32Array(BLOCK);
			this.#filled = 0;
		}
		return true;
	}
}

thread.registerProcessor("stllr-samples", Samples);
