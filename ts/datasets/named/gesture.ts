// DVS128 Gesture: long recordings in AEDAT 3.1, cut into gestures by tables of labels.

import type { EventRoom, Events } from "../../events/chunk.js";
import { Decoding, firstOf, Gathering, type OnFault } from "../../events/decode.js";
import { type EventsModule, loadEventsModule } from "../../wasm/module.js";
import type { CheckedOptions, LabelledSet, Recording } from "../labelled.js";
import { type FileTree, rootOf } from "../tree.js";
import { notFound } from "./catalogue.js";
import { GESTURES } from "./events.js";
import { tableOf, textOf } from "./table.js";

const NAME = "dvs-gesture";

/** Opens it. A gesture's times begin at 0, the start that its label states. */
export async function openGesture(tree: FileTree, options: CheckedOptions): Promise<LabelledSet> {
	const root = rootOf(tree);
	const names = new Set(tree.list(root));
	const module = await loadEventsModule();
	const part = (list: string): Recording[] => {
		if (!names.has(list)) throw notFound(NAME, tree.place, `there is no ${list} here`);
		const trials = textOf(tree, root + list)
			.split(/\r?\n/)
			.map((line) => line.trim())
			.filter((line) => line !== "");
		return trials.flatMap((trial) => {
			const labels = trial.replace(/\.aedat$/, "_labels.csv");
			for (const file of [trial, labels]) {
				if (!names.has(file)) throw notFound(NAME, tree.place, `${list} names ${trial}, and there is no ${file}`);
			}
			return gesturesOf(
				tree,
				root,
				trial,
				labels,
				(cut) => new Gesture(module, tree, root + trial, cut, options.onFault),
			);
		});
	};
	const [train, test] = [part("trials_to_train.txt"), part("trials_to_test.txt")];
	const { width = 128, height = 128, polarities = 2 } = options.given;
	return { name: tree.place, classes: GESTURES, train, test, width, height, polarities };
}

/** From when to when a gesture is, the end not in it. */
interface Cut {
	readonly label: number;
	readonly fromUs: number;
	readonly untilUs: number;
	readonly name: string;
	readonly subject: string;
}

function gesturesOf(
	tree: FileTree,
	root: string,
	trial: string,
	labels: string,
	make: (cut: Cut) => Recording,
): Recording[] {
	const place = `${tree.place}: ${labels}`;
	const rows = tableOf(textOf(tree, root + labels), ["class", "startTime_usec", "endTime_usec"], place);
	return rows.map((row, index) => {
		const [label, fromUs, untilUs] = [Number(row.class), Number(row.startTime_usec), Number(row.endTime_usec)];
		const isSound =
			Number.isInteger(label) && label >= 1 && label <= GESTURES.length && fromUs >= 0 && fromUs < untilUs;
		if (!isSound) throw notFound(NAME, place, `line ${index + 2} is no class from 1 to 11, a start and a later end`);
		const subject = trial.replace(/\.aedat$/, "");
		return make({ label: label - 1, fromUs, untilUs, name: `${root}${trial}[${index}]`, subject });
	});
}

class Gesture implements Recording {
	readonly name: string;
	readonly label: number;
	readonly subject: string;
	readonly endUs: number;
	readonly #module: EventsModule;
	readonly #tree: FileTree;
	readonly #path: string;
	readonly #cut: Cut;
	readonly #onFault: OnFault;

	constructor(module: EventsModule, tree: FileTree, path: string, cut: Cut, onFault: OnFault) {
		this.#module = module;
		this.#tree = tree;
		this.#path = path;
		this.#cut = cut;
		this.#onFault = onFault;
		this.name = cut.name;
		this.label = cut.label;
		this.subject = cut.subject;
		this.endUs = cut.untilUs - cut.fromUs;
	}

	get events(): Events {
		return this.read();
	}

	read(room?: EventRoom): Events {
		const { fromUs, untilUs } = this.#cut;
		const bytes = this.#tree.read(this.#path);
		const gathered = new Gathering(1 << 16, room);
		const decoding = new Decoding(this.#module);
		const add = (parts: Iterable<Events>) => {
			for (const part of parts) gathered.add(within(part, fromUs, untilUs));
		};
		try {
			decoding.start("aedat3", this.#onFault, `${this.#tree.place}: ${this.#path}`);
			for (const part of partsWithin(bytes, fromUs, untilUs)) add(decoding.push(part));
			add(decoding.finish());
		} finally {
			decoding.free();
		}
		const found = gathered.events();
		for (const at of found.t.keys()) (found.t[at] as number) -= fromUs;
		return found;
	}
}

/** The events of a stretch of time, moved to the front. */
function within(part: Events, fromUs: number, untilUs: number): Events {
	const { t, x, y, p } = part;
	let count = 0;
	for (const [at, us] of t.entries()) {
		if (us < fromUs || us >= untilUs) continue;
		t[count] = us;
		x[count] = x[at] as number;
		y[count] = y[at] as number;
		p[count] = p[at] as number;
		count += 1;
	}
	return firstOf(part, count);
}

const HEADER_END = "#!END-HEADER\r\n";
const PACKET_BYTES = 28;
const POLARITY = 1;

/**
 * The header, and the packets that may hold events of a stretch of time: a recording has a dozen gestures, and all of it would be
 * decoded for each. What does not look like packets comes whole: the decoder says what is wrong with it.
 */
function partsWithin(bytes: Uint8Array, fromUs: number, untilUs: number): Uint8Array[] {
	const head = new TextDecoder("latin1").decode(bytes.subarray(0, 1 << 16)).indexOf(HEADER_END);
	if (head < 0) return [bytes];
	const begin = head + HEADER_END.length;
	const parts = [bytes.subarray(0, begin)];
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	for (let at = begin; at < bytes.length; ) {
		if (at + PACKET_BYTES > bytes.length) return [bytes];
		const [size, overflow] = [view.getInt32(at + 4, true), view.getInt32(at + 12, true)];
		const [capacity, count] = [view.getInt32(at + 16, true), view.getInt32(at + 20, true)];
		const end = at + PACKET_BYTES + capacity * size;
		if (size <= 0 || capacity < 0 || count < 0 || count > capacity || end > bytes.length) return [bytes];
		if (view.getInt16(at, true) === POLARITY && size === 8 && count > 0) {
			const us = (index: number) => overflow * 2 ** 31 + view.getInt32(at + PACKET_BYTES + 8 * index + 4, true);
			if (us(count - 1) >= fromUs && us(0) < untilUs) parts.push(bytes.subarray(at, end));
		}
		at = end;
	}
	return parts;
}
