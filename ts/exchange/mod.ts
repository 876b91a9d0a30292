// What `stllr/exchange` offers: networks from and for other programs.

export type { ElementType } from "./elements.js";
export { exportNir, type NirExported, type NirExportOptions } from "./nir/export.js";
export { importNir, type NirImported, type NirOptions } from "./nir/import.js";
export type { NirChoice, NirLayer, NirReport } from "./nir/report.js";
export type { TensorFormat } from "./tensor.js";
export { exportSafetensors } from "./torch/export.js";
export type { TorchFileOptions } from "./torch/file.js";
export type { Choice } from "./torch/fill.js";
export {
	type Imported,
	type ImportedLayer,
	type ImportOptions,
	type ImportReport,
	importSafetensors,
	importTorch,
	type TensorSpec,
	type TorchOptions,
} from "./torch/import.js";
export type { LeftOut } from "./torch/modules.js";
