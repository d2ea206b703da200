import type { ContinuationRequest, TokenModel } from '@tunesmith/generation';
import { contextLengthOf, encodeText, prefixTokenId } from './encode-text.js';
import type { LoglikelihoodRequest } from './evaluation-request.js';
import type { RequestKind } from './request-kind.js';

/** Contexts and continuations become tokens by the rules of lm-evaluation-harness 0.4. */
export const loglikelihood: RequestKind<'loglikelihood'> = {
  kind: 'loglikelihood',

  async run(model, requests, { batchRows }, onResult, context) {
    const options = { contextLength: contextLengthOf(model), ...(batchRows !== undefined && { batchRows }) };
    const encoded = encodePairs(model, requests);
    await model.scoreContinuations(encoded, { ...options, onScore: (index, { logProbs, greedy }) => onResult(index, { logProb: sum(logProbs), greedy, tokens: logProbs.length }) }, context);
  },
};

/** Of contexts that occur again and again only the first is read. */
function encodePairs(model: TokenModel, requests: readonly LoglikelihoodRequest[]): ContinuationRequest[] {
  const known = new Map<string, number[]>();
  const encodeContext = (text: string): number[] => {
    const tokenIds = known.get(text) ?? encodeText(model, text);
    known.set(text, tokenIds);
    return tokenIds;
  };
  return requests.map((request) => encodePair(model, request, encodeContext));
}

/**
 * Blanks at the end of a context belong to the continuation, which so keeps its words whole. The continuation's tokens are those of both
 * together behind the context's own; an encoder-decoder reads them apart.
 */
function encodePair(model: TokenModel, { context, continuation }: LoglikelihoodRequest, encodeContext: (text: string) => number[]): ContinuationRequest {
  if (context === '') {
    const tokenIds = model.tokenizer.encode(continuation, { addSpecialTokens: false });
    const prefix = prefixTokenId(model);
    if (tokenIds[0] === prefix) return { contextTokenIds: tokenIds.slice(0, 1), continuationTokenIds: tokenIds.slice(1) };
    return { contextTokenIds: [prefix], continuationTokenIds: tokenIds };
  }
  const kept = context.trimEnd();
  const moved = context.slice(kept.length) + continuation;
  const contextTokenIds = encodeContext(kept);
  if (model.startTokenId !== undefined) return { contextTokenIds, continuationTokenIds: model.tokenizer.encode(moved, { addSpecialTokens: false }) };
  return { contextTokenIds, continuationTokenIds: encodeText(model, kept + moved).slice(contextTokenIds.length) };
}

function sum(logProbs: readonly number[]): number {
  return logProbs.reduce((total, each) => total + each, 0);
}
