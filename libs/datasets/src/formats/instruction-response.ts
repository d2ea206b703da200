import { answerDraft, type RowFormat } from './row-format.js';

/** `{"instruction":"…","response":"…"}`: the form in which LaMini-instruction is published (2304.14402), which says beside it what a row was made from. */
export const instructionResponse: RowFormat = {
  name: 'instruction-response',
  mark: 'response',
  keys: ['instruction', 'response'],
  ignored: ['id', 'instruction_source'],
  example: '{"instruction":"…","response":"…"}',
  drafts: (record) => [{ role: 'user', content: record.instruction, place: 'instruction' }, ...answerDraft(record, 'response')],
};
