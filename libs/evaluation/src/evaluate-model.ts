import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { collectRows, placeholdersIn, type Row } from '@tunesmith/datasets';
import { loadForInference } from '@tunesmith/generation';
import type { WorkContext } from '@tunesmith/tensor';
import { EvaluationError } from './evaluation-error.js';
import { jsonReport, markdownReport, sampleLines, type TaskResult } from './evaluation-report.js';
import type { EvaluationTask, ItemScore, TaskSettings } from './task.js';
import { findTask } from './tasks.js';

export interface EvaluateModelOptions {
  readonly modelFolder: string;
  /** The model to compare with. */
  readonly againstFolder?: string;
  /** The rows of its validation split are used. */
  readonly datasetFolder: string;
  readonly tasks: readonly TaskSettings[];
  readonly dtype: 'float32' | 'bfloat16';
}

export interface Evaluation {
  /** By `TASK.METRIC`. */
  readonly metrics: Readonly<Record<string, number>>;
}

interface PlannedTask {
  readonly settings: TaskSettings;
  readonly task: EvaluationTask;
  readonly rows: readonly Row[];
  readonly targets: readonly string[];
}

/**
 * Scores a model on held-out rows, and beside it the model that it is to replace. Writes `samples.jsonl` (every row with what was said to it),
 * `report.json` and `report.md`. Running it again gives the same bytes.
 *
 * @throws EvaluationError `task-unknown`, `task-name-taken`, `task-without-rows`, `placeholder-without-value`, and what the tasks throw.
 */
export async function evaluateModel({ modelFolder, againstFolder, datasetFolder, tasks, dtype }: EvaluateModelOptions, outFolder: string, context: WorkContext): Promise<Evaluation> {
  // Everything that can be wrong with the question is found before a model is loaded.
  const planned = plan(tasks, await collectRows(datasetFolder, { split: 'validation', signal: context.signal }));
  const scores = await scoreAll(modelFolder, planned, dtype, context, 'model');
  const against = againstFolder === undefined ? undefined : await scoreAll(againstFolder, planned, dtype, context, 'against');
  const results = planned.map(({ settings, task, rows, targets }, index): TaskResult => {
    const [own, other] = [scores[index]!, against?.[index]];
    return { settings, rows, targets, scores: own, ...(other ? { against: other } : {}), metrics: task.metrics(own, other) };
  });
  await mkdir(outFolder, { recursive: true });
  await writeFile(join(outFolder, 'samples.jsonl'), [...sampleLines(results)].join(''));
  await writeFile(join(outFolder, 'report.json'), jsonReport(results, dtype));
  await writeFile(join(outFolder, 'report.md'), markdownReport(results));
  return { metrics: Object.fromEntries(results.flatMap(({ settings, metrics }) => Object.entries(metrics).map(([name, value]) => [`${settings.name}.${name}`, value]))) };
}

function plan(tasks: readonly TaskSettings[], validation: readonly Row[]): PlannedTask[] {
  const names = new Set<string>();
  return tasks.map((settings) => {
    const { kind, name, tag } = settings;
    if (names.has(name)) throw new EvaluationError({ message: `Two tasks are called "${name}"; give each its own name.`, code: 'task-name-taken', facts: { name } });
    names.add(name);
    const task = findTask(kind);
    const rows = validation.filter(({ tags }) => tags.includes(tag));
    if (rows.length === 0) {
      const known = [...new Set(validation.flatMap(({ tags }) => tags))].sort();
      throw new EvaluationError({
        message: `The task "${name}" asks for held-out rows tagged "${tag}"; the dataset has ${validation.length} held-out rows, tagged ${known.join(', ') || 'nothing'}.`,
        code: 'task-without-rows',
        facts: { name, tag, tags: known, heldOut: validation.length },
      });
    }
    rows.forEach((row, index) => refusePlaceholders(name, row, index));
    return { settings, task, rows, targets: rows.map((row, index) => task.target(row, index)) };
  });
}

function refusePlaceholders(task: string, row: Row, index: number): void {
  const missing = [...placeholdersIn(row)];
  if (missing.length === 0) return;
  throw new EvaluationError({
    message: `Row ${index + 1} of the task "${task}" still holds ${missing.map((name) => `{{${name}}}`).join(', ')}. Give the values as placeholders of a synthesize step.`,
    code: 'placeholder-without-value',
    facts: { task, row: index + 1, missing },
  });
}

/** One model in memory at a time. */
async function scoreAll(folder: string, planned: readonly PlannedTask[], dtype: 'float32' | 'bfloat16', context: WorkContext, which: string): Promise<ItemScore[][]> {
  using loaded = await loadForInference(folder, { dtype });
  const scores: ItemScore[][] = [];
  for (const { settings, task, rows } of planned) {
    const onProgress: WorkContext['onProgress'] = (progress) => context.onProgress({ ...progress, phase: `${settings.name} (${which})` });
    scores.push(await task.score(loaded, rows, settings, { signal: context.signal, onProgress }));
  }
  return scores;
}
