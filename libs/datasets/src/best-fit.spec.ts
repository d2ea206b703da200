import fc from 'fast-check';
import { bestFit } from './best-fit.js';
import { counterUniform } from './counter-random.js';

describe('bestFit', () => {
  test('is best fit decreasing: each into the fullest bin that takes it', () => {
    expect(bestFit([5, 8, 1, 4, 2, 1], 10)).toEqual([[1, 4], [0, 3, 2], [5]]);
    expect(bestFit([5, 5, 5], 5)).toEqual([[0], [1], [2]]);
    expect(bestFit([], 5)).toEqual([]);
  });

  test('is what the plain search for the best bin finds, and every index stands in one bin once', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }).chain((capacity) => fc.record({ capacity: fc.constant(capacity), lengths: fc.array(fc.integer({ min: 1, max: capacity }), { maxLength: 60 }) })), ({ capacity, lengths }) => {
        const spaces: number[] = [];
        for (const length of lengths.toSorted((left, right) => right - left)) {
          const best = spaces.reduce((found, space, bin) => (space >= length && (found < 0 || space < spaces[found]!) ? bin : found), -1);
          if (best < 0) spaces.push(capacity - length);
          else spaces[best]! -= length;
        }
        const bins = bestFit(lengths, capacity);
        const left = bins.map((bin) => capacity - bin.reduce((sum, index) => sum + lengths[index]!, 0));
        expect(left.toSorted()).toEqual(spaces.toSorted());
        expect(bins.flat().toSorted((one, other) => one - other)).toEqual([...lengths.keys()]);
        expect(bestFit(lengths.toReversed(), capacity)).toHaveLength(bins.length);
      }),
    );
  });

  // Lengths of text are roughly log-normal; the median and the spread differ from one dataset to the next.
  test('fills at least 97 % on mixes of lengths as datasets have them', () => {
    const normal = (seed: number, place: number): number => Math.sqrt(-2 * Math.log(1 - counterUniform(seed, 1, place))) * Math.cos(2 * Math.PI * counterUniform(seed, 2, place));
    fc.assert(
      fc.property(fc.nat(1e6), fc.array(fc.record({ median: fc.integer({ min: 20, max: 250 }), spread: fc.double({ min: 0.3, max: 1.2, noNaN: true }) }), { minLength: 1, maxLength: 3 }), fc.constantFrom(1024, 2048), (seed, parts, capacity) => {
        const lengths = Array.from({ length: 1500 }, (_, place) => {
          const { median, spread } = parts[place % parts.length]!;
          return Math.min(capacity, Math.max(1, Math.round(median * Math.exp(spread * normal(seed, place)))));
        });
        // Rows of few packs may leave the last one half empty, however well they are laid.
        const tokens = lengths.reduce((sum, length) => sum + length, 0);
        expect(bestFit(lengths, capacity).length).toBeLessThanOrEqual(Math.ceil(tokens / (0.97 * capacity)));
      }),
      { numRuns: 60 },
    );
  });
});
