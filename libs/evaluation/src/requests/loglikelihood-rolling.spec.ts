import { rollingWindows } from './loglikelihood-rolling.js';

/** As lm_eval.utils gives them: windows that do not overlap, the last one with as much before it as there is room for. */
test.each([
  [[], 4, []],
  [[1, 2, 3], 4, [[[0], [1, 2, 3]]]],
  [[1, 2, 3, 4], 4, [[[0], [1, 2, 3, 4]]]],
  [[1, 2, 3, 4, 5], 4, [[[0], [1, 2, 3, 4]], [[1, 2, 3, 4], [5]]]],
  [[1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 4, [[[0], [1, 2, 3, 4]], [[4], [5, 6, 7, 8]], [[6, 7, 8], [9, 10]]]],
])('%j in windows of %i', (tokens, length, windows) => {
  expect(rollingWindows(tokens, 0, length).map(({ contextTokenIds, continuationTokenIds }) => [contextTokenIds, continuationTokenIds])).toEqual(windows);
});
