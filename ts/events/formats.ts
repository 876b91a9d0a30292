// The formats of event files: what each is called, and how a file is told to be of one.

import { OptionError } from "../errors.js";

/** What there is to know of a format. */
interface Format {
	/** Its number in WASM: see `Format` in the Rust source. None of those whose arrays lie apart. */
	readonly code: number | undefined;
	/** Endings of names, without a dot. */
	readonly endings: readonly string[];
	/** About as many bytes of a file as an event takes: how much room is made beforehand. */
	readonly eventBytes: number;
	readonly about: string;
}

const FORMATS = {
	bin: { code: 0, endings: ["bin"], eventBytes: 5, about: "N-MNIST and N-Caltech101" },
	bs2: { code: 1, endings: ["bs2"], eventBytes: 5, about: "SLAYER, in two dimensions" },
	bs1: { code: 2, endings: ["bs1"], eventBytes: 5, about: "SLAYER, in one dimension" },
	bs3: { code: 3, endings: ["bs3"], eventBytes: 7, about: "SLAYER, in two dimensions and many channels" },
	aedat2: { code: 4, endings: ["aedat2", "aedat"], eventBytes: 8, about: "jAER, AEDAT 2.0" },
	aedat3: { code: 5, endings: ["aedat3"], eventBytes: 8, about: "cAER, AEDAT 3.1" },
	dat: { code: 6, endings: ["dat"], eventBytes: 8, about: "Prophesee DAT" },
	evt2: { code: 7, endings: ["raw"], eventBytes: 4, about: "Prophesee RAW, EVT 2.0" },
	evt21: { code: 8, endings: [], eventBytes: 4, about: "Prophesee RAW, EVT 2.1" },
	evt3: { code: 9, endings: [], eventBytes: 3, about: "Prophesee RAW, EVT 3.0" },
	es: { code: 10, endings: ["es"], eventBytes: 5, about: "Event Stream" },
	aedat4: { code: 11, endings: ["aedat4"], eventBytes: 6, about: "DV, AEDAT 4.0" },
	text: { code: 12, endings: ["csv", "txt"], eventBytes: 16, about: "lines of numbers, such as t x y p" },
	npy: { code: 13, endings: ["npy"], eventBytes: 13, about: "NumPy, an array of x, y, t, p" },
	spif: { code: 14, endings: ["spif"], eventBytes: 8, about: "SPIF, the words that its UDP packets hold" },
	dv: { code: 15, endings: [], eventBytes: 6, about: "DV, as it comes over a network" },
	edvs0: { code: 20, endings: [], eventBytes: 2, about: "eDVS on its serial line, mode E0, without times" },
	edvs1: { code: 21, endings: [], eventBytes: 3, about: "eDVS, mode E1, times since the event before" },
	edvs2: { code: 22, endings: [], eventBytes: 4, about: "eDVS, mode E2, times of 16 bits" },
	edvs3: { code: 23, endings: [], eventBytes: 5, about: "eDVS, mode E3, times of 24 bits" },
	edvs4: { code: 24, endings: [], eventBytes: 6, about: "eDVS, mode E4, times of 32 bits" },
	edvst: { code: 25, endings: [], eventBytes: 16, about: "eDVS, modes E30 and E31, text" },
	npz: { code: undefined, endings: ["npz"], eventBytes: 6, about: "NumPy, arrays t, x, y, p or one of all" },
	hdf5: { code: undefined, endings: ["h5", "hdf5"], eventBytes: 8, about: "HDF5, as SHD, SSC, MVSEC and DSEC" },
} as const satisfies Readonly<Record<string, Format>>;

/** A format of event files. */
export type EventFormat = keyof typeof FORMATS;

/** All of them. */
export const eventFormats = Object.keys(FORMATS) as readonly EventFormat[];

/** What there is to know of a format. */
export function formatOf(name: EventFormat): Format {
	return FORMATS[name];
}

/** The format of a number in WASM. */
export function formatOfCode(code: number): EventFormat | undefined {
	return eventFormats.find((name) => FORMATS[name].code === code);
}

/** The marks of formats whose arrays lie apart, and the places where they may be. */
const MARKS = [
	{ format: "npz", mark: [0x50, 0x4b, 3, 4], places: [0] },
	{ format: "npz", mark: [0x50, 0x4b, 5, 6], places: [0] },
	{ format: "hdf5", mark: [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a], places: [0, 512, 1024, 2048] },
] as const;

/** The format whose arrays lie apart, where the first bytes bear the mark of one. */
export function formatApart(head: Uint8Array): "npz" | "hdf5" | undefined {
	const has = (mark: readonly number[], place: number) => mark.every((byte, at) => head[place + at] === byte);
	return MARKS.find(({ mark, places }) => places.some((place) => has(mark, place)))?.format;
}

/** Do the first bytes bear the mark of a WAV file? */
export function isSound(head: Uint8Array): boolean {
	const text = (from: number) => String.fromCharCode(...head.subarray(from, from + 4));
	return ["RIFF", "RF64", "BW64"].includes(text(0)) && text(8) === "WAVE";
}

/** The format that a name's ending tells, if it tells one. */
export function formatOfName(name: string): EventFormat | undefined {
	const ending = name.slice(name.lastIndexOf(".") + 1).toLowerCase();
	return eventFormats.find((format) => (FORMATS[format].endings as readonly string[]).includes(ending));
}

/** A `format` option as it was given. */
export function checkFormat(given: EventFormat | undefined): EventFormat | undefined {
	if (given === undefined || eventFormats.includes(given)) return given;
	throw new OptionError("format", given, eventFormats.map((name) => JSON.stringify(name)).join(", "));
}
