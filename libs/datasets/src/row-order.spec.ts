import fc from 'fast-check';
import { batchesPerEpoch, batchRows, permutation } from './row-order.js';

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

describe('batchRows', () => {
  test('the steps of an epoch cover every row once, wherever one starts', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 16 }), seeds, fc.nat(5), fc.constantFrom('shuffle' as const, 'file' as const), (rows, batch, seed, epoch, order) => {
        const options = { rows, batch, seed, order };
        const steps = batchesPerEpoch(options);
        const taken = Array.from({ length: steps }, (_, step) => batchRows(epoch * steps + step, options));
        expect(taken.flat().toSorted((left, right) => left - right)).toEqual(Array.from({ length: rows }, (_, index) => index));
        expect(taken.slice(0, -1).every((each) => each.length === batch)).toBe(true);
        if (order === 'file') expect(taken.flat()).toEqual(Array.from({ length: rows }, (_, index) => index));
      }),
      { numRuns: 50 },
    );
  });
});
