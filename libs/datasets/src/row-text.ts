import type { Row } from './row.js';

/**
 * What a row says of its own: all messages but the system's, or the plain text. A system message that stands over every row would make them all look
 * alike.
 */
export function rowText({ messages, text }: Pick<Row, 'messages' | 'text'>): string {
  return text ?? messages.filter(({ role }) => role !== 'system').map(({ content, toolCalls }) => (toolCalls ? `${content}\n${JSON.stringify(toolCalls)}` : content)).join('\n');
}
