import { defineWorker } from '@tunesmith/platform';
import { trainModel, type TrainOptions } from '@tunesmith/training';

/** What the workers of the trainer may run. */
export default defineWorker({
  train: ({ outFolder, ...options }: TrainOptions & { outFolder: string }, context) => trainModel(options, outFolder, context),
});
