import { klDivergence } from './kl-divergence.js';

const logs = (...probabilities: number[]) => probabilities.map(Math.log);

test('is zero for the same distribution and the textbook sum for others', () => {
  expect(klDivergence(logs(0.5, 0.25, 0.25), logs(0.5, 0.25, 0.25))).toBe(0);
  expect(klDivergence(logs(0.5, 0.5), logs(0.75, 0.25))).toBeCloseTo(0.5 * Math.log(0.5 / 0.75) + 0.5 * Math.log(0.5 / 0.25), 12);
});

test('counts tokens that are not told apart as one', () => {
  const expected = 0.6 * Math.log(0.6 / 0.5) + 0.4 * Math.log(0.4 / 0.5);
  expect(klDivergence(logs(0.6), logs(0.5))).toBeCloseTo(expected, 12);
});

test('a rest of rounding errors does not matter', () => {
  expect(klDivergence(logs(0.7, 0.3 - 1e-9), logs(0.7, 0.3 + 1e-9))).toBeLessThan(1e-8);
});
