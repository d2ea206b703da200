import type { Row } from '@tunesmith/datasets';
import { ChatTemplate } from '@tunesmith/tokenizers';
import type { PlanOptions, TaskSources } from '../task.js';

export const planOptions: PlanOptions = { seed: 1234, applyChatTemplate: false, fewshotAsTurns: false };

const source = '{% for message in messages %}<{{ message.role }}>{{ message.content }}</{{ message.role }}>{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}';

/** Sources with these held-out rows, or with this folder of definitions. */
export function askableSources(rows: readonly Row[], definitions = ''): TaskSources {
  return {
    heldOutRows: () => Promise.resolve(rows),
    definitions: () => definitions,
    chatTemplate: () => Promise.resolve(new ChatTemplate(source)),
  };
}
