import type { Row, RowOrigin } from '@tunesmith/datasets';
import { splitByHash } from '@tunesmith/datasets';
import type { WorkContext } from '@tunesmith/tensor';
import { finishedText } from '../finished-text.js';
import type { Completion, TeacherPrompt, TeacherSampling } from '../teachers/teacher.js';
import type { Funnel } from './funnel.js';
import type { Judge } from './judge.js';
import { responseSystem } from './response-prompt.js';
import { refusal, responseFormat, wordCount, type TextFilter } from './text-filters.js';
import type { FilterOptions } from './synthesis-options.js';

/** An instruction that waits for its answer. */
export interface OpenInstruction {
  readonly instruction: string;
  readonly samplingSeed: number;
  readonly tags: readonly string[];
  readonly origin: RowOrigin;
}

/** Asks a teacher of a batch of prompts, or finds what it has answered before. */
export type AskTeacher = (prompts: readonly TeacherPrompt[], sampling: TeacherSampling, context: WorkContext) => Promise<readonly Completion[]>;

export interface AnswererOptions {
  readonly ask: AskTeacher;
  readonly sampling: TeacherSampling;
  readonly filters: FilterOptions;
  readonly judge: Judge | undefined;
  readonly funnel: Funnel;
  readonly batch: number;
  readonly validationShare: number;
}

/** The filters of answers, in their order, as the report lists them. */
export const responseStages = ['format', 'unfinished', 'length', 'refusal', 'echo', 'judge'] as const;

/** One answer for each instruction: asked in batches, filtered, judged. */
export class Answerer {
  private readonly filters: readonly TextFilter[];

  constructor(private readonly options: AnswererOptions) {
    const { filters } = options;
    this.filters = [wordCount(filters.responseWords), ...(filters.refusals ? [refusal] : [])];
  }

  /** The rows whose answers are kept, in the order of the instructions. Yields after each batch. */
  async *answer(instructions: readonly OpenInstruction[], context: WorkContext): AsyncGenerator<Row[]> {
    const { ask, sampling, batch } = this.options;
    for (let start = 0; start < instructions.length; start += batch) {
      const some = instructions.slice(start, start + batch);
      const completions = await ask(some.map(({ instruction, samplingSeed }) => ({ system: responseSystem, user: instruction, seed: samplingSeed })), sampling, context);
      const pairs = some.flatMap((open, index) => {
        const response = this.responseOf(open, completions[index]!);
        return response === undefined ? [] : [{ ...open, response }];
      });
      yield (await this.judged(pairs, context)).map((pair) => this.rowOf(pair));
    }
  }

  /** The answer where it is kept, up to its last whole sentence where a limit cut it off. */
  private responseOf({ instruction }: OpenInstruction, { text, finish }: Completion): string | undefined {
    const { funnel } = this.options;
    if (!funnel.passes('response', [responseFormat], text)) return undefined;
    const response = finish === 'length' ? finishedText(text) : text;
    if (finish === 'length' && response === text && !/[.!?…。！？]["'”’)\]]*$/.test(text)) {
      funnel.drop('response', 'unfinished', text);
      return undefined;
    }
    if (!funnel.passes('response', this.filters, response)) return undefined;
    if (plain(response) !== plain(instruction)) return response;
    funnel.drop('response', 'echo', response);
    return undefined;
  }

  private async judged<Pair extends OpenInstruction & { readonly response: string }>(pairs: readonly Pair[], context: WorkContext): Promise<Pair[]> {
    const { judge, funnel } = this.options;
    if (!judge || pairs.length === 0) return [...pairs];
    const grades = await judge.grade(pairs, context);
    return pairs.filter(({ instruction, response }, index) => {
      const grade = grades[index];
      if (judge.keeps(grade)) return true;
      funnel.drop('response', 'judge', `${instruction} -> ${response}`, grade ?? 'no grade');
      return false;
    });
  }

  private rowOf({ instruction, response, tags, origin }: OpenInstruction & { readonly response: string }): Row {
    const messages = [{ role: 'user' as const, content: instruction }, { role: 'assistant' as const, content: response }];
    return { messages, split: splitByHash({ messages }, this.options.validationShare), tags, origin };
  }
}

function plain(text: string): string {
  return text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, ' ').trim();
}
