import { mergeModels, type MergeOptions } from '@tunesmith/merging';
import { defineWorker } from '@tunesmith/platform';

/** What the workers of the merger may run. */
export default defineWorker({
  merge: ({ outFolder, ...options }: MergeOptions & { outFolder: string }, context) => mergeModels(options, outFolder, context),
});
