import { answerConversations } from '@tunesmith/generation';
import { containsAnswer } from '../contains-answer.js';
import { EvaluationError } from '../evaluation-error.js';
import { mean, standardError } from '../mean.js';
import { questionOf, type EvaluationTask, type ItemScore } from '../task.js';

const defaultMaxNewTokens = 48;

/** Greedy answers; right where the row's `expect` text occurs in the answer. */
export const exactMatch: EvaluationTask = {
  kind: 'exact-match',

  target(row, index) {
    if (row.expect !== undefined) return row.expect;
    throw new EvaluationError({
      message: `Row ${index + 1} of the task has no "expect", the text that a right answer contains: ${JSON.stringify(questionOf(row).at(-1)?.content)}. Add it, or use the loss task.`,
      code: 'row-without-expectation',
      facts: { row: index + 1 },
    });
  },

  async score(loaded, rows, { maxNewTokens = defaultMaxNewTokens }, context) {
    const answers = await answerConversations(loaded, rows.map(questionOf), { maxNewTokens }, context);
    return answers.map(({ text, logProbs }, index): ItemScore => {
      const right = containsAnswer(text, this.target(rows[index]!, index));
      return { prediction: text, logProbs, metrics: { exact_match: right ? 1 : 0 } };
    });
  },

  metrics(scores, against) {
    const values = scores.map(({ metrics }) => metrics.exact_match!);
    const error = standardError(values);
    return {
      exact_match: mean(values),
      ...(error === undefined ? {} : { exact_match_stderr: error }),
      ...(against ? { against_exact_match: mean(against.map(({ metrics }) => metrics.exact_match!)) } : {}),
    };
  },
};
