// `stllr/datasets`: labelled recordings, folds and orders. Apart from the main entry, which starts sooner without them.

export { type Fold, folds } from "./folds.js";
export { type LabelledOptions, type LabelledSet, openLabelled, type Recording } from "./labelled.js";
export { shuffled } from "./shuffle.js";
