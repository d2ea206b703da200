import { EvaluationError } from '../evaluation-error.js';
import type { PlannedTask } from '../planned-task.js';
import type { RequestResults } from '../requests/evaluation-request.js';
import type { EvaluationTask } from '../task.js';
import { heldOutRows, questionOf, type RowTaskSettings } from './held-out-rows.js';

/**
 * Mean cross-entropy of what the assistant says in the rows, in natural units: the sum over all its tokens divided by their number, so that
 * long answers weigh more. `loss_increase` is relative to the other model's loss: 0.05 is five per cent worse.
 */
export const loss: EvaluationTask<RowTaskSettings> = {
  kind: 'loss',

  async plan(settings, sources, options) {
    const rows = await heldOutRows(settings, sources, options);
    const task: PlannedTask = {
      name: settings.name,
      about: { kind: 'loss', tag: settings.tag },
      items: rows.map((row, index) => {
        if (row.answerWith !== undefined) {
          throw new EvaluationError({ message: `Row ${index + 1} of the task "${settings.name}" waits for an answer; there is nothing to measure. Let a synthesize step complete the dataset first.`, code: 'row-waits-for-answer', facts: { task: settings.name, row: index + 1 } });
        }
        const target = row.messages.findLast(({ role }) => role === 'assistant')?.content ?? '';
        return { index, prompt: questionOf(row).at(-1)?.content ?? '', target, requests: [{ kind: 'answer_loss', messages: row.messages }] };
      }),

      score(_item, [result]) {
        const { logProbs } = result as RequestResults['answer_loss'];
        return { prediction: null, logProbs, metrics: { loss: meanLoss([logProbs]) } };
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
    return { tasks: [task], groups: [] };
  },
};

function meanLoss(rows: readonly (readonly number[])[]): number {
  const tokens = rows.reduce((sum, row) => sum + row.length, 0);
  return -rows.reduce((sum, row) => sum + row.reduce((part, logProb) => part + logProb, 0), 0) / tokens;
}
