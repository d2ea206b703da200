import { z } from 'zod';

let lastMilliseconds = 0;
let sequence = 0;

/**
 * A new UUIDv7 (RFC 9562, section 5.7): sortable by creation time, also within one millisecond of one process.
 */
export function newId(): string {
  const now = Date.now();
  if (now > lastMilliseconds) {
    lastMilliseconds = now;
    sequence = crypto.getRandomValues(new Uint16Array(1))[0]! & 0x3ff;
  } else {
    sequence += 1;
    if (sequence > 0xfff) {
      lastMilliseconds += 1;
      sequence = 0;
    }
  }
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const view = new DataView(bytes.buffer);
  view.setUint16(0, Math.floor(lastMilliseconds / 2 ** 32));
  view.setUint32(2, lastMilliseconds >>> 0);
  view.setUint16(6, 0x7000 | sequence);
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = Buffer.from(bytes).toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

export const Id = z.uuid().describe('A UUIDv7.');

/** Names of models, datasets, recipes, steps and aliases: what a person types. */
export const Name = z
  .string()
  .regex(/^[a-zA-Z0-9](?:[a-zA-Z0-9._-]{0,62}[a-zA-Z0-9])?$/, 'expected 1 to 64 letters, digits, dots, dashes or underscores, with a letter or digit at both ends');

/** Separates tenants. Every entity and event carries one. */
export const Project = Name.default('default');
