import { collectRows, encodeRows, packRows } from '@tunesmith/datasets';
import { expectSource } from '@tunesmith/models';
import { fusedLinearCrossEntropy, ops, tensor } from '@tunesmith/tensor';
import { packedTokens } from '../packed-tokens.js';
import type { Objective } from '../objective.js';
import type { TrainingMaterial } from '../training-material.js';

/** Supervised fine-tuning: the cross-entropy of what the assistant says, given everything before it. */
export function sft({ datasetFolder, tokenizer, format, maxLength }: TrainingMaterial): Objective {
  return {
    name: 'sft',

    async examples(split) {
      const encoded = await encodeRows(await collectRows(datasetFolder, { split }), tokenizer, format(), { maxLength });
      const examples = encoded.map((row) => ({ index: row.index, rows: [row], tokens: row.tokenIds.length + (row.sourceTokenIds?.length ?? 0), weight: trainedTokens(row.lossMask) }));
      return { examples, longRows: { truncated: 0, split: 0, dropped: 0 } };
    },

    loss(model, examples, denominator) {
      const packed = packRows(examples.flatMap(({ rows }) => rows));
      const batch = packedTokens(packed);
      expectSource(model, batch);
      const hidden = model.hidden(batch); // [tokens, hidden]
      const targets = tensor(packed.targets, { dtype: 'int64' }); // [tokens]
      return ops.divScalar(fusedLinearCrossEntropy(hidden, model.outputWeight, targets, { reduction: 'sum' }), denominator);
    },
  };
}

/** The first token of a row is never a target. */
function trainedTokens(lossMask: readonly boolean[]): number {
  return lossMask.reduce((sum, trained, place) => sum + (trained && place > 0 ? 1 : 0), 0);
}
