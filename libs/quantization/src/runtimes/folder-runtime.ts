import { loadPackedFolder } from './load-packed-folder.js';
import type { ModelRuntime, RuntimeOptions } from './model-runtime.js';
import { OwnRuntime } from './own-runtime.js';
import { fileRefused } from './runtime-error.js';

/** Loads a Hugging Face folder, its packed linears decoded, into our own runtime in float32; where its configuration says so, inputs of linears are rounded too. Throws QuantizationError `file-refused-by-runtime`. */
export async function openFolderRuntime(path: string, { signal }: RuntimeOptions): Promise<ModelRuntime> {
  try {
    return new OwnRuntime(path, await loadPackedFolder(path, { dtype: 'float32' }));
  } catch (error) {
    signal.throwIfAborted();
    throw fileRefused(path, 'tunesmith', error);
  }
}
