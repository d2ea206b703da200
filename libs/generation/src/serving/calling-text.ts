import type { FunctionCall } from '../function-calls/call-value.js';
import { parseCalls } from '../function-calls/parse-calls.js';
import { begunAtEnd } from './answer-text.js';

/** What calls stand behind, wherever in an answer; capitals do not matter. */
const marks = ['<tool_call>', 'action:'] as const;

/**
 * The text of an answer that may call functions. What is handed out is said and no part of a call: an answer that begins as calls do is kept back whole, one that says something first from
 * the mark of its calls on. Only functions that were offered are called; all else is text.
 */
export class CallingText {
  #all = '';
  /** How much of it is out. */
  #out = 0;

  constructor(private readonly names: readonly string[]) {}

  /** Adds text; returns what is said with it. */
  add(text: string): string {
    this.#all += text;
    const from = this.#out;
    this.#out = Math.max(from, this.#end());
    return this.#all.slice(from, this.#out);
  }

  /** The rest, once no text follows: calls, else what was kept back. What a limit has cut calls nothing. */
  finish(end: 'stop' | 'length'): { readonly text: string; readonly calls: readonly FunctionCall[] } {
    const { calls } = end === 'length' ? { calls: [] } : parseCalls(this.#all);
    if (calls.length > 0 && calls.every(({ name }) => this.names.includes(name))) return { text: '', calls };
    return { text: this.#all.slice(this.#out), calls: [] };
  }

  /** Where that ends which is said and no part of a call, without the blanks behind it. */
  #end(): number {
    const begun = this.#all.trimStart();
    if (/^[[{`]/.test(begun) || this.names.some((name) => begun.startsWith(`${name}(`) || `${name}(`.startsWith(begun))) return 0;
    const lower = this.#all.toLowerCase();
    const held = Math.max(...marks.map((mark) => begunAtEnd(lower, mark)));
    const mark = this.#all.search(new RegExp(marks.join('|'), 'i'));
    return this.#all.slice(0, mark < 0 ? this.#all.length - held : mark).trimEnd().length;
  }
}
