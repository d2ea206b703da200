import type { WorkContext } from '@tunesmith/tensor';

/** Of each domain the probability that a text belongs to it, in the order of the domains; null where the judge gave no answer that counts. */
export type Verdict = readonly number[] | null;

/** Says to which domain texts belong. */
export interface DomainJudge {
  /** How it came to its verdicts, for the report. */
  readonly calibration: Readonly<Record<string, unknown>>;
  judge(texts: readonly string[], context: WorkContext): Promise<Verdict[]>;
}

/** The place of the likeliest domain; of equals the first. */
export function likeliest(probabilities: readonly number[]): number {
  return probabilities.reduce((best, probability, place) => (probability > probabilities[best]! ? place : best), 0);
}

export function softmax(scores: readonly number[]): number[] {
  const highest = Math.max(...scores);
  const powers = scores.map((score) => Math.exp(score - highest));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}
