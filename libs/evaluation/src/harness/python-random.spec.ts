import { PythonRandom } from './python-random.js';

// What random.Random(seed).sample(range(n), k) of CPython 3.11 gives, one call after another.
test.each([
  [1234, 5, [[3, 0], [0, 4], [4, 0]]],
  [1234, 100, [[99, 56, 14, 0, 11], [74, 4, 85, 88, 10], [12, 98, 45, 30, 2]]],
  [0, 30, [[27, 12, 24, 13, 1, 8, 16, 15], [12, 25, 26, 9, 15, 11, 18, 6]]],
  [2 ** 40 + 7, 1000, [[628, 765, 834], [960, 967, 654]]],
])('with the seed %i, out of %i', (seed, total, draws) => {
  const random = new PythonRandom(seed);
  const items = Array.from({ length: total }, (_, index) => index);
  expect(draws.map((drawn) => random.sample(items, drawn.length))).toEqual(draws);
});

test('no more can be drawn than there are', () => {
  expect(() => new PythonRandom(1).sample([1, 2], 3)).toThrow('at most 2');
});
