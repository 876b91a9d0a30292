// A network in a checkpoint file, as commands write and read it.

import { type Saved, Store } from "../checkpoint/store/mod.js";
import { Network } from "../index.js";

/** The store of a checkpoint file: it takes only what a network can be made of. */
export function modelStore(path: string, warn: (line: string) => void): Store {
	const validate = async (bytes: Uint8Array) => {
		(await Network.load(bytes)).close();
	};
	return new Store(path, { validate, warn });
}

/** Loads the network of a checkpoint file, or of the one before it where the newest is damaged, with a warning. */
export async function loadModel(path: string, warn: (line: string) => void): Promise<Network> {
	const { bytes }: Saved = await modelStore(path, warn).read();
	return Network.load(bytes, { source: path });
}
