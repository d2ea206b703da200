import { scope, tensor } from '@tunesmith/tensor';
import { relativePositionBias, relativePositionBucket } from './relative-position.js';

// First offset and bucket of each run from -300 to 300, by T5Attention._relative_position_bucket of transformers 5.19.
test.each([
  [{ buckets: 32, maxDistance: 128, bidirectional: true }, [[-300, 15], [-90, 14], [-63, 13], [-45, 12], [-31, 11], [-22, 10], [-15, 9], [-11, 8], [-7, 7], [-6, 6], [-5, 5], [-4, 4], [-3, 3], [-2, 2], [-1, 1], [0, 0], [1, 17], [2, 18], [3, 19], [4, 20], [5, 21], [6, 22], [7, 23], [8, 24], [12, 25], [16, 26], [23, 27], [32, 28], [46, 29], [64, 30], [91, 31]]],
  [{ buckets: 32, maxDistance: 128, bidirectional: false }, [[-300, 31], [-112, 30], [-98, 29], [-86, 28], [-76, 27], [-66, 26], [-58, 25], [-51, 24], [-45, 23], [-39, 22], [-34, 21], [-30, 20], [-26, 19], [-23, 18], [-20, 17], [-18, 16], [-15, 15], [-14, 14], [-13, 13], [-12, 12], [-11, 11], [-10, 10], [-9, 9], [-8, 8], [-7, 7], [-6, 6], [-5, 5], [-4, 4], [-3, 3], [-2, 2], [-1, 1], [0, 0]]],
  [{ buckets: 7, maxDistance: 20, bidirectional: true }, [[-300, 2], [-4, 1], [0, 0], [1, 4], [5, 5]]],
  [{ buckets: 7, maxDistance: 20, bidirectional: false }, [[-300, 6], [-12, 5], [-7, 4], [-4, 3], [-2, 2], [-1, 1], [0, 0]]],
  [{ buckets: 8, maxDistance: 16, bidirectional: true }, [[-300, 3], [-5, 2], [-1, 1], [0, 0], [1, 5], [2, 6], [6, 7]]],
  [{ buckets: 12, maxDistance: 50, bidirectional: false }, [[-300, 11], [-35, 10], [-24, 9], [-17, 8], [-12, 7], [-8, 6], [-5, 5], [-4, 4], [-3, 3], [-2, 2], [-1, 1], [0, 0]]],
] as const)('buckets of %j', (settings, runs) => {
  for (let offset = -300; offset <= 300; offset += 1) {
    const expected = runs.findLast(([first]) => first <= offset)?.[1];
    expect([offset, relativePositionBucket(offset, settings)]).toEqual([offset, expected]);
  }
});

test('a bias has each head its own number, and closes what a decoder may not see', () => {
  scope(() => {
    // The number of bucket b is b for the first head, 10 b for the second.
    const table = tensor([0, 0, 1, 10, 2, 20, 3, 30], { shape: [4, 2] });
    const both = relativePositionBias(table, { buckets: 4, maxDistance: 8, bidirectional: true }, { length: 2 });
    expect(both.shape).toEqual([2, 2, 2]);
    expect(both.toArray()).toEqual([0, 3, 1, 0, 0, 30, 10, 0]);
    const back = relativePositionBias(table, { buckets: 4, maxDistance: 8, bidirectional: false }, { past: 1, length: 2 });
    expect(back.shape).toEqual([2, 2, 3]);
    expect(back.toArray()).toEqual([1, 0, -Infinity, 2, 1, 0, 10, 0, -Infinity, 20, 10, 0]);
  });
});
