import { show, type Report } from '../problem.js';
import type { JsonObject, MessageDraft, RowFormat } from './row-format.js';

/** `{"messages":[{"role":"user","content":"…"},…]}`: the chat format, and our own. */
export const messages: RowFormat = {
  name: 'messages',
  mark: 'messages',
  keys: ['messages'],
  ignored: ['id'],
  example: '{"messages":[{"role":"user","content":"…"},{"role":"assistant","content":"…"}]}',
  drafts: (record, report) => draftsOf(record.messages, 'messages', report, (entry, place) => ({ role: entry.role, content: entry.content, place }), ['role', 'content']),
};

/** Takes a list of message objects apart; shared with ShareGPT, whose lists differ in the names of the keys only. */
export function draftsOf(
  list: unknown,
  key: string,
  report: Report,
  draft: (entry: JsonObject, place: string) => MessageDraft,
  known: readonly string[],
): MessageDraft[] | undefined {
  if (!Array.isArray(list)) {
    report('bad-value', `${key}: expected a list of messages; got ${show(list)}`);
    return undefined;
  }
  const drafts: MessageDraft[] = [];
  let whole = true;
  for (const [index, entry] of list.entries()) {
    const place = `${key}[${index}]`;
    if (!isObject(entry)) {
      report('bad-value', `${place}: expected an object with ${known.join(' and ')}; got ${show(entry)}`);
      whole = false;
      continue;
    }
    for (const name of Object.keys(entry)) {
      if (!known.includes(name)) report('unknown-key', `${place}: unknown key "${name}"; a message has ${known.join(' and ')}`);
    }
    drafts.push(draft(entry, place));
  }
  return whole ? drafts : undefined;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
