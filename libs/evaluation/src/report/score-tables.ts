import type { Table } from '@tunesmith/pictures';
import type { EvaluationResults } from './evaluation-results.js';
import { ownMetrics } from './own-metrics.js';

/** Every metric with its standard error, of groups before single tasks, the model beside the one that it is compared with. */
export function scoreTable({ tasks, groups }: EvaluationResults): Table {
  return {
    columns: ['task', 'items', 'metric', 'model', '±', 'against', '±'],
    rows: [...groups, ...tasks].flatMap(({ name, items, metrics }) =>
      ownMetrics(metrics).map((metric) => [
        name, items, metric, metrics[metric]!, metrics[`${metric}_stderr`] ?? null, metrics[`against_${metric}`] ?? null, metrics[`against_${metric}_stderr`] ?? null,
      ])),
  };
}

/** Every metric that both models have: their difference on the same items, its standard error and 95 % interval, and the test of it. */
export function comparisonTable({ tasks, groups }: EvaluationResults): Table {
  return {
    columns: ['task', 'metric', 'difference', '±', '95 % from', 'to', 'p', 'test', 'better', 'worse', 'equal'],
    rows: [...groups, ...tasks].flatMap(({ name, comparisons }) =>
      Object.entries(comparisons).map(([metric, { difference, standardError, low, high, pValue, test, mcnemar, sign }]) => [
        name, metric, difference, standardError, low, high, pValue, mcnemar ? `McNemar, ${mcnemar.kind}` : test, sign?.better ?? null, sign?.worse ?? null, sign?.equal ?? null,
      ])),
  };
}
