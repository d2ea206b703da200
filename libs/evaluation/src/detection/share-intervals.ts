import { counterUniform } from '@tunesmith/datasets';

export interface ShareInterval {
  readonly low: number;
  readonly high: number;
}

const resamples = 1000;
/** Tells these draws from those of samples. */
const stream = 0xb007;

/** The mean of verdicts, domain by domain. */
export function meanShares(verdicts: readonly (readonly number[])[], domains: number): number[] {
  return Array.from({ length: domains }, (_, domain) => verdicts.reduce((sum, verdict) => sum + verdict[domain]!, 0) / verdicts.length);
}

/** For the share of each domain the middle 95 % of what it is when the verdicts are drawn again with replacement (percentile bootstrap, Efron 1979). */
export function shareIntervals(verdicts: readonly (readonly number[])[], domains: number, seed: number): ShareInterval[] {
  const shares = Array.from({ length: domains }, () => new Float64Array(resamples));
  for (let resample = 0; resample < resamples; resample += 1) {
    const next = randomNumbers(Math.floor(counterUniform(seed, stream, resample) * 2 ** 32));
    for (let draw = 0; draw < verdicts.length; draw += 1) {
      const verdict = verdicts[Math.floor(next() * verdicts.length)]!;
      for (let domain = 0; domain < domains; domain += 1) shares[domain]![resample]! += verdict[domain]! / verdicts.length;
    }
  }
  return shares.map((drawn) => {
    const sorted = [...drawn.sort()];
    return { low: quantile(sorted, 0.025), high: quantile(sorted, 0.975) };
  });
}

/** mulberry32: a thousand times as many draws as there are samples, of which nothing hangs but an interval. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Between the two values next to the place, in a straight line. */
function quantile(sorted: readonly number[], part: number): number {
  const place = part * (sorted.length - 1);
  const low = Math.floor(place);
  const [below, above] = [sorted[low]!, sorted[Math.min(low + 1, sorted.length - 1)]!];
  return below + (above - below) * (place - low);
}
