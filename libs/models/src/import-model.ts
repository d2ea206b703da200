import type { WorkContext } from '@tunesmith/tensor';
import { stat } from 'node:fs/promises';
import { importModelFolder } from './import-model-folder.js';
import { importModelGguf } from './import-model-gguf.js';
import { downloadHubModel, hubReference } from './import-model-hub.js';
import { ImportModelError } from './import-model-error.js';

/** What was imported. */
export interface ImportedModel {
  /** What the source was. */
  readonly format: 'gguf' | 'folder';
  readonly family: string;
  readonly parameters: number;
  readonly tensors: number;
  /** Of the weights as written. */
  readonly bytes: number;
  readonly vocabularySize: number;
  /** What somebody has to know about it, such as what was left out. Absent: nothing. */
  readonly remarks?: string[];
}

/**
 * Brings a model from outside into a Hugging Face folder that everything here (and transformers) loads. `source` is a GGUF file, whose
 * weights are decoded to bfloat16, a Hugging Face folder, whose weights keep their type, or `hf:ORG/NAME[@REVISION][/FILE.gguf]`. Everything
 * is checked on the way: configuration, names, shapes, tokenizer, template, and that every weight is finite. The folder gets its config.json
 * last, so that one that has it is whole.
 *
 * Throws ImportModelError, ModelConfigError, ModelWeightsError, and what the readers of files, tokenizers and templates throw; the signal's
 * reason when aborted.
 */
export async function importModel(source: string, outFolder: string, context: WorkContext): Promise<ImportedModel> {
  const hub = hubReference(source);
  if (hub) {
    await using download = await downloadHubModel(hub, context);
    // Awaited here, or the download would be gone before it is read.
    return await importModel(download.path, outFolder, context);
  }
  const status = await stat(source).catch(() => undefined);
  if (status?.isDirectory()) return importModelFolder(source, outFolder, context);
  if (status?.isFile() && source.endsWith('.gguf')) return importModelGguf(source, outFolder, context);
  throw new ImportModelError({
    code: status ? 'import-unknown-format' : 'import-source-missing',
    message: status
      ? `${source} is neither a folder nor a .gguf file. Give a Hugging Face folder (config.json and safetensors), a GGUF file, or hf:ORG/NAME.`
      : `There is no file or folder ${source}. Give a Hugging Face folder, a GGUF file, or hf:ORG/NAME.`,
    facts: { source },
  });
}
