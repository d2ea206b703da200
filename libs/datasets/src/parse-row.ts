import { formats } from './formats/formats.js';
import { isObject } from './formats/messages.js';
import { isAbsent, type JsonObject, type MessageDraft, type RowFormat, type TextDraft } from './formats/row-format.js';
import { parseOrigin } from './parse-origin.js';
import { parseToolCalls, parseTools } from './parse-tools.js';
import { show, type Report } from './problem.js';
import { roles, splits, type Message, type Role, type Row, type Split, type Tool, type ToolCall } from './row.js';

/** A row whose split is not decided yet where it carries none. */
export type ParsedRow = Omit<Row, 'split'> & { readonly split?: Split };

export interface ParsedRecord {
  readonly row: ParsedRow;
  readonly format: string;
  /** Keys that were left out because the format, or the caller, says that they mean nothing here. */
  readonly ignored: readonly string[];
}

export interface ParseRowOptions {
  /** Keys of the row and of its messages that are left out before anything is read. */
  readonly ignoreKeys?: readonly string[];
}

const commonKeys = ['split', 'tags', 'expect', 'answerWith', 'origin'];

/**
 * Turns one JSON value from outside into a canonical row. Everything wrong with it goes to `report`, not only the first
 * thing; the result is undefined where anything was reported.
 */
export function parseRow(given: unknown, report: Report, { ignoreKeys = [] }: ParseRowOptions = {}): ParsedRecord | undefined {
  let sound = true;
  const note: Report = (code, message) => {
    sound = false;
    report(code, message);
  };
  if (!isObject(given)) {
    note('not-an-object', `expected a JSON object; got ${show(given)}`);
    return undefined;
  }
  const { value, left } = withoutKeys(given, ignoreKeys);
  const format = formatOf(value, note);
  if (!format) return undefined;
  const ignored = [...Object.keys(value).filter((key) => format.ignored.includes(key)), ...left];
  for (const key of Object.keys(value)) {
    if (!format.keys.includes(key) && !commonKeys.includes(key) && !format.ignored.includes(key)) {
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
  const tools = isAbsent(value.tools) || !format.keys.includes('tools') ? undefined : parseTools(value.tools, note);
  const messages = drafts && checkMessages(drafts, extras.answerWith === 'self', note);
  if (messages && tools) checkCalledTools(messages, tools, note);
  const said = messages && { messages, ...(tools && tools.length > 0 ? { tools } : {}) };
  const rejected = messages && format.rejected?.(value, note);
  if (!rejected) return sound && said ? { row: { ...said, ...extras }, format: nameOf(format, said), ignored } : undefined;
  const text = checkRejected(rejected, messages, note);
  return sound && text !== undefined ? { row: { ...said!, ...extras, rejected: text }, format: format.name, ignored } : undefined;
}

/** The row without some keys, its own and those of the messages in its lists; `left`: which of them it had. */
function withoutKeys(row: JsonObject, keys: readonly string[]): { readonly value: JsonObject; readonly left: readonly string[] } {
  if (keys.length === 0) return { value: row, left: [] };
  const left = new Set<string>();
  const without = (object: JsonObject): JsonObject =>
    Object.fromEntries(
      Object.entries(object).filter(([key]) => {
        if (keys.includes(key)) left.add(key);
        return !keys.includes(key);
      }),
    );
  const isMessage = (entry: unknown): entry is JsonObject => isObject(entry) && ('role' in entry || 'from' in entry);
  const value = Object.entries(without(row)).map(([key, each]) => [key, Array.isArray(each) ? each.map((entry: unknown) => (isMessage(entry) ? without(entry) : entry)) : each]);
  return { value: Object.fromEntries(value) as JsonObject, left: [...left] };
}

/** Rows with tools are a form of their own to whoever reads the report. */
function nameOf({ name }: RowFormat, { tools, messages }: Pick<Row, 'tools' | 'messages'>): string {
  return tools || messages.some(({ toolCalls }) => toolCalls) ? `${name} with tool calls` : name;
}

function checkCalledTools(messages: readonly Message[], tools: readonly Tool[], report: Report): void {
  const known = tools.map((tool) => tool.function.name);
  for (const { toolCalls = [] } of messages) {
    for (const { name } of toolCalls) if (!known.includes(name)) report('unknown-tool', `the assistant calls ${show(name)}; the row's tools are ${known.join(', ') || 'none'}`);
  }
}

/** An answer beside the last message, which has to be another one. */
function checkRejected({ content, place }: TextDraft, messages: readonly Message[], report: Report): string | undefined {
  const text = checkContent(content, place, report);
  const chosen = messages.at(-1)!;
  if (chosen.role !== 'assistant') report('no-answer', `${place}: expected an answer that is wanted beside it; the last message is the ${chosen.role}'s`);
  else if (chosen.toolCalls) report('bad-value', `${place}: expected beside it an answer in words; the last message calls a tool`);
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

function parseExtras(record: JsonObject, report: Report): Pick<ParsedRow, 'split' | 'tags' | 'expect' | 'answerWith' | 'origin'> {
  const { split, tags, expect, answerWith, origin } = record;
  const present = (value: unknown): boolean => value !== undefined && value !== null;
  const knownSplit = splits.find((each) => each === split);
  if (present(split) && !knownSplit) report('bad-value', `split: expected ${splits.join(' or ')}; got ${show(split)}`);
  const knownTags = Array.isArray(tags) && tags.every((tag): tag is string => typeof tag === 'string' && tag.trim() !== '') ? tags : undefined;
  if (present(tags) && !knownTags) report('bad-value', `tags: expected a list of words; got ${show(tags)}`);
  const isText = (value: unknown): value is string => typeof value === 'string' && value.trim() !== '';
  const knownExpect = isText(expect) || (Array.isArray(expect) && expect.length > 0 && expect.every(isText)) ? expect : undefined;
  if (present(expect) && knownExpect === undefined) report('bad-value', `expect: expected the text that a right answer contains, or a list of such; got ${show(expect)}`);
  if (present(answerWith) && answerWith !== 'self') report('bad-value', `answerWith: expected "self"; got ${show(answerWith)}`);
  const knownOrigin = present(origin) ? parseOrigin(origin) : undefined;
  if (present(origin) && !knownOrigin) report('bad-value', `origin: expected {"source":"…"} with teacher, prompt, seeds, topics and samplingSeed where they are known; got ${show(origin)}`);
  return {
    tags: [...new Set(knownTags ?? [])],
    ...(knownSplit ? { split: knownSplit } : {}),
    ...(knownExpect === undefined ? {} : { expect: knownExpect }),
    ...(answerWith === 'self' ? { answerWith } : {}),
    ...(knownOrigin ? { origin: knownOrigin } : {}),
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
    const calls = isAbsent(draft.toolCalls) || known !== 'assistant' ? undefined : parseToolCalls(draft.toolCalls, place, report);
    const mayBeEmpty = known === 'tool' || calls !== undefined;
    const text = mayBeEmpty && isAbsent(content) ? '' : checkContent(content, place, report);
    const weight = checkWeight(draft, report);
    const answers = checkAnswered(draft, report);
    const whole = isAbsent(draft.toolCalls) || calls !== undefined;
    if (known && text !== undefined && weight && answers && whole) messages.push({ role: known, content: text, ...(calls && { toolCalls: calls }), ...answers, ...weight });
  }
  if (messages.length < drafts.length) return undefined;
  return checkOrder(messages, drafts, answersItself, report) ? messages : undefined;
}

/** What a tool's message says of the call that it answers. */
function checkAnswered({ toolCallId, name, place }: MessageDraft, report: Report): Pick<Message, 'toolCallId' | 'name'> | undefined {
  for (const [key, value] of [['tool_call_id', toolCallId], ['name', name]] as const) {
    if (isAbsent(value) || (typeof value === 'string' && value.isWellFormed())) continue;
    report('bad-value', `${place}: ${key}: expected text; got ${show(value)}`);
    return undefined;
  }
  return { ...(isAbsent(toolCallId) ? {} : { toolCallId: toolCallId as string }), ...(isAbsent(name) ? {} : { name: name as string }) };
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

/**
 * A system message may come first; then user and assistant take turns, tools answer where they are called, and the assistant has the last word unless
 * the model answers itself.
 */
function checkOrder(messages: readonly Message[], drafts: readonly MessageDraft[], answersItself: boolean, report: Report): boolean {
  const start = messages[0]?.role === 'system' ? 1 : 0;
  let called: readonly ToolCall[] = [];
  for (let index = start; index < messages.length; index += 1) {
    const { role, toolCalls, toolCallId } = messages[index]!;
    const before = index > start ? messages[index - 1] : undefined;
    const place = drafts[index]!.place;
    if (toolCalls) called = toolCalls;
    if (followers(before).includes(role)) {
      if (role !== 'tool' || toolCallId === undefined || called.some(({ id }) => id === undefined || id === toolCallId)) continue;
      report('role-order', `${place}: tool_call_id: expected the id of a call before it (${called.map(({ id }) => id).join(', ')}); got ${show(toolCallId)}`);
    } else if (role === 'system') report('role-order', `${place}: a system message may only come first`);
    else if (role === 'tool') report('role-order', `${place}: a tool's answer, but no message before it calls a tool`);
    else if (before?.toolCalls) report('role-order', `${place}: expected the answer of the tool (role tool) that the assistant calls before it; got ${role}`);
    else if (before) report('role-order', `${place}: two ${role} messages in a row; user and assistant take turns`);
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

/** Who may speak after a message; undefined is the beginning. */
function followers(before: Message | undefined): readonly Role[] {
  if (before === undefined) return ['user'];
  if (before.role === 'user') return ['assistant'];
  if (before.role === 'tool') return ['tool', 'assistant'];
  return before.toolCalls ? ['tool'] : ['user'];
}
