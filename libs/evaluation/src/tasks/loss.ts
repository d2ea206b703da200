import { encodeRows } from '@tunesmith/datasets';
import { formatOf, tokenLogProbs } from '@tunesmith/generation';
import { EvaluationError } from '../evaluation-error.js';
import type { EvaluationTask, ItemScore } from '../task.js';

/**
 * Mean cross-entropy of what the assistant says in the rows, in natural units: the sum over all its tokens divided by their number, so that
 * long answers weigh more. `loss_increase` is relative to the other model's loss: 0.05 is five per cent worse.
 */
export const loss: EvaluationTask = {
  kind: 'loss',

  target: (row) => row.messages.findLast(({ role }) => role === 'assistant')?.content ?? '',

  async score(loaded, rows, _settings, context) {
    const encoded = await encodeRows(rows, loaded.tokenizer, formatOf(loaded), { maxLength: loaded.contextLength });
    const logProbs = await tokenLogProbs(loaded.model, encoded, context);
    return logProbs.map((row): ItemScore => {
      const said = row.filter((logProb) => logProb !== null);
      return { prediction: null, logProbs: said, metrics: { loss: meanLoss([said]) } };
    });
  },

  metrics(scores, against) {
    const own = meanLoss(scores.map(({ logProbs }) => logProbs));
    const metrics = { loss: own, perplexity: Math.exp(own) };
    if (!against) return metrics;
    const other = meanLoss(against.map(({ logProbs }) => logProbs));
    if (other === 0) throw new EvaluationError({ message: 'The model compared with has a loss of 0 on these rows, so no increase can be told. Use rows that are not certain.', code: 'against-loss-zero' });
    return { ...metrics, against_loss: other, loss_increase: (own - other) / other };
  },
};

function meanLoss(rows: readonly (readonly number[])[]): number {
  const tokens = rows.reduce((sum, row) => sum + row.length, 0);
  return -rows.reduce((sum, row) => sum + row.reduce((part, logProb) => part + logProb, 0), 0) / tokens;
}
