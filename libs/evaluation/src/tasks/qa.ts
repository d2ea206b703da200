import { findAggregation } from '../aggregations.js';
import { EvaluationError } from '../evaluation-error.js';
import { findMetric } from '../metrics.js';
import type { PartedValues } from '../metrics/metric.js';
import { itemScore } from '../harness/output-type.js';
import type { PlannedTask } from '../planned-task.js';
import { qaMetrics, usualQaMetrics } from '../qa-metrics.js';
import type { RequestResults } from '../requests/evaluation-request.js';
import type { EvaluationTask } from '../task.js';
import { heldOutRows, questionOf, type RowTaskSettings } from './held-out-rows.js';

interface QaSettings extends RowTaskSettings {
  /** Words of `qaMetrics`. */
  readonly metrics?: readonly string[];
}

const defaultMaxNewTokens = 48;

/** Greedy answers to the rows' questions, compared with the row's `expect`, of several texts the nearest; where a row has none, with what its assistant says. */
export const qa: EvaluationTask<QaSettings> = {
  kind: 'qa',

  async plan(settings, sources, options) {
    const { name, tag, maxNewTokens = defaultMaxNewTokens, metrics = usualQaMetrics } = settings;
    const scored = metrics.map((word) => {
      const entry = qaMetrics[word];
      if (!entry) throw new EvaluationError({ message: `The task "${name}": expected metrics out of ${Object.keys(qaMetrics).join(', ')}; got "${word}".`, code: 'metric-unknown', facts: { task: name, metric: word } });
      const { metric: found, ...chosen } = entry;
      const metric = findMetric(found);
      return { word, functions: metric.prepare(chosen), aggregation: findAggregation(metric.aggregation) };
    });
    const rows = await heldOutRows(settings, sources, options);
    const task: PlannedTask = {
      name,
      about: { kind: 'qa', tag },
      items: rows.map((row, index) => {
        const question = questionOf(row);
        const target = row.expect ?? row.messages.slice(question.length).findLast(({ role }) => role === 'assistant')?.content;
        if (target === undefined || target === '') throw new EvaluationError({ message: `Row ${index + 1} of the task "${name}" has neither "expect" nor an answer: ${JSON.stringify(question.at(-1)?.content)}.`, code: 'row-without-expectation', facts: { task: name, row: index + 1 } });
        return { index, prompt: question.at(-1)?.content ?? '', target, requests: [{ kind: 'answer', messages: question, maxNewTokens }] };
      }),

      score({ target }, [result]) {
        const { text, logProbs } = result as RequestResults['answer'];
        const references = [target].flat().map(String);
        const values = scored.map(({ word, functions }) => {
          const value = functions.ofGeneration!({ prediction: text, references, document: {} });
          return [word, functions.parts ? (value as PartedValues).values[word] : value];
        });
        return itemScore(text, logProbs, Object.fromEntries(values) as Record<string, unknown>);
      },

      columns: (scores) => scored.map(({ word, aggregation }) => ({ name: word, values: scores.map(({ values }) => values![word]), aggregation })),
    };
    return { tasks: [task], groups: [] };
  },
};
