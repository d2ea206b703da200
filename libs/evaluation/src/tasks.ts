import { EvaluationError } from './evaluation-error.js';
import type { EvaluationTask } from './task.js';
import { definitions } from './tasks/definitions.js';
import { exactMatch } from './tasks/exact-match.js';
import { judge } from './tasks/judge.js';
import { loss } from './tasks/loss.js';
import { qa } from './tasks/qa.js';

/** Every kind of task that an evaluation may have. */
export const tasks: readonly EvaluationTask[] = [exactMatch as EvaluationTask, loss as EvaluationTask, qa as EvaluationTask, judge as EvaluationTask, definitions];

/** @throws EvaluationError `task-unknown` */
export function findTask(kind: string): EvaluationTask {
  const task = tasks.find((each) => each.kind === kind);
  if (task) return task;
  throw new EvaluationError({ message: `Expected a kind of task out of ${tasks.map((each) => each.kind).join(', ')}; got "${kind}".`, code: 'task-unknown', facts: { kind } });
}
