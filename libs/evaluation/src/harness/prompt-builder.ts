import type { ChatTool } from '@tunesmith/tokenizers';
import { EvaluationError } from '../evaluation-error.js';
import { chatTools } from '../function-calls/described-functions.js';
import { samplers } from '../samplers.js';
import type { Document } from '../definitions/documents.js';
import type { PlanOptions } from '../task.js';
import { plainNumbers, type DocumentReader } from './document-reader.js';
import type { Prompt } from './output-type.js';
import { asOneTurn, joinDelimited, questionTurns, turnsAsText, type PromptTurn } from './prompt-turns.js';
import type { TaskChat } from './task-chat.js';
import type { TaskConfig } from './task-config.js';
import { toolPrompt } from './tool-prompt.js';

/**
 * Description, examples and question of each document, as lm-evaluation-harness 0.4 puts them together. Documents have to be asked for in their
 * order: examples drawn at random depend on how many were drawn before.
 */
export class PromptBuilder {
  readonly #draw: (count: number, avoid: Document | undefined) => readonly Document[];
  readonly #exampleTurns = new Map<Document, PromptTurn[]>();
  readonly #avoidsItself: boolean;

  constructor(
    private readonly config: TaskConfig,
    private readonly reader: DocumentReader,
    private readonly examples: readonly Document[],
    /** `several`: `doc_to_text` is the place of a choice. */
    private readonly options: PlanOptions & { readonly numFewshot: number; readonly several: boolean },
    private readonly chat: TaskChat | undefined,
  ) {
    const name = config.fewshot_config?.sampler ?? 'default';
    const sampler = samplers.find((each) => each.name === name);
    if (!sampler) throw new EvaluationError({ message: `The task "${config.task}": expected a sampler out of ${samplers.map((each) => each.name).join(', ')}; got "${name}".`, code: 'sampler-unknown', facts: { task: config.task, sampler: name } });
    const split = config.fewshot_config?.split ?? config.fewshot_split ?? null;
    this.#avoidsItself = split === (config.test_split ?? null);
    const needed = options.numFewshot + (this.#avoidsItself && name === 'default' ? 1 : 0);
    if (options.numFewshot > 0 && examples.length < needed) {
      throw new EvaluationError({ message: `The task "${config.task}" is to show ${options.numFewshot} examples; there are ${examples.length}${needed > options.numFewshot ? ', and one more than are shown is drawn because the document itself may be among them' : ''}. Give fewer with --num-fewshot, or lower num_fewshot in its YAML.`, code: 'too-few-examples', facts: { task: config.task, wanted: options.numFewshot, examples: examples.length } });
    }
    this.#draw = sampler.start(examples, options.seed);
  }

  /** One prompt, or one for each choice where choices are whole contexts. */
  for(document: Document, index: number): Prompt {
    const { config, reader, options } = this;
    const turns: PromptTurn[] = [];
    const system = joinDelimited(options.systemInstruction, reader.field('description', config.description, document, index), config.fewshot_delimiter);
    if (system !== '') turns.push({ role: 'system', content: system, delimiter: '' });
    if (options.numFewshot > 0) for (const example of this.#draw(options.numFewshot, this.#avoidsItself ? document : undefined)) turns.push(...this.example(example));

    const question = this.question(reader.text(document, index));
    const prefix = reader.field('gen_prefix', config.gen_prefix, document, index);
    if (typeof question === 'number') {
      return reader.choices(document, index).map((choice) => this.written([...turns, ...questionTurns({ question: choice, ...(prefix !== undefined && { prefix }), targetDelimiter: '', fewshotDelimiter: '' })], prefix));
    }
    const choices = config.doc_to_choice == null ? undefined : reader.choices(document, index);
    const parts = { question, ...(choices && { choices }), ...(prefix !== undefined && { prefix }), targetDelimiter: config.target_delimiter, fewshotDelimiter: '' };
    return this.written([...turns, ...questionTurns(parts)], prefix, this.tools(document, index));
  }

  /** Digits are a question like others where choices are no contexts. */
  private question(told: string | number): string | number {
    return this.options.several ? told : String(told);
  }

  private tools(document: Document, index: number): readonly ChatTool[] {
    if (this.config.tools == null) return [];
    try {
      return chatTools(plainNumbers(document[this.config.tools]));
    } catch (cause) {
      throw this.reader.problem('tools', index, (cause as Error).message, cause);
    }
  }

  private example(document: Document): PromptTurn[] {
    const known = this.#exampleTurns.get(document);
    if (known) return known;
    const { config, reader } = this;
    const own = config.fewshot_config;
    const place = this.examples.indexOf(document);
    const told = this.question(reader.text(document, place, own?.doc_to_text));
    const choiceSetting = own?.doc_to_choice ?? config.doc_to_choice;
    const choices = choiceSetting == null ? undefined : reader.choices(document, place, choiceSetting);
    const answer = reader.target(document, place, own?.doc_to_target);
    const prefix = reader.field('gen_prefix', own?.gen_prefix ?? config.gen_prefix, document, place);
    // Where choices are whole contexts, the right one is the question and the ending its answer.
    const question = typeof told === 'number' ? choices?.[told] : told;
    if (question === undefined) throw reader.problem('doc_to_text', place, `expected the place of a choice in an example; got ${String(told)}`);
    if (typeof answer === 'number' && choices && typeof told !== 'number' && choices[answer] === undefined) throw reader.problem('doc_to_target', place, `expected the place of one of ${choices.length} choices in an example; got ${answer}`);
    const turns = questionTurns({
      question,
      ...(choices && typeof told !== 'number' && { choices }),
      answer,
      ...(prefix !== undefined && { prefix }),
      targetDelimiter: own?.target_delimiter ?? config.target_delimiter,
      fewshotDelimiter: own?.fewshot_delimiter ?? config.fewshot_delimiter,
    });
    this.#exampleTurns.set(document, turns);
    return turns;
  }

  private written(turns: readonly PromptTurn[], prefix: string | undefined, tools: readonly ChatTool[] = []): string {
    if (!this.chat) return turnsAsText(withTools(turns, tools));
    const messages = (own: readonly PromptTurn[]) => (this.options.fewshotAsTurns ? own : asOneTurn(own)).map(({ role, content }) => ({ role, content }));
    const open = prefix === undefined || prefix === '';
    const shown = tools.length === 0 ? undefined : this.chat.renderWithTools?.(messages(turns), open, tools);
    return shown ?? this.chat.render(messages(withTools(turns, tools)), open);
  }
}

/** The turns after a description of the tools, which comes before what else the system says. */
function withTools(turns: readonly PromptTurn[], tools: readonly ChatTool[]): readonly PromptTurn[] {
  if (tools.length === 0) return turns;
  const [system, ...others] = turns[0]?.role === 'system' ? turns : [undefined, ...turns];
  const asked = others.map((turn, place) => (place === others.length - 1 && turn?.role === 'user' ? { ...turn, delimiter: '\n' } : turn));
  return [{ role: 'system', content: joinDelimited(toolPrompt(tools), system?.content, '\n\n'), delimiter: '\n\n' }, ...(asked as PromptTurn[])];
}
