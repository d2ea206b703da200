import { createHash } from 'node:crypto';
import type { Message, Split } from './row.js';

/**
 * The side of a row that carries none. It hangs on the text up to the last question alone: a row never changes sides when
 * others come or go, and two answers to one question stay together.
 */
export function splitByHash(messages: readonly Message[], validationShare: number): Split {
  const question = messages.at(-1)?.role === 'assistant' ? messages.slice(0, -1) : messages;
  const fraction = hashMessages(question).readUInt32BE(0) / 2 ** 32;
  return fraction < validationShare ? 'validation' : 'train';
}

/** SHA-256 of a conversation. */
export function hashMessages(messages: readonly Message[]): Buffer {
  return createHash('sha256')
    .update(JSON.stringify(messages.map(({ role, content }) => [role, content])))
    .digest();
}
