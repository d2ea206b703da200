import { generate, type InferenceModel } from '@tunesmith/generation';
import type { WorkContext } from '@tunesmith/tensor';
import { EvaluationError } from '../evaluation-error.js';

export interface ModelSampling {
  /** The token that a sample follows: the beginning of a text, as in the paper, or the end of one, as in the released code. */
  readonly start: 'bos' | 'eos';
  readonly temperature: number;
  readonly topP: number;
  readonly repetitionPenalty: number;
  readonly maxNewTokens: number;
  readonly seed: number;
}

/**
 * What a model says when it is asked nothing: samples from one token on. Each follows from the seed and its place alone.
 *
 * @throws EvaluationError `no-start-token`.
 */
export async function sampleModel({ model, tokenizer, contextLength }: InferenceModel, count: number, { start, ...sampling }: ModelSampling, context: WorkContext): Promise<string[]> {
  const token = start === 'bos' ? tokenizer.bosTokenId : tokenizer.eosTokenIds[0];
  if (token === undefined || token === null) {
    throw new EvaluationError({ message: `start: expected a model with a token that ${start === 'bos' ? 'begins' : 'ends'} a text; its tokenizer names none. Try start ${start === 'bos' ? 'eos' : 'bos'}.`, code: 'no-start-token', facts: { start } });
  }
  const requests = Array.from({ length: count }, () => ({ tokenIds: [token] }));
  const generations = await generate(model, requests, { ...sampling, stopTokenIds: tokenizer.eosTokenIds, contextLength }, context);
  return generations.map(({ tokenIds }) => tokenizer.decode([...tokenIds], { skipSpecialTokens: true }));
}
