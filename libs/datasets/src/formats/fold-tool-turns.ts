import { show, type Report } from '../problem.js';
import type { MessageDraft } from './row-format.js';

/**
 * Turns the roles `tool_call` and `tool_response` of SWIFT's files into tool calls of the assistant and messages of the role `tool`. Calls in a row are
 * one message of the assistant, with what it said before them. The content of a call is the JSON object `{"name":"…","arguments":{…}}`.
 */
export function foldToolTurns(drafts: readonly MessageDraft[], report: Report): MessageDraft[] | undefined {
  const folded: MessageDraft[] = [];
  for (const draft of drafts) {
    const last = folded.at(-1);
    if (draft.role === 'tool_response') folded.push({ ...draft, role: 'tool' });
    else if (draft.role !== 'tool_call') folded.push(draft);
    else {
      const call = parseCall(draft.content);
      if (!call) {
        report('bad-value', `${draft.place}: expected the call of a tool as JSON, {"name":"…","arguments":{…}}; got ${show(draft.content)}`);
        return undefined;
      }
      if (last?.role === 'assistant') folded.splice(-1, 1, { ...last, toolCalls: [...((last.toolCalls as unknown[] | undefined) ?? []), call] });
      else folded.push({ ...draft, role: 'assistant', content: '', toolCalls: [call] });
    }
  }
  return folded;
}

function parseCall(content: unknown): object | undefined {
  if (typeof content !== 'string') return undefined;
  try {
    const value: unknown = JSON.parse(content);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { type: 'function', function: value } : undefined;
  } catch {
    return undefined;
  }
}
