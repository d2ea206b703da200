import { totalmem } from 'node:os';
import { elementCount, readModelFolder } from '@tunesmith/checkpoints';
import { defineWorker } from '@tunesmith/platform';
import { compareDomains, planTraining, trainModel, type TrainOptions } from '@tunesmith/training';
import type { CompareDomainsInput } from './compare-domains-requested.handler.js';
import type { TrainInput } from './train-requested.handler.js';

/** What the workers of the trainer may run. */
export default defineWorker(
  {
    train: ({ outFolders, checkpoints, ...options }: TrainInput, context) => trainModel(options, outFolders.tuned, context, { ...(checkpoints ? { checkpoints } : {}), reportFolder: outFolders.report }),
    plan: planTraining,
    compareDomains: ({ outFolder, ...options }: CompareDomainsInput) => compareDomains(options, outFolder),
  },
  { cores: { compareDomains: 0 }, predictMemory: { train: predictTraining } },
);

/** A trial that is short, because every job waits for it. */
const trialOperations = 2e11;

/** The peak of the plan; of a model that is larger than the machine, what it cannot do without. */
async function predictTraining(options: TrainInput): Promise<Record<string, number>> {
  const least = await leastMemory(options);
  if (Object.values(least).reduce((sum, part) => sum + part, 0) > totalmem()) return least;
  const { memoryParts } = await planTraining(options, { signal: new AbortController().signal, onProgress: () => undefined }, { operations: trialOperations });
  return { ...memoryParts };
}

/** Weights, and of full tuning their gradients and AdamW's two moments, in float32. */
async function leastMemory({ modelFolder, method, dtype }: TrainOptions): Promise<Record<string, number>> {
  await using model = await readModelFolder(modelFolder);
  const parameters = [...model.tensors.names()].reduce((sum, name) => sum + elementCount(model.tensors.info(name).shape), 0);
  return method.kind === 'full' && !method.train && !method.freeze ? { weights: parameters * 4, gradients: parameters * 4, moments: parameters * 8 } : { weights: parameters * (dtype === 'float32' ? 4 : 1 / 2) };
}
