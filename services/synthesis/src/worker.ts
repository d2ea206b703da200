import { elementCount, readModelFolder } from '@tunesmith/checkpoints';
import { composeDataset, importDataset, readDetectedShares } from '@tunesmith/datasets';
import { completeRowsWithModel, type CompleteRowsOptions } from '@tunesmith/generation';
import { defineWorker } from '@tunesmith/platform';
import type { ComposeInput } from './compose-requested.handler.js';

type CompleteRowsInput = CompleteRowsOptions & { outFolder: string };

/** What the workers of synthesis may run. Reading rows is light: it does not queue behind hours of training. */
export default defineWorker(
  {
    importDataset: ({ path, outFolder, skipInvalid }: { path: string; outFolder: string; skipInvalid: boolean }, context) => importDataset(path, outFolder, { skipInvalid }, context),
    completeRows: ({ outFolder, ...options }: CompleteRowsInput, context) => completeRowsWithModel(options, outFolder, context),
    compose: async ({ outFolder, detectionFolder, ...options }: ComposeInput, context) =>
      composeDataset({ ...options, ...(detectionFolder === undefined ? {} : { shares: await readDetectedShares(detectionFolder) }) }, outFolder, context),
  },
  { cores: { importDataset: 0, compose: 0 }, predictMemory: { completeRows: predictWeights } },
);

async function predictWeights({ modelFolder, dtype = 'bfloat16' }: CompleteRowsInput): Promise<Record<string, number>> {
  await using model = await readModelFolder(modelFolder);
  const parameters = [...model.tensors.names()].reduce((sum, name) => sum + elementCount(model.tensors.info(name).shape), 0);
  return { weights: parameters * (dtype === 'float32' ? 4 : 2) };
}
