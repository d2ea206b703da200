import type { TeacherUsage } from '@tunesmith/generation';
import type { WorkContext } from '@tunesmith/tensor';
import type { JudgedItems } from '../planned-task.js';
import type { TaskScores } from '../task-metrics.js';
import { AnswerJudge, type JudgeOptions } from './answer-judge.js';

type JudgedTask = TaskScores & Pick<JudgedItems, 'remarks'>;

/** The scores of all tasks with the verdicts of those that have their answers judged. No other model is in memory then. */
export async function judgeAll(answered: readonly TaskScores[], options: JudgeOptions | undefined, context: WorkContext): Promise<{ readonly tasks: readonly JudgedTask[]; readonly usage?: TeacherUsage | undefined }> {
  if (!options || !answered.some(({ task }) => task.judged)) return { tasks: answered.map((scores) => ({ ...scores, remarks: scores.task.remarks ?? [] })) };
  await using judge = new AnswerJudge(options);
  const tasks: JudgedTask[] = [];
  for (const { task, ...scores } of answered) {
    const onProgress: WorkContext['onProgress'] = (progress) => context.onProgress({ ...progress, phase: `${task.name} (judge)` });
    tasks.push({ task, ...(task.judged ? await task.judged(scores, (prompts) => judge.ask(prompts, { signal: context.signal, onProgress })) : { ...scores, remarks: task.remarks ?? [] }) });
  }
  return { tasks, usage: judge.usage };
}
