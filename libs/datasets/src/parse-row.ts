import { formats } from './formats/formats.js';
import { isObject } from './formats/messages.js';
import type { JsonObject, MessageDraft, RowFormat, TextDraft } from './formats/row-format.js';
import { show, type Report } from './problem.js';
import { roles, splits, type Message, type Role, type Row, type Split } from './row.js';

/** A row whose split is not decided yet where it carries none. */
export type ParsedRow = Omit<Row, 'split'> & { readonly split?: Split };

export interface ParsedRecord {
  readonly row: ParsedRow;
  readonly format: string;
  /** Keys that were left out because the format says that they mean nothing here. */
  readonly ignored: readonly string[];
}

const commonKeys = ['split', 'tags', 'expect', 'answerWith'];

/**
 * Turns one JSON value from outside into a canonical row. Everything wrong with it goes to `report`, not only the first
 * thing; the result is undefined where anything was reported.
 */
export function parseRow(value: unknown, report: Report): ParsedRecord | undefined {
  let sound = true;
  const note: Report = (code, message) => {
    sound = false;
    report(code, message);
  };
  if (!isObject(value)) {
    note('not-an-object', `expected a JSON object; got ${show(value)}`);
    return undefined;
  }
  const format = formatOf(value, note);
  if (!format) return undefined;
  const ignored = Object.keys(value).filter((key) => format.ignored.includes(key));
  for (const key of Object.keys(value)) {
    if (!format.keys.includes(key) && !commonKeys.includes(key) && !ignored.includes(key)) {
      note('unknown-key', `unknown key "${key}"; a ${format.name} row has ${[...format.keys, ...commonKeys].join(', ')}`);
    }
  }
  const extras = parseExtras(value, note);
  const drafts = format.drafts(value, note);
  if (format.text) {
    const { content, place } = format.text(value);
    const text = checkContent(content, place, note);
    if (extras.answerWith) note('bad-value', 'answerWith: plain text has no question that the model could answer');
    return sound && text !== undefined ? { row: { messages: [], ...extras, text }, format: format.name, ignored } : undefined;
  }
  const messages = drafts && checkMessages(drafts, extras.answerWith === 'self', note);
  const rejected = messages && format.rejected?.(value, note);
  if (!rejected) return sound && messages ? { row: { messages, ...extras }, format: format.name, ignored } : undefined;
  const text = checkRejected(rejected, messages, note);
  return sound && text !== undefined ? { row: { messages, ...extras, rejected: text }, format: format.name, ignored } : undefined;
}

/** An answer beside the last message, which has to be another one. */
function checkRejected({ content, place }: TextDraft, messages: readonly Message[], report: Report): string | undefined {
  const text = checkContent(content, place, report);
  const chosen = messages.at(-1)!;
  if (chosen.role !== 'assistant') report('no-answer', `${place}: expected an answer that is wanted beside it; the last message is the ${chosen.role}'s`);
  else if (text === chosen.content) report('bad-value', `${place}: expected another answer than the one that is wanted; got the same`);
  return text;
}

function formatOf(record: JsonObject, report: Report): RowFormat | undefined {
  const marked = formats.filter((format) => format.mark in record);
  // A key that one of them reads, or says to be without meaning, is no sign of another.
  const found = marked.filter(({ mark, name }) => !marked.some((other) => other.name !== name && [...other.keys, ...other.ignored].includes(mark)));
  if (found.length === 1) return found[0];
  if (found.length > 1) report('unknown-format', `expected one form of row; got the keys of several: ${found.map((format) => `"${format.mark}" (${format.name})`).join(', ')}`);
  else report('unknown-format', `expected one of ${formats.map((format) => format.example).join(' or ')}; got the keys ${Object.keys(record).map((key) => `"${key}"`).join(', ') || 'of an empty object'}`);
  return undefined;
}

function parseExtras(record: JsonObject, report: Report): Pick<ParsedRow, 'split' | 'tags' | 'expect' | 'answerWith'> {
  const { split, tags, expect, answerWith } = record;
  const present = (value: unknown): boolean => value !== undefined && value !== null;
  const knownSplit = splits.find((each) => each === split);
  if (present(split) && !knownSplit) report('bad-value', `split: expected ${splits.join(' or ')}; got ${show(split)}`);
  const knownTags = Array.isArray(tags) && tags.every((tag): tag is string => typeof tag === 'string' && tag.trim() !== '') ? tags : undefined;
  if (present(tags) && !knownTags) report('bad-value', `tags: expected a list of words; got ${show(tags)}`);
  const knownExpect = typeof expect === 'string' && expect.trim() !== '' ? expect : undefined;
  if (present(expect) && knownExpect === undefined) report('bad-value', `expect: expected the text that a right answer contains; got ${show(expect)}`);
  if (present(answerWith) && answerWith !== 'self') report('bad-value', `answerWith: expected "self"; got ${show(answerWith)}`);
  return {
    tags: [...new Set(knownTags ?? [])],
    ...(knownSplit ? { split: knownSplit } : {}),
    ...(knownExpect === undefined ? {} : { expect: knownExpect }),
    ...(answerWith === 'self' ? { answerWith } : {}),
  };
}

function checkMessages(drafts: readonly MessageDraft[], answersItself: boolean, report: Report): Message[] | undefined {
  if (drafts.length === 0) {
    report('no-answer', 'expected at least a question and its answer; got no message');
    return undefined;
  }
  const messages: Message[] = [];
  for (const draft of drafts) {
    const { role, content, place } = draft;
    const known = roles.find((each) => each === role);
    if (!known) report('unknown-role', `${place}: expected the role ${roles.join(', ')}; got ${show(role)}`);
    const text = checkContent(content, place, report);
    const weight = checkWeight(draft, report);
    if (known && text !== undefined && weight) messages.push({ role: known, content: text, ...weight });
  }
  if (messages.length < drafts.length) return undefined;
  return checkOrder(messages, drafts, answersItself, report) ? messages : undefined;
}

/** What a message says of its weight in the loss; only what the assistant says has one. */
function checkWeight({ role, loss, lossScale, place }: MessageDraft, report: Report): Pick<Message, 'loss' | 'lossScale'> | undefined {
  const present = (value: unknown): boolean => value !== undefined && value !== null;
  const wrong = (message: string): undefined => report('bad-value', `${place}: ${message}`) as undefined;
  if (!present(loss) && !present(lossScale)) return {};
  if (role !== 'assistant') return wrong("loss and loss_scale: only the assistant's messages have them");
  if (present(loss) && typeof loss !== 'boolean') return wrong(`loss: expected true or false; got ${show(loss)}`);
  if (present(lossScale) && !(typeof lossScale === 'number' && Number.isFinite(lossScale) && lossScale >= 0)) return wrong(`loss_scale: expected a number from 0; got ${show(lossScale)}`);
  return { ...(typeof loss === 'boolean' ? { loss } : {}), ...(typeof lossScale === 'number' ? { lossScale } : {}) };
}

function checkContent(content: unknown, place: string, report: Report): string | undefined {
  if (typeof content !== 'string') {
    report('bad-value', `${place}: expected text; got ${show(content)}`);
    return undefined;
  }
  if (content.trim() === '') {
    report('empty-content', `${place}: expected text; got ${content === '' ? 'an empty one' : 'spaces only'}`);
    return undefined;
  }
  // Half of a surrogate pair is valid JSON but no character: it could not be written back as UTF-8.
  if (!content.isWellFormed()) {
    report('bad-value', `${place}: holds half of a surrogate pair (such as \\ud83d alone), which is no character`);
    return undefined;
  }
  return content;
}

/** A system message may come first; then user and assistant take turns, and the assistant has the last word unless the model answers itself. */
function checkOrder(messages: readonly Message[], drafts: readonly MessageDraft[], answersItself: boolean, report: Report): boolean {
  const start = messages[0]?.role === 'system' ? 1 : 0;
  for (let index = start; index < messages.length; index += 1) {
    const wanted: Role = (index - start) % 2 === 0 ? 'user' : 'assistant';
    const { role } = messages[index]!;
    if (role === wanted) continue;
    const place = drafts[index]!.place;
    if (role === 'system') report('role-order', `${place}: a system message may only come first`);
    else if (index > start) report('role-order', `${place}: two ${role} messages in a row; user and assistant take turns`);
    else report('role-order', `${place}: expected the user to speak first; got ${role}`);
    return false;
  }
  const last = messages.at(-1)!.role;
  if (answersItself && last !== 'user') {
    report('bad-value', `answerWith is "self", so the last message has to be the user's; got ${last}`);
    return false;
  }
  if (!answersItself && last !== 'assistant') {
    report('no-answer', `no answer: the last message is the ${last}'s; add the assistant's, or "answerWith":"self" to let the model answer`);
    return false;
  }
  return true;
}
