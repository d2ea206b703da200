import { expectSource, type CausalLanguageModel } from '@tunesmith/models';
import type { WorkContext } from '@tunesmith/tensor';
import { decodeRows, sharedBeginning, type DecodedRow } from './decode-rows.js';
import { GenerationError } from './generation-error.js';
import type { Sampling } from './sampling.js';

export interface GenerationRequest {
  /** The prompt; at least one token. Of an encoder-decoder: the start token, and how the answer is to begin. */
  readonly tokenIds: readonly number[];
  /** What an encoder-decoder's encoder reads. */
  readonly sourceTokenIds?: readonly number[];
  /** For this request alone. Without it, its place in the list tells its draws from the others'. */
  readonly seed?: number;
}

export interface GenerationOptions extends Partial<Sampling> {
  readonly maxNewTokens: number;
  /** A row ends at any of these; the stop token itself is not part of the result. */
  readonly stopTokenIds: readonly number[];
  readonly seed?: number;
  /** Makes what stands in a row already less likely; 1, for none, without it. Then log-probabilities are those that it left. */
  readonly repetitionPenalty?: number;
  /** The most tokens that prompt and answer may have together: what the model was made for. */
  readonly contextLength?: number;
  /** The most rows that are decoded side by side. */
  readonly batchRows?: number;
  /** Whether the tokens so far of a request end it, the last one included: asked after each token. */
  readonly endsWith?: (request: number, tokenIds: readonly number[]) => boolean;
}

export interface Generation {
  readonly tokenIds: readonly number[];
  /** Natural logarithms, one for each token. */
  readonly logProbs: readonly number[];
  /** Whether a stop token (or `endsWith`) ended it, or a limit. */
  readonly finish: 'stop' | 'length';
}

/**
 * Continues prompts, many at a time: packed rows, a key-value cache, no padding. A row that has ended leaves the batch, and one that waits takes its place.
 *
 * Draws are a function of seed, request and place, never of what else is in the batch. Logits may still differ in the last bits
 * between batches of different sizes, which in bfloat16 can turn a near tie.
 *
 * `onFinished` hears of each request as soon as its answer has ended.
 *
 * @throws GenerationError `prompt-empty`, `prompt-too-long`, `token-unknown`, `logits-not-finite`; what `signal` was aborted with.
 */
export async function generate(
  model: CausalLanguageModel, requests: readonly GenerationRequest[], options: GenerationOptions, context: WorkContext, onFinished?: (index: number, generation: Generation) => void,
): Promise<Generation[]> {
  checkGenerationOptions(options);
  const results = new Map<number, Generation>();
  const finish = (index: number, generation: Generation): void => {
    results.set(index, generation);
    onFinished?.(index, generation);
    context.onProgress({ phase: 'generate', done: results.size, total: requests.length, unit: 'rows' });
  };
  const rows = requests.map((request, index) => {
    const prompt = checkedPrompt(request, index, model, options);
    const row: DecodedRow = {
      ...prompt, seed: request.seed ?? options.seed ?? 1, stream: request.seed === undefined ? index : 0, topTokens: 0,
      onToken: () => options.endsWith?.(index, row.tokenIds) ?? false,
      onFinish: (how) => finish(index, { tokenIds: row.tokenIds, logProbs: row.logProbs, finish: how }),
    };
    return row;
  });
  using beginning = sharedBeginning(model, rows);
  const { batchRows = 32, repetitionPenalty = 1 } = options;
  await decodeRows(model, rows, { batchRows, repetitionPenalty, beginning }, context.signal);
  return requests.map((_, index) => results.get(index)!);
}

/** What of a row follows from its prompt and the options. @throws GenerationError */
export function checkedPrompt({ tokenIds, sourceTokenIds: source }: GenerationRequest, index: number, model: CausalLanguageModel, options: GenerationOptions): Omit<DecodedRow, 'seed' | 'stream' | 'topTokens' | 'onToken' | 'onFinish'> {
  const { maxNewTokens, contextLength = Infinity, temperature = 0, topP = 1, stopTokenIds } = options;
  const { vocabularySize } = model;
  expectSource(model, { source });
  if (tokenIds.length === 0) throw new GenerationError({ message: `Request ${index}: expected a prompt of at least one token; got none.`, code: 'prompt-empty', facts: { request: index } });
  const unknown = [...tokenIds, ...(source ?? [])].find((id) => !Number.isInteger(id) || id < 0 || id >= vocabularySize);
  if (unknown !== undefined) {
    throw new GenerationError({
      message: `Request ${index}: expected token ids from 0 to ${vocabularySize - 1}; got ${unknown}. The tokenizer may belong to another model.`,
      code: 'token-unknown',
      facts: { request: index, tokenId: unknown, vocabularySize },
    });
  }
  if (tokenIds.length >= contextLength) {
    throw new GenerationError({
      message: `Request ${index}: the prompt has ${tokenIds.length} tokens, but the model reads at most ${contextLength} with the answer. Shorten it.`,
      code: 'prompt-too-long',
      facts: { request: index, tokens: tokenIds.length, contextLength },
    });
  }
  const limit = Math.min(maxNewTokens, contextLength - tokenIds.length);
  return { prompt: tokenIds, ...(source && { source }), sampling: { temperature, topP }, stopTokenIds, limit, tokenIds: [], logProbs: [] };
}

/** @throws GenerationError `option-out-of-range` */
export function checkGenerationOptions({ maxNewTokens, temperature = 0, topP = 1, repetitionPenalty = 1, batchRows = 32 }: GenerationOptions): void {
  const wrong = (name: string, expected: string, value: number): GenerationError =>
    new GenerationError({ message: `${name}: expected ${expected}; got ${value}.`, code: 'option-out-of-range', facts: { name, value } });
  if (!Number.isInteger(maxNewTokens) || maxNewTokens < 1) throw wrong('maxNewTokens', 'a whole number of at least 1', maxNewTokens);
  if (!Number.isInteger(batchRows) || batchRows < 1) throw wrong('batchRows', 'a whole number of at least 1', batchRows);
  if (!(temperature >= 0 && Number.isFinite(temperature))) throw wrong('temperature', 'a number of at least 0, where 0 takes the likeliest token', temperature);
  if (!(repetitionPenalty > 0 && Number.isFinite(repetitionPenalty))) throw wrong('repetitionPenalty', 'a number above 0, where 1 is none', repetitionPenalty);
  if (!(topP > 0 && topP <= 1)) throw wrong('topP', 'a number above 0 and at most 1', topP);
}
