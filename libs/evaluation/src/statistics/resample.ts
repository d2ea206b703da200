import { counterUniform } from '@tunesmith/datasets';
import { standardDeviation } from '../mean.js';

/** Tells these draws from those of samples. */
const stream = 0xb007;

/**
 * What `statistic` says of items that are drawn anew with replacement, `draws` times (bootstrap, Efron 1979). It is given the places of the drawn items, in an array that the next
 * draw overwrites. The same seed draws the same.
 */
export function resample<Statistic>(count: number, draws: number, seed: number, statistic: (places: Int32Array) => Statistic): Statistic[] {
  const places = new Int32Array(count);
  return Array.from({ length: draws }, (_, draw) => {
    const next = randomNumbers(Math.floor(counterUniform(seed, stream, draw) * 2 ** 32));
    for (let item = 0; item < count; item += 1) places[item] = Math.floor(next() * count);
    return statistic(places);
  });
}

/** Draws that are enough to see a spread. */
const drawsOfError = 200;

/** The standard error of a statistic of items: its spread over items drawn anew. The same each time; undefined for fewer than two. */
export function bootstrapError(count: number, statistic: (places: readonly number[]) => number): number | undefined {
  return count < 2 ? undefined : standardDeviation(resample(count, drawsOfError, 1, (places) => statistic([...places])));
}

/** The middle 95 % of numbers. */
export function middleOf(numbers: readonly number[]): { readonly low: number; readonly high: number } {
  const sorted = [...Float64Array.from(numbers).sort()];
  return { low: quantile(sorted, 0.025), high: quantile(sorted, 0.975) };
}

/** mulberry32: a thousand times as many draws as there are items, of which nothing hangs but an interval. */
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
