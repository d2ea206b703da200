import type { Row } from '@tunesmith/datasets';
import type { PlanOptions, TaskSources } from '../task.js';

export const planOptions: PlanOptions = { seed: 1234, applyChatTemplate: false, fewshotAsTurns: false };

/** Sources with these held-out rows, or with this folder of definitions. */
export function askableSources(rows: readonly Row[], definitions = ''): TaskSources {
  return {
    heldOutRows: () => Promise.resolve(rows),
    definitions: () => definitions,
    chatTemplate: () => Promise.resolve({ render: (messages, { addGenerationPrompt }) => messages.map(({ role, content }) => `<${role}>${content}</${role}>`).join('') + (addGenerationPrompt ? '<assistant>' : '') }),
  };
}
