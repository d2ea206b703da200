import { collectRows, encodeConversations } from '@tunesmith/datasets';
import { ops } from '@tunesmith/tensor';
import type { Objective } from '../objective.js';
import { tokenExamples } from '../token-examples.js';
import { readRows, tokenLosses } from '../trained-batch.js';
import type { SftOptions } from '../train-options.js';
import type { TrainingMaterial } from '../training-material.js';

/**
 * Supervised fine-tuning: the cross-entropy of what the assistant says, given everything before it. Each token by its weight in the loss scale;
 * the sum is divided by the number of trained tokens, not by their weights, as in SWIFT.
 */
export function sft({ datasetFolder, tokenizer, format, maxLength, longRows }: TrainingMaterial, { lossScale }: SftOptions): Objective {
  return {
    name: 'sft',

    async examples(split) {
      return tokenExamples(await encodeConversations(await collectRows(datasetFolder, { split }), tokenizer, format(), { maxLength, longRows, lossScale }));
    },

    loss(model, examples, denominator) {
      const batch = readRows(model, examples.flatMap(({ rows }) => rows));
      return ops.divScalar(tokenLosses(model, batch, 'sum'), denominator);
    },
  };
}
