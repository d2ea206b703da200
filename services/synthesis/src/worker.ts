import { importDataset } from '@tunesmith/datasets';
import { completeRowsWithModel, type CompleteRowsOptions } from '@tunesmith/generation';
import { defineWorker } from '@tunesmith/platform';

/** What the workers of synthesis may run. */
export default defineWorker({
  importDataset: ({ path, outFolder, skipInvalid }: { path: string; outFolder: string; skipInvalid: boolean }, context) => importDataset(path, outFolder, { skipInvalid }, context),
  completeRows: ({ outFolder, ...options }: CompleteRowsOptions & { outFolder: string }, context) => completeRowsWithModel(options, outFolder, context),
});
