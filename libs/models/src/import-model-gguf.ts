import { elementCount, writeModelFolder, type SafetensorsEntry } from '@tunesmith/checkpoints';
import type { WorkContext } from '@tunesmith/tensor';
import { openGgufModel } from './gguf-model.js';
import { ggufValues } from './gguf-values.js';
import { ImportProgress } from './import-model-progress.js';
import type { ImportedModel } from './import-model.js';
import { storedShape } from './published-tensors.js';

/** As `importModel`, for a GGUF file (the first one of a set). Weights are decoded tensor by tensor and written as bfloat16. */
export async function importModelGguf(path: string, outFolder: string, context: WorkContext): Promise<ImportedModel> {
  await using model = await openGgufModel(path);
  const { family, configJson, weights, tokenizer } = model;
  const bytes = weights.reduce((sum, { shape }) => sum + elementCount(shape) * 2, 0);
  const progress = new ImportProgress(path, bytes, context);
  const tensors = weights.map((weight): SafetensorsEntry => ({
    name: weight.huggingFace,
    dtype: 'BF16',
    shape: storedShape(weight),
    bytes: () => progress.tensor(weight.gguf, 'BF16', () => ggufValues(model, weight, 'bfloat16')),
  }));
  await writeModelFolder(outFolder, {
    config: configJson,
    generationConfig: tokenizer['generation_config.json'],
    files: {
      'tokenizer.json': tokenizer['tokenizer.json'],
      'tokenizer_config.json': tokenizer['tokenizer_config.json'],
      ...(tokenizer.chatTemplate === undefined ? {} : { 'chat_template.jinja': tokenizer.chatTemplate }),
    },
    tensors,
  });
  const parameters = weights.reduce((sum, { shape }) => sum + elementCount(shape), 0);
  return { format: 'gguf', family: family.name, parameters, tensors: weights.length, bytes, vocabularySize: tokenizer.vocabularySize };
}
