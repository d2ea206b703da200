import type { Sampling } from '@tunesmith/generation';
import type { NextToken } from './model-runtime.js';

/**
 * One of the likeliest tokens, the likeliest first, by temperature and nucleus: the place where the running sum of their probabilities passes uniform * kept mass. The same
 * number in [0, 1) always draws the same token.
 */
export function drawToken(tokens: readonly NextToken[], { temperature, topP }: Sampling, uniform: number): NextToken {
  const [first] = tokens;
  if (temperature === 0) return first!;
  const weights = tokens.map(({ logProb }) => Math.exp((logProb - first!.logProb) / temperature));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let kept = 0;
  let end = 0;
  while (end < weights.length && (end === 0 || kept < topP * total)) kept += weights[end++]!;
  let sum = 0;
  const place = weights.slice(0, end).findIndex((weight) => (sum += weight) > uniform * kept);
  return tokens[place < 0 ? end - 1 : place]!;
}
