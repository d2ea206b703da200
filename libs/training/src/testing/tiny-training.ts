import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeTinyModel, type TinyModelOptions } from '@tunesmith/tests-support';
import type { LoraOptions, TrainOptions } from '../train-options.js';

export const plainLora: LoraOptions = { kind: 'lora', rank: 4, alpha: 8, dropout: 0, targetModules: 'all-linear', rankStabilized: false, decomposed: false, initialization: 'zero', learningRateRatio: 1, base: 'as-is' };

/** A random model and a small dataset in `folder`, and the settings of a short training on them. */
export async function tinyTraining(folder: string, changes: Partial<TrainOptions> = {}, model: TinyModelOptions = {}): Promise<TrainOptions> {
  const modelFolder = join(folder, 'model');
  const datasetFolder = join(folder, 'dataset');
  await writeTinyModel(modelFolder, { hiddenSize: 32, ...model });
  await mkdir(datasetFolder, { recursive: true });
  const rows = Array.from({ length: 12 }, (_, index) => ({
    messages: [{ role: 'user', content: `How many boats are ${index}?` }, { role: 'assistant', content: `The harbour counts ${index} boats${', and again'.repeat(index % 4)}.` }],
    ...(changes.objective?.kind === 'dpo' ? { rejected: `Nobody counts ${index} boats.` } : {}),
    split: index % 4 === 3 ? 'validation' : 'train',
  }));
  await writeFile(join(datasetFolder, 'rows.jsonl'), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  return {
    modelFolder, datasetFolder, method: plainLora, objective: { kind: 'sft', lossScale: 'default' }, optimizer: { kind: 'adamw', betas: [0.9, 0.999], epsilon: 1e-8, weightDecay: 0 },
    neftuneAlpha: 0, maxLength: 512, longRows: 'refuse', packing: false, batch: 2, accumulate: 1, epochs: 1, steps: 40, learningRate: 5e-3, schedule: 'cosine', warmupRatio: 0.05,
    maxGradientNorm: 1, seed: 7, order: 'shuffle', dtype: 'float32', keep: 'last', ...changes,
  };
}
