import { answerDraft, systemDraft, type RowFormat } from './row-format.js';

/** `{"prompt":"…","completion":"…"}`. */
export const promptCompletion: RowFormat = {
  name: 'prompt-completion',
  mark: 'prompt',
  keys: ['prompt', 'completion', 'system'],
  ignored: ['id'],
  example: '{"prompt":"…","completion":"…"}',
  drafts: (record) => [...systemDraft(record), { role: 'user', content: record.prompt, place: 'prompt' }, ...answerDraft(record, 'completion')],
};
