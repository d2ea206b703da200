import { answerDraft, historyDrafts, systemDraft, type RowFormat } from './row-format.js';

/** `{"query":"…","response":"…"}`, with `system` and `history` where wanted: the form that SWIFT's files have. */
export const queryResponse: RowFormat = {
  name: 'query-response',
  mark: 'query',
  keys: ['query', 'response', 'system', 'history'],
  ignored: ['id'],
  example: '{"query":"…","response":"…"}',
  drafts(record, report) {
    const history = historyDrafts(record, report);
    return history && [...systemDraft(record), ...history, { role: 'user', content: record.query, place: 'query' }, ...answerDraft(record, 'response')];
  },
};
