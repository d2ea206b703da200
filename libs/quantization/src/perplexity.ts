/** exp of the mean negative log-probability. Lower is better; 1 is certainty. */
export function perplexity(logProbabilities: readonly number[]): number {
  const sum = logProbabilities.reduce((total, value) => total + value, 0);
  return Math.exp(-sum / logProbabilities.length);
}
