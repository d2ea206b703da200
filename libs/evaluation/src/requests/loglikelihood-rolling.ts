import type { ContinuationRequest } from '@tunesmith/generation';
import { contextLengthOf, encodeText, prefixTokenId } from './encode-text.js';
import type { RequestKind } from './request-kind.js';

/** Every token of a text once: those of the first window after the model's first token, those of each later one after the last token of the window before. */
export const loglikelihoodRolling: RequestKind<'loglikelihood_rolling'> = {
  kind: 'loglikelihood_rolling',

  async run(model, requests, { batchRows }, onResult, context) {
    const contextLength = contextLengthOf(model);
    const windows = requests.flatMap(({ text }, request) => rollingWindows(encodeText(model, text), prefixTokenId(model), contextLength).map((window) => ({ ...window, request })));
    const totals = requests.map(() => ({ logProb: 0, tokens: 0, waiting: 0 }));
    for (const { request } of windows) totals[request]!.waiting += 1;
    totals.forEach(({ waiting }, request) => waiting === 0 && onResult(request, { logProb: 0, tokens: 0 }));
    const sums = new Map<number, number[]>();
    await model.scoreContinuations(
      windows,
      {
        contextLength,
        ...(batchRows !== undefined && { batchRows }),
        onScore(index, { logProbs }) {
          const { request } = windows[index]!;
          sums.set(index, [...logProbs]);
          const total = totals[request]!;
          total.waiting -= 1;
          if (total.waiting > 0) return;
          // In the order of the text, whatever the order in which they came.
          const all = windows.flatMap((window, place) => (window.request === request ? sums.get(place)! : []));
          onResult(request, { logProb: all.reduce((sum, each) => sum + each, 0), tokens: all.length });
        },
      },
      context,
    );
  },
};

/** Windows of at most `length` tokens that the model reads; the first has `prefix` before it. */
export function rollingWindows(tokenIds: readonly number[], prefix: number, length: number): ContinuationRequest[] {
  const windows: ContinuationRequest[] = [];
  let end = Math.min(length, tokenIds.length);
  if (end > 0) windows.push({ contextTokenIds: [prefix], continuationTokenIds: tokenIds.slice(0, end) });
  while (end < tokenIds.length) {
    const count = Math.min(tokenIds.length - end, length);
    end += count;
    // The last window is short of new tokens, and sees as many as there is room for before them.
    windows.push({ contextTokenIds: tokenIds.slice(end - length - 1, end - count), continuationTokenIds: tokenIds.slice(end - count, end) });
  }
  return windows;
}
