import type { Row } from '@tunesmith/datasets';
import { meanOfValues } from '../aggregations/means.js';
import { containsAnswer } from '../contains-answer.js';
import { EvaluationError } from '../evaluation-error.js';
import type { PlannedTask } from '../planned-task.js';
import type { RequestResults } from '../requests/evaluation-request.js';
import type { EvaluationTask } from '../task.js';
import { heldOutRows, questionOf, type RowTaskSettings } from './held-out-rows.js';

const defaultMaxNewTokens = 48;

/** Greedy answers; right where the row's `expect` text, or one of several, occurs in the answer. */
export const exactMatch: EvaluationTask<RowTaskSettings> = {
  kind: 'exact-match',

  async plan(settings, sources, options) {
    const { name, tag, maxNewTokens = defaultMaxNewTokens } = settings;
    const rows = await heldOutRows(settings, sources, options);
    const task: PlannedTask = {
      name,
      about: { kind: 'exact-match', tag },
      items: rows.map((row, index) => {
        const question = questionOf(row);
        return { index, prompt: question.at(-1)?.content ?? '', target: expectationOf(row, index), requests: [{ kind: 'answer', messages: question, maxNewTokens }] };
      }),

      score({ target }, [result]) {
        const { text, logProbs } = result as RequestResults['answer'];
        return { prediction: text, logProbs, metrics: { exact_match: [target].flat().some((expected) => containsAnswer(text, String(expected))) ? 1 : 0 } };
      },

      columns: (scores) => [{ name: 'exact_match', values: scores.map(({ metrics }) => metrics['exact_match']), aggregation: meanOfValues }],
    };
    return { tasks: [task], groups: [] };
  },
};

function expectationOf(row: Row, index: number): string | readonly string[] {
  if (row.expect !== undefined) return row.expect;
  throw new EvaluationError({
    message: `Row ${index + 1} of the task has no "expect", the text that a right answer contains: ${JSON.stringify(questionOf(row).at(-1)?.content)}. Add it, or use the loss task.`,
    code: 'row-without-expectation',
    facts: { row: index + 1 },
  });
}
