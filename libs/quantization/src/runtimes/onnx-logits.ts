import type { NextToken, RuntimeScore } from './model-runtime.js';

/** The tokens that logits [vocabulary] find likeliest, the likeliest first; undefined where the logits are not finite. */
export function nextTokens(logits: Float32Array, count: number): NextToken[] | undefined {
  const total = logSumExp(logits);
  // NaN and the infinities differ from zero when taken from themselves.
  if (logits.length === 0 || total - total !== 0) return undefined;
  return likeliest(logits, count).map((id) => ({ id, logProb: logits[id]! - total }));
}

/** What logits [vocabulary] say of tokens; undefined where they are not finite. */
export function scoreOf(logits: Float32Array, tokenIds: readonly number[]): RuntimeScore | undefined {
  const total = logSumExp(logits);
  const logProbabilities = tokenIds.map((id) => logits[id]! - total);
  if (!logProbabilities.every(Number.isFinite)) return undefined;
  const [id] = likeliest(logits, 1);
  return { logProbabilities, likeliest: { id: id!, logProb: logits[id!]! - total } };
}

/** The places of the largest values, the largest first. */
function likeliest(values: Float32Array, count: number): number[] {
  if (count === 1) {
    let best = 0;
    for (let i = 1; i < values.length; i += 1) if (values[i]! > values[best]!) best = i;
    return [best];
  }
  const least = values.slice().sort().at(-Math.min(count, values.length))!;
  const found: number[] = [];
  for (let i = 0; i < values.length; i += 1) if (values[i]! >= least) found.push(i);
  return found.sort((left, right) => values[right]! - values[left]!).slice(0, count);
}

function logSumExp(logits: Float32Array): number {
  let largest = -Infinity;
  for (let i = 0; i < logits.length; i += 1) largest = Math.max(largest, logits[i]!);
  let sum = 0;
  for (let i = 0; i < logits.length; i += 1) sum += Math.exp(logits[i]! - largest);
  return largest + Math.log(sum);
}
