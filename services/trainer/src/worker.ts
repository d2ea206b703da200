import { elementCount, readModelFolder } from '@tunesmith/checkpoints';
import { defineWorker } from '@tunesmith/platform';
import { trainModel, type TrainOptions } from '@tunesmith/training';
import type { TrainInput } from './train-requested.handler.js';

/** What the workers of the trainer may run. */
export default defineWorker(
  { train: ({ outFolders, checkpoints, ...options }: TrainInput, context) => trainModel(options, outFolders.tuned, context, { ...(checkpoints ? { checkpoints } : {}), reportFolder: outFolders.report }) },
  { predictMemory: { train: predictTraining } },
);

/** What training cannot do without; activations, which depend on the rows, come on top. Of an adapter gradients and moments are small. */
async function predictTraining({ modelFolder, method, dtype }: TrainOptions): Promise<Record<string, number>> {
  const parameters = await parametersOf(modelFolder);
  const weights = parameters * (dtype === 'float32' ? 4 : 2);
  // AdamW keeps two moments in float32.
  return method.kind === 'full' ? { weights, gradients: weights, moments: parameters * 8 } : { weights };
}

async function parametersOf(folder: string): Promise<number> {
  await using model = await readModelFolder(folder);
  return [...model.tensors.names()].reduce((sum, name) => sum + elementCount(model.tensors.info(name).shape), 0);
}
