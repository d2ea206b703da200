/**
 * The Kullback-Leibler divergence of two distributions at one place, in nats, from the logarithms of what they give the same tokens; all other tokens
 * count as one. Taking tokens together can only lower it, and by little where the tokens that are told apart are the likeliest.
 */
export function klDivergence(source: readonly number[], other: readonly number[]): number {
  let divergence = 0;
  let [sourceRest, otherRest] = [1, 1];
  for (const [index, logP] of source.entries()) {
    const p = Math.exp(logP);
    divergence += p * (logP - other[index]!);
    sourceRest -= p;
    otherRest -= Math.exp(other[index]!);
  }
  // Rounding may leave a rest of almost nothing below zero.
  if (sourceRest > 1e-6) divergence += sourceRest * Math.log(sourceRest / Math.max(otherRest, 1e-12));
  return Math.max(0, divergence);
}
