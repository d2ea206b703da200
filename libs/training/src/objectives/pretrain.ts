import { collectRows, encodeTexts } from '@tunesmith/datasets';
import { ops } from '@tunesmith/tensor';
import type { Objective } from '../objective.js';
import { tokenExamples } from '../token-examples.js';
import { readRows, tokenLosses } from '../trained-batch.js';
import { TrainingError } from '../training-error.js';
import type { TrainingMaterial } from '../training-material.js';

/** Pre-training: the cross-entropy of every token of plain text, given those before it. */
export function pretrain({ datasetFolder, modelFolder, tokenizer, readsSource, maxLength, longRows }: TrainingMaterial): Objective {
  if (readsSource) {
    throw new TrainingError(
      'objective-needs-decoder',
      'train: the objective pretrain expects a model that reads text from left to right; this one is an encoder-decoder, which learns a target from a source. Use the objective sft.',
      { folder: modelFolder },
    );
  }
  return {
    name: 'pretrain',

    async examples(split) {
      return tokenExamples(await encodeTexts(await collectRows(datasetFolder, { split }), tokenizer, { maxLength, longRows }));
    },

    loss(model, examples, denominator) {
      const batch = readRows(model, examples.flatMap(({ rows }) => rows));
      return ops.divScalar(tokenLosses(model, batch, 'sum'), denominator);
    },
  };
}
