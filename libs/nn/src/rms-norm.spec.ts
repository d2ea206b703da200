import { ops, RandomGenerator, scope, setThreads, tensor } from '@tunesmith/tensor';
import fc from 'fast-check';
import { plainParts } from './plain-parts.js';

beforeAll(() => setThreads(1));

test('divides by the root of the mean square; the weight may be stored as the distance from one', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: -50, max: 50, noNaN: true }), { minLength: 6, maxLength: 6 }), fc.boolean(), fc.nat(), (numbers, unitOffset, seed) =>
      scope(() => {
        const norm = plainParts({ dtype: 'float32' }).rmsNorm('norm', 3, { epsilon: 1e-3, unitOffset });
        const weight = ops.normalInPlace(norm.weight, 0, 1, new RandomGenerator(seed)).toArray();
        const actual = norm.forward(tensor(numbers, { shape: [2, 3] })).toArray();
        [0, 3].forEach((start) => {
          const row = numbers.slice(start, start + 3);
          const root = Math.sqrt(row.reduce((sum, number) => sum + number ** 2, 0) / 3 + 1e-3);
          row.forEach((number, index) => expect(actual[start + index]).toBeCloseTo((number / root) * ((weight[index] ?? NaN) + (unitOffset ? 1 : 0)), 4));
        });
      }),
    ),
  );
});

test('large bfloat16 inputs do not overflow on the way', () => {
  scope(() => {
    const norm = plainParts({ dtype: 'bfloat16' }).rmsNorm('norm', 2, { epsilon: 1e-6 });
    ops.fillInPlace(norm.weight, 1);
    expect(norm.forward(tensor([3e18, 3e18], { shape: [1, 2], dtype: 'bfloat16' })).toArray()).toEqual([1, 1]);
  });
});
