import { placeholdersIn, type Row } from '@tunesmith/datasets';
import { EvaluationError } from '../evaluation-error.js';
import type { PlanOptions, TaskSettings, TaskSources } from '../task.js';

/** A task over the held-out rows with a tag. */
export interface RowTaskSettings extends TaskSettings {
  readonly tag: string;
}

/** The rows that a task asks for. @throws EvaluationError `task-without-rows`, `placeholder-without-value`. */
export async function heldOutRows({ name, tag }: RowTaskSettings, sources: TaskSources, { limit = Infinity }: PlanOptions): Promise<readonly Row[]> {
  const validation = await sources.heldOutRows();
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
  return rows.slice(0, limit);
}

/** The messages that a model is asked to continue: those up to the last of the user. */
export function questionOf({ messages }: Row): Row['messages'] {
  return messages.slice(0, messages.findLastIndex(({ role }) => role === 'user') + 1);
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
