import type { WorkContext } from '@tunesmith/tensor';
import { examineMerge, type Examination } from './examine-merge.js';
import type { MergeConfiguration } from './merge-configuration.js';
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
  const examination = await examineMerge({ folder: outFolder, parents: comparedParents(configuration, models), datasetFolder, perplexity }, context);
  await writeModelCard(outFolder, { configuration, seed: merge.seed ?? 0, report, examination, digests });
  return { report, examination };
}

/** Each model once, without adapters, and called so: what MODEL+ADAPTER foresees is not looked at. */
function comparedParents({ inputs }: MergeConfiguration, folders: readonly string[]): { name: string; folder: string }[] {
  return [...new Set(inputs.map(({ model }) => model))].map((model) => {
    const of = inputs.filter((input) => input.model === model);
    const plain = of.find(({ adapter }) => adapter === undefined)?.name;
    return { name: plain ?? of[0]!.name.replace(/\+[^+]*$/, ' without its adapter'), folder: folders[model]! };
  });
}
