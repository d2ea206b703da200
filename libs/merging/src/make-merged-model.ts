import type { WorkContext } from '@tunesmith/tensor';
import { examineMerge, type Examination } from './examine-merge.js';
import { mergeModels, type MergeReport } from './merge-models.js';
import { mergeRequest, type MergeOptions } from './merge-request.js';
import { writeModelCard } from './model-card.js';

export interface MakeMergedModelOptions {
  readonly merge: MergeOptions;
  /** Rows for the perplexity; absent: a small built-in text. */
  readonly datasetFolder?: string | undefined;
  /** Whether the result and its parents are compared by perplexity. */
  readonly perplexity: boolean;
  /** Of the models, in the order of the request's folders (the base first), for the card. */
  readonly digests?: readonly string[] | undefined;
}

export interface MergedModel {
  readonly report: MergeReport;
  readonly examination: Examination;
}

/** A merge with all that belongs to it: the weights (`mergeModels`), the examination of the result (`examineMerge`), the model card. */
export async function makeMergedModel({ merge, datasetFolder, perplexity, digests }: MakeMergedModelOptions, outFolder: string, context: WorkContext): Promise<MergedModel> {
  const report = await mergeModels(merge, outFolder, context);
  const { configuration, models } = mergeRequest(merge);
  // A model with an adapter is compared as it is without it.
  const parents = configuration.inputs.map(({ name, model }) => ({ name, folder: models[model]! }));
  const examination = await examineMerge({ folder: outFolder, parents, datasetFolder, perplexity }, context);
  await writeModelCard(outFolder, { configuration, seed: merge.seed ?? 0, report, examination, digests });
  return { report, examination };
}
