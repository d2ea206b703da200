import { draftsOf, isObject, messageKeys, roleAndContent } from './messages.js';
import { systemDraft, type RowFormat } from './row-format.js';

const speakers: Readonly<Record<string, string>> = { system: 'system', human: 'user', user: 'user', gpt: 'assistant', assistant: 'assistant', function_call: 'tool_call', observation: 'tool_response', tool: 'tool' };

/** `{"conversations":[{"from":"human","value":"…"},…]}`; some writers put role and content there instead. */
export const shareGpt: RowFormat = {
  name: 'sharegpt',
  mark: 'conversations',
  keys: ['conversations', 'system', 'tools'],
  ignored: ['id'],
  example: '{"conversations":[{"from":"human","value":"…"},{"from":"gpt","value":"…"}]}',
  drafts(record, report) {
    const list = record.conversations;
    const first: unknown = Array.isArray(list) ? list[0] : undefined;
    const plain = isObject(first) && 'role' in first;
    const turns = plain
      ? draftsOf(list, 'conversations', report, roleAndContent, ...messageKeys)
      : draftsOf(
          list,
          'conversations',
          report,
          // An unknown speaker stays as it is: the check of roles names it.
          (entry, place) => ({ role: (typeof entry.from === 'string' ? speakers[entry.from] : undefined) ?? entry.from, content: entry.value, place }),
          ['from', 'value'],
        );
    return turns && [...systemDraft(record), ...turns];
  },
};
