import { EvaluationError } from '../evaluation-error.js';
import { aggregateGroup } from '../harness/aggregate-group.js';
import { planHarnessTask } from '../harness/harness-task.js';
import { taskChat, type TaskChat } from '../harness/task-chat.js';
import type { FoundGroup } from '../definitions/resolve-tasks.js';
import { readDefinitions, type StoredTask } from '../definitions/task-definitions.js';
import type { EvaluationTask, PlanOptions, TaskSources } from '../task.js';
import type { PlannedGroup, PlannedTask } from '../planned-task.js';

/** All tasks and groups of the imported definitions: those of lm-evaluation-harness and of our short form. */
export const definitions: EvaluationTask = {
  kind: 'definitions',

  async plan(_settings, sources, options) {
    const folder = sources.definitions();
    const { tasks, groups } = await readDefinitions(folder);
    const chat = await chatOf(sources, options, tasks);
    const planned: PlannedTask[] = [];
    for (const task of tasks) planned.push(await planHarnessTask(task, { folder, ...(chat && (options.applyChatTemplate || hasTools(task)) && { chat }) }, options));
    return { tasks: planned, groups: groups.filter(({ metrics }) => metrics.length > 0).map(planGroup) };
  },
};

function planGroup(group: FoundGroup): PlannedGroup {
  return {
    name: group.name,
    tasks: group.tasks,
    weighsBySize: (name) => group.metrics.find(({ metric }) => name === metric || name.startsWith(`${metric}-`))?.weight_by_size,
    metrics: (results) => aggregateGroup(group, results),
  };
}

/** How conversations are written, where some are: tasks with tools are asked in one whenever the model has a chat template. */
async function chatOf(sources: TaskSources, { applyChatTemplate }: PlanOptions, tasks: readonly StoredTask[]): Promise<TaskChat | undefined> {
  if (!applyChatTemplate && !tasks.some(hasTools)) return undefined;
  const template = await sources.chatTemplate().catch((error: unknown) => {
    if (!applyChatTemplate && error instanceof EvaluationError && error.code === 'no-chat-template') return undefined;
    throw error;
  });
  return template && taskChat(template);
}

function hasTools({ config }: StoredTask): boolean {
  return config.tools != null;
}
