import { createHash } from 'node:crypto';
import type { Row, Split } from './row.js';

type Content = Pick<Row, 'messages' | 'rejected' | 'text' | 'tools'>;

/**
 * The side of a row that carries none. It hangs on the text up to the last question alone: a row never changes sides when
 * others come or go, and two answers to one question stay together.
 */
export function splitByHash(row: Content, validationShare: number): Split {
  return hashQuestion(row).readUInt32BE(0) / 2 ** 32 < validationShare ? 'validation' : 'train';
}

/** SHA-256 of what a row says up to its last answer; of plain text the whole. */
export function hashQuestion({ messages, text, tools }: Content): Buffer {
  const question = messages.at(-1)?.role === 'assistant' ? messages.slice(0, -1) : messages;
  return hashContent(text === undefined ? { messages: question, ...(tools && { tools }) } : { messages: [], text });
}

/** SHA-256 of what a row says. */
export function hashContent({ messages, rejected, text, tools }: Content): Buffer {
  const said = messages.map(({ role, content, toolCalls, toolCallId }) => [role, content, ...(toolCalls ? [toolCalls] : []), ...(toolCallId === undefined ? [] : [toolCallId])]);
  const conversation = tools ? [...said, ['tools', tools]] : said;
  return createHash('sha256')
    .update(JSON.stringify(text ?? (rejected === undefined ? conversation : [...conversation, ['rejected', rejected]])))
    .digest();
}
