import { isDeepStrictEqual } from 'node:util';
import { show, type Report } from '../problem.js';
import { draftsOf, messageKeys, roleAndContent } from './messages.js';
import { isAbsent, systemDraft, type JsonObject, type MessageDraft, type RowFormat } from './row-format.js';

/**
 * `{"prompt":"…","chosen":"…","rejected":"…"}`: two answers to one question, the better one first. Each of the three may be a list of messages
 * in its place; `chosen` and `rejected` may repeat the prompt, or hold all of it themselves. They have to differ in the last answer only.
 */
export const preference: RowFormat = {
  name: 'preference',
  mark: 'chosen',
  keys: ['prompt', 'chosen', 'rejected', 'system', 'tools'],
  // Published files carry scores, and the chosen conversation once more as `messages`.
  ignored: ['id', 'prompt_id', 'messages', 'score_chosen', 'score_rejected', 'source'],
  example: '{"prompt":"…","chosen":"the better answer","rejected":"the other"}',
  drafts: (record, report) => conversation(record, 'chosen', report),
  rejected(record, report) {
    const [chosen, rejected] = [conversation(record, 'chosen', () => {}), conversation(record, 'rejected', report)];
    if (!chosen || !rejected) return undefined;
    const same = chosen.length === rejected.length && chosen.slice(0, -1).every((message, index) => isDeepStrictEqual({ ...message, place: '' }, { ...rejected[index]!, place: '' }));
    if (same) return rejected.at(-1);
    report('bad-value', `rejected: expected the same conversation as chosen up to its last answer; got ${rejected.length} messages beside ${chosen.length}, or other words before the answer`);
    return undefined;
  },
};

/** The prompt, and the answer that `key` names. */
function conversation(record: JsonObject, key: 'chosen' | 'rejected', report: Report): MessageDraft[] | undefined {
  const list = (value: unknown, name: string): MessageDraft[] | undefined => draftsOf(value, name, report, roleAndContent, ...messageKeys);
  const { prompt, [key]: answer } = record;
  const before = isAbsent(prompt) ? [] : Array.isArray(prompt) ? list(prompt, 'prompt') : [{ role: 'user', content: prompt, place: 'prompt' }];
  if (!before) return undefined;
  const system = systemDraft(record);
  if (!Array.isArray(answer)) {
    if (typeof answer === 'string') return [...system, ...before, { role: 'assistant', content: answer, place: key }];
    report('bad-value', `${key}: expected text or a list of messages; got ${show(answer)}`);
    return undefined;
  }
  const turns = list(answer, key);
  if (!turns) return undefined;
  const prompted = before.at(-1)?.content;
  const repeats = turns.some(({ role, content }) => role === 'user' && content === prompted);
  return [...system, ...(repeats ? [] : before), ...turns];
}
