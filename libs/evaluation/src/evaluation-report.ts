import type { Row } from '@tunesmith/datasets';
import { questionOf, type ItemScore, type TaskSettings } from './task.js';

/** A task that was done: its rows, what the model did with them, and what the model it is compared with did. */
export interface TaskResult {
  readonly settings: TaskSettings;
  readonly rows: readonly Row[];
  readonly targets: readonly string[];
  readonly scores: readonly ItemScore[];
  readonly against?: readonly ItemScore[];
  readonly metrics: Readonly<Record<string, number>>;
}

/** The lines of samples.jsonl: one for each row of each task. */
export function* sampleLines(results: readonly TaskResult[]): Generator<string> {
  for (const { settings, rows, targets, scores, against } of results) {
    for (const [index, row] of rows.entries()) {
      const sample = {
        task: settings.name,
        index,
        prompt: questionOf(row).at(-1)?.content ?? '',
        target: targets[index],
        ...scores[index],
        ...(against ? { against: against[index] } : {}),
      };
      yield `${JSON.stringify(sample)}\n`;
    }
  }
}

/** report.json: everything but the single rows. */
export function jsonReport(results: readonly TaskResult[], dtype: string): string {
  const report = {
    dtype,
    tasks: Object.fromEntries(results.map(({ settings, rows, metrics }) => [settings.name, { kind: settings.kind, tag: settings.tag, rows: rows.length, metrics }])),
  };
  return `${JSON.stringify(report, null, 2)}\n`;
}

/** report.md: one table, a metric a line, the model beside the one it is compared with. */
export function markdownReport(results: readonly TaskResult[]): string {
  const lines = ['| task | rows | metric | model | against |', '|---|---:|---|---:|---:|'];
  for (const { settings, rows, metrics } of results) {
    for (const [name, value] of Object.entries(metrics)) {
      if (name.startsWith('against_')) continue;
      const other = metrics[`against_${name}`];
      lines.push(`| ${settings.name} | ${rows.length} | ${name} | ${value.toFixed(4)} | ${other === undefined ? '' : other.toFixed(4)} |`);
    }
  }
  return `${lines.join('\n')}\n`;
}
