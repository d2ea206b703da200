import type { ChatMessage, ChatTemplate } from '@tunesmith/tokenizers';
import { aggregateGroup } from '../harness/aggregate-group.js';
import { planHarnessTask } from '../harness/harness-task.js';
import type { FoundGroup } from '../definitions/resolve-tasks.js';
import { readDefinitions } from '../definitions/task-definitions.js';
import type { EvaluationTask } from '../task.js';
import type { PlannedGroup, PlannedTask } from '../planned-task.js';

/** All tasks and groups of the imported definitions: those of lm-evaluation-harness and of our short form. */
export const definitions: EvaluationTask = {
  kind: 'definitions',

  async plan(_settings, sources, options) {
    const folder = sources.definitions();
    const { tasks, groups } = await readDefinitions(folder);
    const template = options.applyChatTemplate ? await sources.chatTemplate() : undefined;
    const chat = template && { render: (messages: readonly ChatMessage[], addGenerationPrompt: boolean) => renderOpen(template, messages, addGenerationPrompt) };
    const planned: PlannedTask[] = [];
    for (const task of tasks) planned.push(await planHarnessTask(task, { folder, ...(chat && { chat }) }, options));
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

/** A conversation; where its last turn is the beginning of an answer, it ends with that, and not with the end of the turn. */
function renderOpen(template: Pick<ChatTemplate, 'render'>, messages: readonly ChatMessage[], addGenerationPrompt: boolean): string {
  const text = template.render(messages, { addGenerationPrompt });
  if (addGenerationPrompt) return text;
  const begun = messages.at(-1)!.content;
  return text.slice(0, text.lastIndexOf(begun) + begun.length);
}
