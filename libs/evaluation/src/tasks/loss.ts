import { lossByWeight, weightedPerplexity } from '../aggregations/perplexities.js';
import { EvaluationError } from '../evaluation-error.js';
import type { ItemScore, PlannedTask } from '../planned-task.js';
import type { RequestResults } from '../requests/evaluation-request.js';
import { bootstrapError } from '../statistics/resample.js';
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
        return { prediction: null, logProbs, metrics: { loss: -sum(logProbs) / logProbs.length } };
      },

      columns(scores) {
        const values = scores.map(({ logProbs }) => [sum(logProbs), logProbs.length]);
        return [{ name: 'loss', values, aggregation: lossByWeight }, { name: 'perplexity', values, aggregation: weightedPerplexity }];
      },

      together(scores, against) {
        const losses = (rows: readonly ItemScore[]) => rows.map(({ logProbs }) => [sum(logProbs), logProbs.length]);
        const [own, other] = [losses(scores), losses(against)];
        if (lossByWeight.aggregate(other) === 0) throw new EvaluationError({ message: 'The model compared with has a loss of 0 on these rows, so no increase can be told. Use rows that are not certain.', code: 'against-loss-zero' });
        const increaseOver = (places: readonly number[]): number => lossByWeight.aggregate(places.map((place) => own[place])) / lossByWeight.aggregate(places.map((place) => other[place])) - 1;
        const error = bootstrapError(scores.length, increaseOver);
        return { loss_increase: increaseOver([...scores.keys()]), ...(error !== undefined && { loss_increase_stderr: error }) };
      },
    };
    return { tasks: [task], groups: [] };
  },
};

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
