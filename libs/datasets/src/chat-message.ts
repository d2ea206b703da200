import type { ChatMessage } from '@tunesmith/tokenizers';
import type { Message } from './row.js';

/** A message as chat templates know it, and as it stands in files: tool calls in OpenAI's form, with their arguments as an object. */
export function chatMessage({ role, content, toolCalls, toolCallId, name }: Message): ChatMessage {
  return {
    role,
    content,
    ...(toolCalls && { tool_calls: toolCalls.map(({ id, name: called, arguments: given }) => ({ ...(id === undefined ? {} : { id }), type: 'function', function: { name: called, arguments: given } })) }),
    ...(toolCallId === undefined ? {} : { tool_call_id: toolCallId }),
    ...(name === undefined ? {} : { name }),
  };
}
