import type { Report } from '../problem.js';

export type JsonObject = Readonly<Record<string, unknown>>;

/** A message as some format told it, not yet checked. `place` says where it stood, for error messages. */
export interface MessageDraft {
  readonly role: unknown;
  readonly content: unknown;
  readonly place: string;
  /** What a message says of its own weight in the loss. */
  readonly loss?: unknown;
  readonly lossScale?: unknown;
  /** What an assistant's message calls, and what a tool's message answers. */
  readonly toolCalls?: unknown;
  readonly toolCallId?: unknown;
  readonly name?: unknown;
}

/** A text as some format told it, not yet checked. */
export type TextDraft = Pick<MessageDraft, 'content' | 'place'>;

/** A shape in which rows come from outside: a file of this folder and a line in `formats.ts`. */
export interface RowFormat {
  readonly name: string;
  /** The key that tells this format from the others. */
  readonly mark: string;
  /** All keys that the format reads, the mark among them. */
  readonly keys: readonly string[];
  /** Keys that such files often carry and that say nothing for training: left out, and counted in the report. */
  readonly ignored: readonly string[];
  /** One line of a row in this format, for error messages. */
  readonly example: string;
  /** Takes the row apart, without judging roles and contents. Returns nothing where the shape itself is wrong, and has then reported why. */
  drafts(record: JsonObject, report: Report): MessageDraft[] | undefined;
  /** The answer that is not wanted, where a row of this format may have one. */
  rejected?(record: JsonObject, report: Report): TextDraft | undefined;
  /** Of formats of plain text, which have no messages. */
  text?(record: JsonObject): TextDraft;
}

/** Many writers put null or an empty text where they have no system prompt, input or history. */
export function isAbsent(value: unknown): boolean {
  return value === undefined || value === null || value === '';
}

export function systemDraft(record: JsonObject): MessageDraft[] {
  return isAbsent(record.system) ? [] : [{ role: 'system', content: record.system, place: 'system' }];
}

/** `history`: earlier turns as `[[question, answer], …]`. */
export function historyDrafts(record: JsonObject, report: Report): MessageDraft[] | undefined {
  if (isAbsent(record.history)) return [];
  const { history } = record;
  if (!Array.isArray(history) || !history.every((turn): turn is unknown[] => Array.isArray(turn) && turn.length === 2)) {
    report('bad-value', 'history: expected a list of [question, answer] pairs');
    return undefined;
  }
  return history.flatMap(([question, answer], index) => [
    { role: 'user', content: question, place: `history[${index}][0]` },
    { role: 'assistant', content: answer, place: `history[${index}][1]` },
  ]);
}

/** The answer's draft, or none where the key is missing: the check of the whole conversation then asks for it. */
export function answerDraft(record: JsonObject, key: string): MessageDraft[] {
  return record[key] === undefined || record[key] === null ? [] : [{ role: 'assistant', content: record[key], place: key }];
}
