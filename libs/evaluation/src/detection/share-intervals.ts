import { middleOf, resample } from '../statistics/resample.js';

export interface ShareInterval {
  readonly low: number;
  readonly high: number;
}

const resamples = 1000;

/** The mean of verdicts, domain by domain. */
export function meanShares(verdicts: readonly (readonly number[])[], domains: number): number[] {
  return Array.from({ length: domains }, (_, domain) => verdicts.reduce((sum, verdict) => sum + verdict[domain]!, 0) / verdicts.length);
}

/** For the share of each domain the middle 95 % of what it is when the verdicts are drawn again with replacement (percentile bootstrap, Efron 1979). */
export function shareIntervals(verdicts: readonly (readonly number[])[], domains: number, seed: number): ShareInterval[] {
  const shareOf = (places: Int32Array, domain: number): number => places.reduce((sum, place) => sum + verdicts[place]![domain]! / verdicts.length, 0);
  const drawn = resample(verdicts.length, resamples, seed, (places) => Array.from({ length: domains }, (_, domain) => shareOf(places, domain)));
  return Array.from({ length: domains }, (_, domain) => middleOf(drawn.map((shares) => shares[domain]!)));
}
