import { elementCount, readModelFolder, readSideFiles, writeModelFolder, type SafetensorsEntry } from '@tunesmith/checkpoints';
import { ChatTemplate, Tokenizer } from '@tunesmith/tokenizers';
import type { WorkContext } from '@tunesmith/tensor';
import { resolve } from 'node:path';
import { checkWeights, ModelWeightsError } from './check-weights.js';
import { checkVocabulary } from './gguf-model.js';
import { ImportModelError } from './import-model-error.js';
import { ImportProgress } from './import-model-progress.js';
import type { ImportedModel } from './import-model.js';
import { PublishedTensors } from './published-tensors.js';
import { withStoredHead } from './stored-head.js';
import { textModelOf } from './text-model-of.js';

type FloatType = 'F32' | 'F16' | 'BF16';
const floatTypes: readonly string[] = ['F32', 'F16', 'BF16'] satisfies FloatType[];

/**
 * As `importModel`, for a Hugging Face folder: a checked copy. Weights keep their type and get the names of their family; tensors that carry nothing (a tied head stored twice,
 * old buffers) are left out, and so is what a larger model has around its text model, with a remark. Code that a folder brings along is never run or copied.
 */
export async function importModelFolder(path: string, outFolder: string, context: WorkContext): Promise<ImportedModel> {
  if (resolve(path) === resolve(outFolder)) {
    throw new ImportModelError({ code: 'import-into-itself', message: `The folder ${path} cannot be imported into itself.`, facts: { path } });
  }
  await using source = await readModelFolder(path);
  const { family, config, configJson, weights: known, remarks: remarksOn } = await withStoredHead(textModelOf(source.config), source.tensors);
  const published = new PublishedTensors(source.tensors, known.tensors(config), known.spellings);
  const weights = checkWeights(known, config, published, path);
  const tokenizer = await Tokenizer.fromFolder(path);
  // Parses the template, if there is one: a broken one is to fail here, not in training.
  await ChatTemplate.fromFolder(path);
  const embedding = weights.find(({ gguf }) => gguf === 'token_embd.weight');
  checkVocabulary(embedding?.shape[0], tokenizer.vocabularySize, path);

  const infos = weights.map(({ huggingFace: name }) => ({ ...published.info(name), dtype: floatType(published.info(name).dtype, name) }));
  const bytes = infos.reduce((sum, { byteLength }) => sum + byteLength, 0);
  const progress = new ImportProgress(path, bytes, context);
  const tensors = infos.map(({ name, dtype, shape }): SafetensorsEntry => ({ name, dtype, shape, bytes: () => progress.tensor(name, dtype, () => published.read(name)) }));
  await writeModelFolder(outFolder, {
    config: configJson,
    generationConfig: source.generationConfig,
    files: await readSideFiles(path, source.sideFiles),
    tensors,
  });
  const remarks = remarksOn(source.tensors);
  const parameters = infos.reduce((sum, { shape }) => sum + elementCount(shape), 0);
  return { format: 'folder', family: family.name, parameters, tensors: infos.length, bytes, vocabularySize: tokenizer.vocabularySize, ...(remarks.length > 0 && { remarks }) };
}

function floatType(dtype: string, name: string): FloatType {
  if (isFloatType(dtype)) return dtype;
  throw new ModelWeightsError({
    message: `The tensor ${name} is of type ${dtype}; one of ${floatTypes.join(', ')} is expected. Import the model before it was quantized, or a GGUF file of it.`,
    code: 'model-weights-mismatch',
    facts: { name, dtype },
  });
}

function isFloatType(dtype: string): dtype is FloatType {
  return floatTypes.includes(dtype);
}
