import type { Row } from '../row.js';
import { sensitiveKinds } from './sensitive-kinds.js';

export interface SensitiveCount {
  readonly hits: number;
  readonly rows: number;
  /** Where the first ones stand: the row, from 1, and the part of it. What was found is masked. */
  readonly first: readonly { readonly row: number; readonly where: string; readonly masked: string }[];
}

const listed = 5;

/** Counts what looks like personal data and secrets, row by row. Nothing that it finds is kept whole. */
export class SensitiveCounter {
  private readonly counts = new Map<string, { hits: number; rows: number; first: { row: number; where: string; masked: string }[] }>();

  /** `row`: its number, from 1. */
  add({ messages, text, rejected }: Pick<Row, 'messages' | 'text' | 'rejected'>, row: number): void {
    const seen = new Set<string>();
    for (const [index, message] of messages.entries()) {
      this.search(message.content, row, `messages[${index}]`, seen);
      if (message.toolCalls) this.search(JSON.stringify(message.toolCalls), row, `messages[${index}].tool_calls`, seen);
    }
    if (text !== undefined) this.search(text, row, 'text', seen);
    if (rejected !== undefined) this.search(rejected, row, 'rejected', seen);
  }

  finish(): Record<string, SensitiveCount> {
    return Object.fromEntries([...this.counts].sort(([left], [right]) => (left < right ? -1 : 1)));
  }

  private search(content: string, row: number, where: string, seen: Set<string>): void {
    for (const { name, hint, pattern, accept } of sensitiveKinds) {
      if (typeof hint === 'string' ? !content.includes(hint) : !hint.test(content)) continue;
      for (const [match] of content.matchAll(pattern)) {
        if (accept && !accept(match)) continue;
        const count = this.counts.get(name) ?? { hits: 0, rows: 0, first: [] };
        this.counts.set(name, count);
        count.hits += 1;
        if (!seen.has(name)) count.rows += 1;
        seen.add(name);
        if (count.first.length < listed) count.first.push({ row, where, masked: mask(match) });
      }
    }
  }
}

/** Enough to find it again, too little to use it. */
function mask(text: string): string {
  const shown = Math.min(4, Math.floor(text.length / 5));
  return `${text.slice(0, shown)}… (${text.length} characters)`;
}
