import { markdownTable, type Table } from '@tunesmith/pictures';
import type { ItemScore } from './planned-task.js';
import type { Comparisons, TaskScores } from './task-metrics.js';

/** A group of tasks that was done. */
export interface GroupResult {
  readonly name: string;
  readonly items: number;
  readonly metrics: Readonly<Record<string, number>>;
  /** With the model that it is compared with; empty where there is none. */
  readonly comparisons: Comparisons;
}

/** A task that was done: its items, what the model did with them, and what the model it is compared with did. */
export interface TaskResult extends GroupResult, TaskScores {}

/** The lines of samples.jsonl: one for each item of each task. */
export function* sampleLines(results: readonly TaskResult[]): Generator<string> {
  for (const { task, scores, against } of results) {
    for (const [place, { index, prompt, target }] of task.items.entries()) {
      const sample = { task: task.name, index, prompt, target, ...shown(scores[place]!), ...(against ? { against: shown(against[place]!) } : {}) };
      yield `${JSON.stringify(sample)}\n`;
    }
  }
}

function shown({ prediction, logProbs, metrics, notes }: ItemScore): Omit<ItemScore, 'values'> {
  return { prediction, logProbs, metrics, ...(notes && { notes }) };
}

/** report.json: everything but the single items. */
export function jsonReport(results: readonly TaskResult[], groups: readonly GroupResult[], dtype: string): string {
  const figures = ({ items, metrics, comparisons }: GroupResult) => ({ items, metrics, ...(Object.keys(comparisons).length > 0 && { comparisons }) });
  const report = {
    dtype,
    tasks: Object.fromEntries(results.map((result) => [result.name, { ...result.task.about, ...figures(result) }])),
    ...(groups.length > 0 && { groups: Object.fromEntries(groups.map((group) => [group.name, figures(group)])) }),
  };
  return `${JSON.stringify(report, null, 2)}\n`;
}

/** report.md: a metric a line with its standard error, the model beside the one it is compared with, and how far they are apart on the same items. */
export function markdownReport(results: readonly TaskResult[], groups: readonly GroupResult[]): string {
  const all = [...groups, ...results];
  const compared = comparisonTable(all);
  return `${markdownTable(scoreTable(all))}${compared.rows.length === 0 ? '' : `\nOn the same items, this model less the other:\n\n${markdownTable(compared)}`}`;
}

/** Every metric with its standard error. */
export function scoreTable(results: readonly GroupResult[]): Table {
  return {
    columns: ['task', 'items', 'metric', 'model', '±', 'against', '±'],
    rows: results.flatMap(({ name, items, metrics }) =>
      Object.entries(metrics).filter(([metric]) => !metric.startsWith('against_') && !metric.endsWith('_stderr')).map(([metric, value]) => [
        name, items, metric, value, metrics[`${metric}_stderr`] ?? null, metrics[`against_${metric}`] ?? null, metrics[`against_${metric}_stderr`] ?? null,
      ])),
  };
}

/** Every metric that both models have: their difference, its standard error and interval, and the tests of it. */
export function comparisonTable(results: readonly GroupResult[]): Table {
  return {
    columns: ['task', 'metric', 'difference', '±', '95 % from', 'to', 'p', 'test', 'better', 'worse', 'equal'],
    rows: results.flatMap(({ name, comparisons }) =>
      Object.entries(comparisons).map(([metric, { difference, standardError, low, high, pValue, test, mcnemar, sign }]) => [
        name, metric, difference, standardError, low, high, pValue, mcnemar ? `McNemar, ${mcnemar.kind}` : test, sign?.better ?? null, sign?.worse ?? null, sign?.equal ?? null,
      ])),
  };
}
