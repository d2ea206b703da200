import { makeMergedModel, type MakeMergedModelOptions } from '@tunesmith/merging';
import { defineWorker } from '@tunesmith/platform';

/** What the workers of the merger may run. */
export default defineWorker({
  merge: ({ outFolder, ...options }: MakeMergedModelOptions & { outFolder: string }, context) => makeMergedModel(options, outFolder, context),
});
