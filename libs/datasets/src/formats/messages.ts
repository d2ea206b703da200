import { show, type Report } from '../problem.js';
import { foldToolTurns } from './fold-tool-turns.js';
import { isAbsent, type JsonObject, type MessageDraft, type RowFormat } from './row-format.js';

/**
 * `{"messages":[{"role":"user","content":"…"},…]}`: the chat format, and our own. Messages of the assistant may have `loss` and `loss_scale` as
 * in SWIFT's files; a row may have a `rejected` answer (`rejected_response` there). Tool calls stand as in OpenAI's files: `tools` of the row, `tool_calls` of
 * the assistant's message, and messages of the role `tool`; or as in SWIFT's: messages of the roles `tool_call` and `tool_response`.
 */
export const messages: RowFormat = {
  name: 'messages',
  mark: 'messages',
  keys: ['messages', 'tools', 'rejected', 'rejected_response'],
  ignored: ['id'],
  example: '{"messages":[{"role":"user","content":"…"},{"role":"assistant","content":"…"}]}',
  drafts: (record, report) => draftsOf(record.messages, 'messages', report, roleAndContent, ...messageKeys),
  rejected(record) {
    const key = isAbsent(record.rejected) ? 'rejected_response' : 'rejected';
    return isAbsent(record[key]) ? undefined : { content: record[key], place: key };
  },
};

/** The keys of a message by role and content: those it needs, those it may have by its role. */
export const messageKeys = [['role', 'content'], ({ role }: JsonObject): readonly string[] => optionalKeys[String(role)] ?? weightKeys] as const;

const weightKeys = ['loss', 'loss_scale', 'lossScale'];
const optionalKeys: Readonly<Record<string, readonly string[]>> = { assistant: [...weightKeys, 'tool_calls'], tool: ['tool_call_id', 'name'], tool_call: weightKeys, tool_response: ['tool_call_id', 'name'] };

export function roleAndContent(entry: JsonObject, place: string): MessageDraft {
  return { role: entry.role, content: entry.content, place, loss: entry.loss, lossScale: entry.lossScale ?? entry.loss_scale, toolCalls: entry.tool_calls, toolCallId: entry.tool_call_id, name: entry.name };
}

/** Takes a list of message objects apart; shared with ShareGPT, whose lists differ in the names of the keys only. */
export function draftsOf(
  list: unknown,
  key: string,
  report: Report,
  draft: (entry: JsonObject, place: string) => MessageDraft,
  known: readonly string[],
  optionalOf: (entry: JsonObject) => readonly string[] = () => [],
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
    const optional = optionalOf(entry);
    for (const name of Object.keys(entry)) {
      if (!known.includes(name) && !optional.includes(name)) report('unknown-key', `${place}: unknown key "${name}"; a message has ${[known.join(' and '), ...optional].join(', ')}`);
    }
    drafts.push(draft(entry, place));
  }
  return whole ? foldToolTurns(drafts, report) : undefined;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
