import type { ItemScore, PlannedTask } from './planned-task.js';

/** A task that was done: its items, what the model did with them, and what the model it is compared with did. */
export interface TaskResult {
  readonly task: PlannedTask;
  readonly scores: readonly ItemScore[];
  readonly against?: readonly ItemScore[];
  readonly metrics: Readonly<Record<string, number>>;
}

export interface GroupResult {
  readonly name: string;
  readonly metrics: Readonly<Record<string, number>>;
}

/** The lines of samples.jsonl: one for each item of each task. */
export function* sampleLines(results: readonly TaskResult[]): Generator<string> {
  for (const { task, scores, against } of results) {
    for (const [place, { index, prompt, target }] of task.items.entries()) {
      const sample = { task: task.name, index, prompt, target, ...shown(scores[place]!), ...(against ? { against: shown(against[place]!) } : {}) };
      yield `${JSON.stringify(sample)}\n`;
    }
  }
}

function shown({ prediction, logProbs, metrics }: ItemScore): Omit<ItemScore, 'values'> {
  return { prediction, logProbs, metrics };
}

/** report.json: everything but the single items. */
export function jsonReport(results: readonly TaskResult[], groups: readonly GroupResult[], dtype: string): string {
  const report = {
    dtype,
    tasks: Object.fromEntries(results.map(({ task, metrics }) => [task.name, { ...task.about, items: task.items.length, metrics }])),
    ...(groups.length > 0 && { groups: Object.fromEntries(groups.map(({ name, metrics }) => [name, { metrics }])) }),
  };
  return `${JSON.stringify(report, null, 2)}\n`;
}

/** report.md: one table, a metric a line with its standard error, the model beside the one it is compared with. */
export function markdownReport(results: readonly TaskResult[], groups: readonly GroupResult[]): string {
  const lines = ['| task | items | metric | model | ± | against |', '|---|---:|---|---:|---:|---:|'];
  const rows = [...groups.map(({ name, metrics }) => ({ name: `**${name}**`, items: '', metrics })), ...results.map(({ task, metrics }) => ({ name: task.name, items: String(task.items.length), metrics }))];
  for (const { name, items, metrics } of rows) {
    for (const [metric, value] of Object.entries(metrics)) {
      if (metric.startsWith('against_') || metric.endsWith('_stderr')) continue;
      const [error, other] = [metrics[`${metric}_stderr`], metrics[`against_${metric}`]];
      lines.push(`| ${name} | ${items} | ${metric} | ${value.toFixed(4)} | ${error?.toFixed(4) ?? ''} | ${other?.toFixed(4) ?? ''} |`);
    }
  }
  return `${lines.join('\n')}\n`;
}
