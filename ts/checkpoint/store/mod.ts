// `stllr/store`: files that survive, for Node.

export { OptionError, StateError, StllrError, StorageError, type StorageErrorKind } from "../../errors.js";
export { Autosave, type AutosaveOptions, type AutosaveStats } from "./autosave.js";
export type { FileStat, Files, OpenFile } from "./files.js";
export { nodeFiles } from "./node-files.js";
export { type Saved, Store, type StoreOptions } from "./store.js";
