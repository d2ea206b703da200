import { ChatTemplateError, EmptyLossMaskError, TemplateMismatchError } from './errors.js';

/** A message as chat templates know it; further keys reach the template too. */
export interface ChatMessage {
  readonly role: string;
  readonly content: string;
  /** Of an assistant's message: what it calls. */
  readonly tool_calls?: readonly { readonly id?: string; readonly type: string; readonly function: { readonly name: string; readonly arguments: unknown } }[];
  /** Of a tool's message: the call that it answers, and the tool. */
  readonly tool_call_id?: string;
  readonly name?: string;
}

/** A tool that the assistant may call, in OpenAI's form. */
export interface ChatTool {
  readonly type: string;
  readonly function: { readonly name: string };
}

/** Characters [start, end) of a rendered conversation that the assistant says, the end of its turn included. */
export interface TrainedSpan {
  readonly start: number;
  readonly end: number;
}

export type Render = (messages: readonly ChatMessage[], options: { addGenerationPrompt: boolean }) => string;

/**
 * Finds what the assistant says by rendering prefixes. For each of its turns the conversation before it, with the generation prompt, must be
 * how the whole rendering begins: exactly what serving sends to the model. The turn ends with the last of `endTexts` before the next
 * message; what the template writes after that (a line break, say) is not the model's to say.
 */
export function spansByPrefixes(messages: readonly ChatMessage[], full: string, render: Render, endTexts: readonly string[]): TrainedSpan[] {
  const spans: TrainedSpan[] = [];
  for (const [index, message] of messages.entries()) {
    if (message.role !== 'assistant') continue;
    const prompt = checkPrefix(full, render(messages.slice(0, index), { addGenerationPrompt: true }), index);
    // Of the last message that is the whole rendering.
    const through = index === messages.length - 1 ? full : checkPrefix(full, render(messages.slice(0, index + 1), { addGenerationPrompt: false }), index);
    const said = full.slice(prompt.length, through.length);
    const end = Math.max(...endTexts.map((text) => (said.includes(text) ? said.lastIndexOf(text) + text.length : -1)), -1);
    const wordsOf = (text: string): string => endTexts.reduce((rest, endText) => rest.replaceAll(endText, ''), text).trim();
    if (wordsOf(said) === '' && wordsOf(message.content) !== '') {
      throw new EmptyLossMaskError({
        code: 'empty-loss-mask',
        message: `The chat template renders nothing of the assistant's answer at turn ${index + 1}: expected ${JSON.stringify(message.content.slice(0, 40))} after the generation prompt; got ${JSON.stringify(said)}. There would be nothing to learn: use a template that renders the content of assistant messages.`,
        facts: { turn: index, rendered: said },
      });
    }
    if (end < 0) {
      throw new ChatTemplateError({
        code: 'chat-template-without-end',
        message: `The chat template ends the assistant's turn with none of ${endTexts.map((text) => JSON.stringify(text)).join(', ') || '(no end tokens are known)'}, so a model trained with it would never stop. Name the token in generation_config.json as eos_token_id.`,
        facts: { turn: index, rendered: said.slice(-200), endTexts },
      });
    }
    spans.push({ start: prompt.length, end: prompt.length + end });
  }
  return spans;
}

/** Private-use characters that no tokenizer and no template has; they stand for {% generation %} and {% endgeneration %}. */
export const generationStart = '\u{F0F00}';
export const generationEnd = '\u{F0F01}';

/**
 * Finds what the assistant says from a rendering in which {% generation %} blocks are marked. Without its marks it must be the rendering
 * itself, and each block must begin where serving would ask for it.
 */
export function spansByMarks(messages: readonly ChatMessage[], full: string, marked: string, render: Render): TrainedSpan[] {
  const spans: TrainedSpan[] = [];
  let text = '';
  let start: number | undefined;
  for (const piece of marked.split(/([\u{F0F00}\u{F0F01}])/u)) {
    if (piece === generationStart) start = text.length;
    else if (piece === generationEnd && start !== undefined) spans.push({ start, end: text.length });
    else text += piece;
  }
  if (text !== full) throw mismatch('its {% generation %} blocks change what it renders', 0, firstDifference(text, full), text, full);
  const turns = [...messages.entries()].filter(([, message]) => message.role === 'assistant');
  if (spans.length !== turns.length) {
    throw new TemplateMismatchError({
      code: 'template-mismatch',
      message: `The chat template marks ${spans.length} {% generation %} blocks for ${turns.length} turns of the assistant.`,
      facts: { blocks: spans.length, turns: turns.length },
    });
  }
  for (const [position, [index]] of turns.entries()) {
    const prompt = checkPrefix(full, render(messages.slice(0, index), { addGenerationPrompt: true }), index);
    const begin = spans[position]!.start;
    if (begin !== prompt.length) {
      throw new TemplateMismatchError({
        code: 'template-mismatch',
        message: `Turn ${index + 1}: the {% generation %} block begins at character ${begin}, but serving asks for the answer at character ${prompt.length}.`,
        facts: { turn: index, begin, prompt: prompt.length },
      });
    }
  }
  return spans;
}

/**
 * Throws ChatTemplateError where a template says nothing of the tools that a conversation has: it was made for models that know none. `spans` are those
 * of the assistant's turns, in which its calls have to stand; `shown` says whether the tools changed what was rendered.
 */
export function checkRenderedTools(full: string, messages: readonly ChatMessage[], tools: readonly ChatTool[] = [], spans?: readonly TrainedSpan[], shown = true): void {
  const turns = messages.filter(({ role }) => role === 'assistant');
  const called = turns.flatMap(({ tool_calls = [] }, turn) => tool_calls.map((call) => ({ name: call.function.name, span: spans?.[turn] })));
  if (tools.length === 0 && called.length === 0) return;
  // What is said may hold the name of a tool by chance.
  const unsaid = (text: string): string => messages.reduce((rest, { content }) => rest.replace(content.trim(), () => ''), text);
  const around = unsaid(full);
  const missing = [
    ...tools.filter((tool) => !shown || !around.includes(tool.function.name)).map((tool) => `the tool ${tool.function.name}`),
    ...called.filter(({ name, span }) => !(span ? unsaid(full.slice(span.start, span.end)) : around).includes(name)).map(({ name }) => `a call of ${name}`),
  ];
  if (missing.length === 0) return;
  throw new ChatTemplateError({
    code: 'tools-not-rendered',
    message: `The chat template renders nothing of ${missing.slice(0, 5).join(', ')}: it is made for models that call no tools. Use a model whose template knows tools, put one into its folder as chat_template.jinja, or leave the tools out.`,
    facts: { missing },
  });
}

function checkPrefix(full: string, prefix: string, index: number): string {
  if (full.startsWith(prefix)) return prefix;
  throw mismatch('the messages up to here, rendered alone, are not how the whole conversation begins', index, firstDifference(full, prefix), full, prefix);
}

function firstDifference(a: string, b: string): number {
  let at = 0;
  while (at < a.length && a[at] === b[at]) at += 1;
  return at;
}

function mismatch(what: string, index: number, at: number, training: string, serving: string): TemplateMismatchError {
  const around = (text: string) => JSON.stringify(text.slice(Math.max(0, at - 20), at + 40));
  return new TemplateMismatchError({
    code: 'template-mismatch',
    message: `The chat template renders the conversation differently for training and for serving, at turn ${index + 1}: ${what}. At character ${at}: ${around(training)} against ${around(serving)}. Use a template that renders each turn the same wherever it stands, or rows with one answer only.`,
    facts: { turn: index, at, training: training.slice(Math.max(0, at - 100), at + 200), serving: serving.slice(Math.max(0, at - 100), at + 200) },
  });
}
