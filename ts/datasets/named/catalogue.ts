// The datasets that are known by name: what each is, which files it unpacks to and where it comes from.

import { DatasetError, OptionError } from "../../errors.js";

/** What there is to know of a dataset before it is opened. */
export interface DatasetEntry {
	/** What a recording holds: events with a label, sound with one, rows of numbers with one, or events with the true flow. */
	readonly kind: "events" | "sound" | "series" | "flow";
	readonly about: string;
	/** The files that are looked for, in a folder or a zip. */
	readonly files: string;
	/** Where the original comes from. */
	readonly from: string;
}

/** All of them. */
export const DATASETS = {
	nmnist: {
		kind: "events",
		about: "N-MNIST: ten digits before a moving event camera, 34 x 34; 60,000 to train, 10,000 to test",
		files: "Train/0..9/*.bin and Test/0..9/*.bin",
		from: "Orchard et al. 2015, https://www.garrickorchard.com/datasets/n-mnist",
	},
	"nmnist-small": {
		kind: "events",
		about: "a part of N-MNIST as SLAYER carries it",
		files: "train.csv and test.csv beside the <sample>.bs2 files they name",
		from: "github.com/bamsumit/slayerPytorch, NMNISTsmall",
	},
	ncaltech101: {
		kind: "events",
		about:
			"N-Caltech101: pictures of 100 kinds of things and a background before a moving event camera; no split of its own",
		files: "<class>/image_*.bin in a folder for each of the 101 classes (also within Caltech101/)",
		from: "Orchard et al. 2015, https://www.garrickorchard.com/datasets/n-caltech101",
	},
	"cifar10-dvs": {
		kind: "events",
		about:
			"CIFAR10-DVS: ten kinds of pictures moved before an event camera, 128 x 128; 1,000 of each, no split of its own",
		files: "<class>/*.aedat in the folders airplane, automobile, bird, cat, deer, dog, frog, horse, ship, truck",
		from: "Li et al. 2017, https://figshare.com/articles/dataset/CIFAR10-DVS_New/4724671",
	},
	"dvs-gesture": {
		kind: "events",
		about: "DVS128 Gesture: eleven gestures before an event camera, 128 x 128; 98 trials to train, 24 to test",
		files: "trials_to_train.txt, trials_to_test.txt, and the user*.aedat with their user*_labels.csv",
		from: "Amir et al. 2017, https://research.ibm.com/interactive/dvsgesture",
	},
	"dvs-clips": {
		kind: "events",
		about: "one clip of each of ten gestures of DVS128 Gesture, as SLAYER carries them",
		files: "1.bs2 to 10.bs2",
		from: "github.com/bamsumit/slayerPytorch, test/test_files/binarySpikeTestFiles",
	},
	shd: {
		kind: "events",
		about:
			"Spiking Heidelberg Digits: spoken digits, English and German, as spikes of 700 channels; 8,156 to train, 2,264 to test",
		files: "shd_train.h5 and shd_test.h5",
		from: "Cramer et al. 2020, https://zenkelab.org/datasets",
	},
	ssc: {
		kind: "events",
		about: "Spiking Speech Commands: 35 words as spikes of 700 channels",
		files: "ssc_train.h5, ssc_valid.h5 and ssc_test.h5",
		from: "Cramer et al. 2020, https://zenkelab.org/datasets",
	},
	neuroradar: {
		kind: "events",
		about: "twelve hand gestures before a neuromorphic radar of six spike trains",
		files: "index.csv (file,class,name,session,split) and the text files it names",
		from: "NeuroRadar, SenSys 2023, github.com/kaizheng28/spike-sampler",
	},
	cue: {
		kind: "events",
		about: "cue accumulation: on which of two sides more cues came; 40 inputs",
		files: "dataset_cueAcc_train.dat and dataset_cueAcc_test.dat",
		from: "github.com/ChFrenkel/ReckOn, src/data",
	},
	fsdd: {
		kind: "sound",
		about: "Free Spoken Digit Dataset: ten digits of several speakers, 8 kHz; the takes 0 to 4 of each are to test",
		files: "<digit>_<speaker>_<take>.wav (also within recordings/)",
		from: "github.com/Jakobovski/free-spoken-digit-dataset",
	},
	braille: {
		kind: "series",
		about: "Braille letters read by a fingertip of 12 pressure sensors",
		files: "data.npy, length.npy, label.npy, repetition.npy and is_test.npy (an .npz)",
		from: "Mueller-Cleve et al. 2022, https://zenodo.org/records/6556273, as in github.com/fzenke/spytorch",
	},
	"basic-motions": {
		kind: "series",
		about: "four activities by the accelerometer and gyroscope of a smart watch",
		files: "BasicMotions_TRAIN.ts and BasicMotions_TEST.ts",
		from: "the UEA archive, https://www.timeseriesclassification.com",
	},
	"japanese-vowels": {
		kind: "series",
		about: "nine speakers by two vowels, 12 coefficients a frame",
		files: "JapaneseVowels_TRAIN.ts and JapaneseVowels_TEST.ts",
		from: "Kudo et al. 1999, https://www.timeseriesclassification.com",
	},
	mvsec: {
		kind: "flow",
		about:
			"MVSEC: flights and drives before an event camera of 346 x 260; outdoor_day2 is to train, as EV-FlowNet splits it",
		files: "<scene>_data.hdf5 with <scene>_gt.hdf5",
		from: "Zhu et al. 2018, https://daniilidis-group.github.io/mvsec",
	},
	"dsec-flow": {
		kind: "flow",
		about:
			"DSEC-Flow: drives before an event camera of 640 x 480, the flow every 100 ms; that of the test part is not public",
		files:
			"<sequence>/events/left/events.h5 within train_events or test_events, <sequence>/flow/forward/*.png with forward_timestamps.txt within train_optical_flow, test_forward_optical_flow_timestamps/<sequence>.csv",
		from: "Gehrig et al. 2021, https://dsec.ifi.uzh.ch",
	},
	"flow-sim": {
		kind: "flow",
		about: "pictures moved before a simulated event camera, with the exact flow, as MVSEC lays it out",
		files: "train_<n>_data.hdf5 and test_<n>_data.hdf5, each with its <name>_gt.hdf5",
		from: "who simulated them: they are no public dataset",
	},
} as const satisfies Readonly<Record<string, DatasetEntry>>;

/** A dataset's name. */
export type DatasetName = keyof typeof DATASETS;

/** All names. */
export const datasetNames = Object.keys(DATASETS) as readonly DatasetName[];

/** A name as it was given. */
export function checkName(given: string): DatasetName {
	const name = datasetNames.find((known) => known === given);
	if (name !== undefined) return name;
	throw new OptionError("name", given, datasetNames.map((known) => JSON.stringify(known)).join(", "));
}

/** The error of a folder that does not hold a dataset. */
export function notFound(name: DatasetName, place: string, what: string): DatasetError {
	const { files, from } = DATASETS[name];
	return new DatasetError(`${place}: ${what}; ${name} is looked for as ${files}; the original comes from ${from}`);
}
