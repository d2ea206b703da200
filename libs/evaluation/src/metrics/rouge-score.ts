import { countNGrams, countShared } from './n-grams.js';

/** The F-measure of the n-grams that two texts share (ROUGE-N of Lin 2004), 0 to 1. */
export function rougeN(length: number, prediction: string, reference: string): number {
  const [said, right] = [words(prediction), words(reference)];
  const shared = countShared(countNGrams(said, length), countNGrams(right, length));
  return measure(shared, Math.max(said.length - length + 1, 0), Math.max(right.length - length + 1, 0));
}

/** The F-measure of the longest common subsequence of words (ROUGE-L of Lin 2004), the text taken as one sentence, 0 to 1. */
export function rougeL(prediction: string, reference: string): number {
  const [said, right] = [words(prediction), words(reference)];
  return measure(longestCommonSubsequence(said, right), said.length, right.length);
}

/** As Google's rouge_score cuts texts by default: ASCII letters and digits, small, without stemming. */
function words(text: string): string[] {
  return text.toLowerCase().match(/[a-z0-9]+/g) ?? [];
}

function measure(shared: number, said: number, right: number): number {
  if (shared === 0) return 0;
  const [precision, recall] = [shared / said, shared / right];
  return (2 * precision * recall) / (precision + recall);
}

/** Its length; memory for two rows of the table. */
function longestCommonSubsequence(one: readonly string[], other: readonly string[]): number {
  let [before, row] = [new Uint32Array(other.length + 1), new Uint32Array(other.length + 1)];
  for (const word of one) {
    for (let place = 1; place <= other.length; place += 1) row[place] = word === other[place - 1] ? before[place - 1]! + 1 : Math.max(before[place]!, row[place - 1]!);
    [before, row] = [row, before];
  }
  return before[other.length]!;
}
