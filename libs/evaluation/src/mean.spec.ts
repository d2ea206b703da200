import { mean, standardError } from './mean.js';

test('the standard error of a mean is that of statistics books', () => {
  expect(mean([1, 0, 1, 1])).toBe(0.75);
  expect(standardError([1, 0, 1, 1])).toBeCloseTo(0.25, 12); // sqrt(0.75 * 0.25 / 3)
  expect(standardError([1, 1])).toBe(0);
  expect(standardError([1])).toBeUndefined();
});
