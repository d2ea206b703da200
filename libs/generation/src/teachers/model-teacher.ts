import type { WorkContext } from '@tunesmith/tensor';
import { alpacaPrompt, endOfAlpacaAnswer, type EncodedPrompt } from '@tunesmith/tokenizers';
import { generate, type GenerationRequest } from '../generate.js';
import { loadForInference, type InferenceModel } from '../load-for-inference.js';
import { TeacherError } from './teacher-error.js';
import { asOneText, withSystemMessage } from './with-system-message.js';
import type { Completion, OnCompletion, Teacher, TeacherPrompt, TeacherSampling } from './teacher.js';

export interface ModelTeacherOptions {
  readonly dtype: 'float32' | 'bfloat16';
  /** The most rows that are decoded side by side. */
  readonly batchRows?: number;
}

/** A model of our own format, on our own batched generation. One without a chat template is asked in the Alpaca wrapper. */
export async function openModelTeacher(folder: string, name: string, options: ModelTeacherOptions): Promise<Teacher> {
  return new ModelTeacher(await loadForInference(folder, { dtype: options.dtype }), name, options);
}

class ModelTeacher implements Teacher {
  readonly independent: boolean;

  constructor(
    private readonly loaded: InferenceModel,
    readonly name: string,
    private readonly options: ModelTeacherOptions,
  ) {
    this.independent = options.dtype === 'float32';
  }

  async complete(prompts: readonly TeacherPrompt[], sampling: TeacherSampling, context: WorkContext, onCompletion?: OnCompletion): Promise<Completion[]> {
    const { model, tokenizer, contextLength, format } = this.loaded;
    // The longest first: what is decoded side by side is then of about the same length, and the short ones fill the gaps at the end.
    const requests = prompts
      .map((prompt, place) => ({ ...this.encode(prompt), seed: prompt.seed, place }))
      .sort((left, right) => lengthOf(right) - lengthOf(left) || left.place - right.place);
    const longest = requests[0] ? lengthOf(requests[0]) : 0;
    if (longest >= contextLength) {
      throw new TeacherError({
        message: `The teacher ${this.name} reads at most ${contextLength} tokens with the answer; a prompt has ${longest}. Give fewer or shorter examples, or a teacher with a longer context.`,
        code: 'teacher-prompt-too-long',
        facts: { tokens: longest, contextLength },
      });
    }
    const results: Completion[] = [];
    const options = { ...sampling, stopTokenIds: tokenizer.eosTokenIds, contextLength, ...(this.options.batchRows !== undefined && { batchRows: this.options.batchRows }) };
    await generate(model, requests, options, context, (index, { tokenIds, finish }) => {
      const { place, ...request } = requests[index]!;
      const text = tokenizer.decode([...tokenIds], { skipSpecialTokens: true });
      const end = format ? text.length : endOfAlpacaAnswer(text);
      const completion: Completion = { text: text.slice(0, end).trim(), finish: end < text.length ? 'stop' : finish, promptTokens: lengthOf(request), newTokens: tokenIds.length };
      results[place] = completion;
      onCompletion?.(place, completion);
    });
    return results;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.loaded[Symbol.dispose]();
  }

  private encode(prompt: TeacherPrompt): EncodedPrompt {
    const { tokenizer, format } = this.loaded;
    if (!format) return { tokenIds: tokenizer.encode(alpacaPrompt(asOneText(prompt)), { addSpecialTokens: true }) };
    return withSystemMessage(prompt, (messages) => format.encodePrompt(tokenizer, messages));
  }
}

function lengthOf({ tokenIds, sourceTokenIds }: GenerationRequest): number {
  return tokenIds.length + (sourceTokenIds?.length ?? 0);
}
