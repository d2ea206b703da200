import { readJsonFile } from '@tunesmith/checkpoints';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseTemplate, renderBounded, runWithin, templateLimits, type Program, type TemplateLimits } from './bounded-jinja.js';
import type { ConversationFormat, EncodedConversation, EncodedPrompt, LossWeighing, WeighedText } from './conversation-format.js';
import { encodeWeighed, plainWeighing, weighTurn } from './encode-weighed.js';
import { ChatTemplateError, EmptyLossMaskError } from './errors.js';
import { isObject, objects } from './json.js';
import { readSpecialTokens, type SpecialTokens } from './special-tokens.js';
import type { Tokenizer } from './tokenizer.js';
import { checkRenderedTools, generationEnd, generationStart, spansByMarks, spansByPrefixes, type ChatMessage, type ChatTool, type TrainedSpan } from './training-spans.js';

export interface RenderOptions {
  /** Ends with what makes the model answer as the assistant. */
  readonly addGenerationPrompt: boolean;
  /** What the assistant may call. */
  readonly tools?: readonly ChatTool[] | undefined;
}

const generationTag = /\{%([-+]?)\s*(end)?generation\s*([-+]?)%\}/g;
const markerMacro = `{% macro __generation() %}${generationStart}{{ caller() }}${generationEnd}{% endmacro %}`;

/** A model's chat template (Jinja), rendered within limits. */
export class ChatTemplate implements ConversationFormat {
  private readonly program: Program;
  private readonly markedPrograms: readonly Program[] | undefined;

  /** `specialTokens` are what templates know as `bos_token`, `eos_token` and so on. `now` is the time for templates that write a date. */
  constructor(
    readonly source: string,
    private readonly options: { readonly specialTokens?: SpecialTokens; readonly now?: Date; readonly limits?: TemplateLimits } = {},
  ) {
    this.program = parseTemplate(source);
    // {% generation %} is transformers' own tag; as a call block of a macro it keeps its rules for blanks and for `set`.
    const marked = source.replace(generationTag, (_, left: string, end: string | undefined, right: string) => `{%${left} ${end ? 'endcall' : 'call __generation()'} ${right}%}`);
    this.markedPrograms = marked === source ? undefined : [parseTemplate(markerMacro), parseTemplate(marked)];
  }

  /**
   * Reads chat_template.jinja, or `chat_template` of tokenizer_config.json (of several, the one named `default`). Undefined where the folder
   * has none, as base models do.
   */
  static async fromFolder(folder: string, options: { readonly now?: Date; readonly limits?: TemplateLimits } = {}): Promise<ChatTemplate | undefined> {
    const config = await optionalJson(join(folder, 'tokenizer_config.json'));
    const map = await optionalJson(join(folder, 'special_tokens_map.json'));
    const file = await readFile(join(folder, 'chat_template.jinja'), 'utf8').catch(() => undefined);
    const source = file ?? templateOf(config.chat_template) ?? templateOf((await optionalJson(join(folder, 'chat_template.json'))).chat_template);
    return source === undefined ? undefined : new ChatTemplate(source, { ...options, specialTokens: readSpecialTokens(config, map) });
  }

  /** The conversation as text. Throws ChatTemplateError where the template refuses it or exceeds its limits. */
  render(messages: readonly ChatMessage[], options: RenderOptions): string {
    return this.run([this.program], messages, options);
  }

  /** As `render`. Throws ChatTemplateError also where the template says nothing of the tools: it was made for models that know none. */
  renderWithTools(messages: readonly ChatMessage[], options: RenderOptions): string {
    const rendered = this.render(messages, options);
    checkRenderedTools(rendered, messages, options.tools, undefined, this.showsTools(rendered, messages, options));
    return rendered;
  }

  /** The tokens that serving sends to the model: the conversation so far and the generation prompt. Throws DoubledBosError. */
  encodePrompt(tokenizer: Tokenizer, messages: readonly ChatMessage[], tools?: readonly ChatTool[]): EncodedPrompt {
    return this.encodeRendered(tokenizer, messages, { addGenerationPrompt: true, tools });
  }

  /** The conversation as it stands. Throws DoubledBosError. */
  encodeConversation(tokenizer: Tokenizer, messages: readonly ChatMessage[], tools?: readonly ChatTool[]): EncodedPrompt {
    return this.encodeRendered(tokenizer, messages, { addGenerationPrompt: false, tools });
  }

  /**
   * The conversation as tokens to train on. Only what the assistant says counts: by the template's {% generation %} blocks where it has them,
   * else by comparing renderings of prefixes. Throws TemplateMismatchError where training and serving would see different text,
   * EmptyLossMaskError where nothing would be trained, DoubledBosError.
   */
  encodeForTraining(tokenizer: Tokenizer, messages: readonly ChatMessage[], weighing: LossWeighing = plainWeighing, tools?: readonly ChatTool[]): EncodedConversation {
    const encoded = encodeWeighed(tokenizer, this.weighedTexts(tokenizer, messages, weighing, tools));
    tokenizer.checkBos(encoded.tokenIds);
    return encoded;
  }

  /**
   * The text of that, in pieces with what each weighs. `tokenizer` is the one that the template was made for, whose end tokens it writes; another
   * may read the pieces (`encodeWeighed`).
   */
  weighedTexts(tokenizer: Tokenizer, messages: readonly ChatMessage[], weighing: LossWeighing = plainWeighing, tools?: readonly ChatTool[]): WeighedText[] {
    const { full, spans, shown } = runWithin((this.options.limits ?? templateLimits).milliseconds, () => {
      const rendered = this.render(messages, { addGenerationPrompt: false, tools });
      return { full: rendered, spans: this.findSpans(tokenizer, messages, rendered, tools), shown: this.showsTools(rendered, messages, { addGenerationPrompt: false, tools }) };
    });
    checkRenderedTools(full, messages, tools, spans, shown);
    if (spans.every(({ start, end }) => start === end)) {
      throw new EmptyLossMaskError({
        code: 'empty-loss-mask',
        message: `Nothing of this conversation would be trained: ${messages.some(({ role }) => role === 'assistant') ? "the template renders nothing of the assistant's turns" : 'it has no turn of the role assistant'}.`,
        facts: { roles: messages.map(({ role }) => role) },
      });
    }
    // One span for each turn of the assistant, in their order.
    const turns = [...messages.keys()].filter((index) => messages[index]!.role === 'assistant');
    const endTexts = tokenizer.eosTokenIds.map((id) => tokenizer.tokenText(id));
    const texts: WeighedText[] = [];
    let at = 0;
    for (const [place, { start, end }] of spans.entries()) {
      texts.push(...weighing.others(full.slice(at, start)), ...weighTurn(full.slice(start, end), turns[place]!, weighing, endTexts));
      at = end;
    }
    texts.push(...weighing.others(full.slice(at)));
    return texts;
  }

  private encodeRendered(tokenizer: Tokenizer, messages: readonly ChatMessage[], options: RenderOptions): EncodedPrompt {
    const rendered = this.renderWithTools(messages, options);
    // The template writes the special tokens itself; the tokenizer must not add them again.
    return { tokenIds: tokenizer.encode(rendered, { addSpecialTokens: false }) };
  }

  /** Whether the tools make a difference: the name of one may stand in the template by chance. */
  private showsTools(rendered: string, messages: readonly ChatMessage[], { tools = [], ...options }: RenderOptions): boolean {
    return tools.length > 0 && this.render(messages, options) !== rendered;
  }

  private findSpans(tokenizer: Tokenizer, messages: readonly ChatMessage[], full: string, tools: readonly ChatTool[] | undefined): TrainedSpan[] {
    const render = (some: readonly ChatMessage[], options: RenderOptions) => this.render(some, { ...options, tools });
    if (this.markedPrograms) return spansByMarks(messages, full, this.run(this.markedPrograms, messages, { addGenerationPrompt: false, tools }), render);
    const endTexts = tokenizer.eosTokenIds.map((id) => tokenizer.tokenText(id));
    return spansByPrefixes(messages, full, render, endTexts);
  }

  private run(programs: readonly Program[], messages: readonly ChatMessage[], { addGenerationPrompt, tools = [] }: RenderOptions): string {
    const { specialTokens = {}, now = new Date(), limits = templateLimits } = this.options;
    const variables = { ...specialTokens, messages, tools: tools.length > 0 ? tools : null, documents: null, add_generation_prompt: addGenerationPrompt };
    return renderBounded(programs, variables, now, limits);
  }
}

/** `chat_template` is text, or a list of named templates. */
export function templateOf(value: unknown): string | undefined {
  if (value === undefined || value === null || typeof value === 'string') return value ?? undefined;
  const named = isObject(value) ? Object.entries(value).map(([name, template]) => ({ name, template })) : objects(value);
  const chosen = named.find(({ name }) => name === 'default')?.template;
  if (typeof chosen === 'string') return chosen;
  throw new ChatTemplateError({
    code: 'chat-template-unnamed',
    message: `The model has the chat templates ${named.map(({ name }) => String(name)).join(', ')}, and none is named default. Save the right one as chat_template.jinja.`,
    facts: { names: named.map(({ name }) => name) },
  });
}

async function optionalJson(path: string): Promise<Record<string, unknown>> {
  const value = await readJsonFile(path).catch((error: unknown) => {
    if (isObject(error) && error.code === 'file-unreadable') return undefined;
    throw error;
  });
  return isObject(value) ? value : {};
}
