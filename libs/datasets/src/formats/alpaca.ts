import { answerDraft, historyDrafts, isAbsent, systemDraft, type RowFormat } from './row-format.js';

/** `{"instruction":"…","input":"…","output":"…"}`; the user's message is the instruction, a line break, and the input where there is one. */
export const alpaca: RowFormat = {
  name: 'alpaca',
  mark: 'instruction',
  keys: ['instruction', 'input', 'output', 'system', 'history'],
  // `text` repeats the row as one rendered prompt in the published file.
  ignored: ['id', 'text'],
  example: '{"instruction":"…","input":"…","output":"…"}',
  drafts(record, report) {
    const history = historyDrafts(record, report);
    const { instruction, input } = record;
    if (!isAbsent(input) && typeof input !== 'string') {
      report('bad-value', 'input: expected text');
      return undefined;
    }
    const question = isAbsent(input) || typeof instruction !== 'string' ? instruction : `${instruction}\n${String(input)}`;
    return history && [...systemDraft(record), ...history, { role: 'user', content: question, place: 'instruction' }, ...answerDraft(record, 'output')];
  },
};
