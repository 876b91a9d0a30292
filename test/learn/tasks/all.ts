// The tasks, in the order in which `all` runs them.

import type { Task } from "../task.js";
import { fsddAdapt, neuroradarAdapt } from "./adapt.js";
import { braille } from "./braille.js";
import { cue } from "./cue.js";
import { demo } from "./demo.js";
import { dvsClips } from "./dvs-clips.js";
import { flow } from "./flow.js";
import { fsdd, fsddRecurrent } from "./fsdd.js";
import { fsddSpeaker } from "./fsdd-speaker.js";
import { neuroradar } from "./neuroradar.js";
import { nmnist } from "./nmnist.js";
import { nmnistDense } from "./nmnist-dense.js";

export const tasks: readonly Task[] = [
	nmnist,
	nmnistDense,
	dvsClips,
	fsdd,
	fsddRecurrent,
	fsddSpeaker,
	fsddAdapt,
	neuroradar,
	neuroradarAdapt,
	braille,
	cue,
	flow,
	demo,
];
