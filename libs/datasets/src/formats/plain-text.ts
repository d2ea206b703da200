import type { RowFormat } from './row-format.js';

/** `{"text":"…"}`: what pre-training reads. */
export const plainText: RowFormat = {
  name: 'text',
  mark: 'text',
  keys: ['text'],
  ignored: ['id', 'url', 'timestamp', 'meta'],
  example: '{"text":"…"}',
  drafts: () => [],
  text: ({ text }) => ({ content: text, place: 'text' }),
};
