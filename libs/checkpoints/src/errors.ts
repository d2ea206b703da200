import { TunesmithError } from '@tunesmith/tensor';

/** A safetensors file or index that breaks the format; codes start with `safetensors-`. */
export class SafetensorsError extends TunesmithError {}

/** An Arrow file that breaks the format or holds what is not read; codes start with `arrow-`. */
export class ArrowError extends TunesmithError {}

/** A GGUF file that breaks the format or asks for what is not supported; codes start with `gguf-`. */
export class GgufError extends TunesmithError {}

/** A folder that is not a usable model; codes start with `model-folder-`. */
export class ModelFolderError extends TunesmithError {}

/** A folder that is not a usable PEFT adapter; codes start with `adapter-`. */
export class AdapterError extends TunesmithError {}

/** A file that could not be read: missing, a folder, cut short while being read; codes start with `file-`. */
export class FileReadError extends TunesmithError {}

/** A file that could not be written; `disk-full` where the device or quota is exhausted. Nothing half-written stays behind. */
export class FileWriteError extends TunesmithError {}
