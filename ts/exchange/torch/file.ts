// A PyTorch checkpoint as a file of tensors.

import { FormatError } from "../../errors.js";
import { openRanges, type Ranges } from "../../events/ranges.js";
import { readElements } from "../elements.js";
import type { Tensor, TensorFile } from "../tensor.js";
import { type Archive, openArchive, openOld } from "./archive.js";
import type { TensorMade } from "./globals.js";
import { stateOf } from "./states.js";

const ZIP = [0x50, 0x4b];
/** PROTO 2, and an integer of 10 bytes: the magic number. */
const OLD = [0x80, 0x02, 0x8a, 0x0a];

/** How to open a checkpoint. */
export interface TorchFileOptions {
	/** The key of the state dict in the checkpoint. Default: the checkpoint itself, or what it has under "state_dict". */
	readonly key?: string;
}

/**
 * Opens a PyTorch checkpoint (`.pth`, `.pt`, `.pth.tar`): the tensors of its state dict, none of them read yet. Runs nothing that is in it.
 *
 * @param source a path, a `file:` URL, or the bytes
 * @throws FormatError with the byte offset for a global that is not on the list (by its name), for tensors that leave their storage or
 *   overlap themselves, and for a file that is damaged or no checkpoint
 */
export async function openTorch(
	source: string | URL | Uint8Array,
	options: TorchFileOptions = {},
): Promise<TensorFile> {
	const ranges = await openRanges(source);
	try {
		return await torchFile(ranges, options);
	} catch (cause) {
		ranges.close();
		throw cause;
	}
}

/** The same for bytes that are open; they stay open where it throws. */
export async function torchFile(ranges: Ranges, { key }: TorchFileOptions): Promise<TensorFile> {
	const isOld = begins(ranges, OLD);
	if (!isOld && !begins(ranges, ZIP)) {
		const allowed = "a checkpoint as torch.save writes it: a zip, or PyTorch's older layout";
		throw new FormatError(0, "neither a zip nor PyTorch's magic number", allowed, ranges.name);
	}
	const archive = isOld ? openOld(ranges) : await openArchive(ranges);
	const tensors = [...stateOf(archive, key)].map(([name, made]) => tensorOf(name, made, archive));
	return {
		format: isOld ? "torch-legacy" : "torch-zip",
		name: ranges.name,
		tensors: new Map(tensors.map((tensor) => [tensor.name, tensor])),
		metadata: new Map(),
		close: () => ranges.close(),
	};
}

function tensorOf(name: string, made: TensorMade, archive: Archive): Tensor {
	const { type, shape, byteOffset } = made;
	const read = () => readElements(archive.read(made.storage), type, shape, made.offset, made.strides);
	return { name, type, shape, byteOffset, read };
}

function begins(ranges: Ranges, bytes: readonly number[]): boolean {
	if (ranges.size < bytes.length) return false;
	const head = ranges.read(0, bytes.length);
	return bytes.every((byte, index) => head[index] === byte);
}
