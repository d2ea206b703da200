import fc from 'fast-check';
import { permutation } from './row-order.js';

const seeds = fc.integer({ min: 0, max: 2 ** 32 - 1 });

describe('permutation', () => {
  test('is a permutation, the same for the same seed and epoch', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 200 }), seeds, fc.nat(1000), (length, seed, epoch) => {
        const order = permutation(length, seed, epoch);
        expect(order.toSorted((left, right) => left - right)).toEqual(Array.from({ length }, (_, index) => index));
        expect(permutation(length, seed, epoch)).toEqual(order);
      }),
      { numRuns: 50 },
    );
  });

  test('differs between epochs and between seeds', () => {
    const orders = [permutation(50, 1, 0), permutation(50, 1, 1), permutation(50, 2, 0)].map((order) => order.join());
    expect(new Set(orders).size).toBe(3);
  });

  test('puts every row at every place about equally often', () => {
    const counts = Array.from({ length: 4 }, () => [0, 0, 0, 0]);
    for (let epoch = 0; epoch < 4000; epoch += 1) permutation(4, 3, epoch).forEach((row, place) => (counts[row]![place]! += 1));
    for (const count of counts.flat()) expect(Math.abs(count - 1000)).toBeLessThan(150); // 5 standard deviations
  });
});
