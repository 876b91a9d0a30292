// `stllr/datasets`: labelled recordings, folds and orders. Apart from the main entry, which starts sooner without them.

export { type Fold, folds } from "./folds.js";
export { type LabelledOptions, type LabelledSet, openLabelled, type Recording } from "./labelled.js";
export { DATASETS, type DatasetEntry, type DatasetName, datasetNames } from "./named/catalogue.js";
export type { FlowFrame, FlowInterval, FlowRecording, FlowSet, OpenFlow } from "./named/flow.js";
export { type DatasetOf, type DatasetOptions, dataset } from "./named/mod.js";
export type { SeriesRecording, SeriesSet } from "./named/series.js";
export type { SoundRecording, SoundSet } from "./named/sound.js";
export { shuffled } from "./shuffle.js";
