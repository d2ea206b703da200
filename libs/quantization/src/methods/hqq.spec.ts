import { RandomGenerator, randn, scope, tensor } from '@tunesmith/tensor';
import { hqq } from './hqq.js';
import type { IntegerGrid } from './integer-grid.js';
import { roundToNearest } from './round-to-nearest.js';
import type { RoundedMatrix } from './rounded-matrix.js';

const [rows, columns, size] = [16, 128, 32];
const weights = (() => {
  const plain = Float32Array.from(scope(() => randn([rows, columns], { generator: new RandomGenerator(5) }).toArray()));
  // A few far larger than the rest, as in real models: those that the norm forgives.
  return plain.map((value, at) => (at % 61 === 7 ? value * 6 : value));
})();

/** Σ |error|^0.7 of each group. */
function errors({ levels, scales, zeros }: RoundedMatrix): number[] {
  const sums = new Array<number>((rows * columns) / size).fill(0);
  weights.forEach((weight, at) => {
    const group = Math.floor(at / size);
    sums[group]! += Math.abs(weight - (levels[at]! - zeros[group]!) * scales[group]!) ** 0.7;
  });
  return sums;
}

test.each([[4, false], [4, true], [3, false], [8, false]])('%d bits, symmetric %p: no group is worse than rounded to nearest, and most are better', (bits, symmetric) => {
  const grid: IntegerGrid = { bits, symmetric, groupSize: size, leastZero: 0, scaleDtype: 'float16' };
  const [ours, nearest] = [hqq, roundToNearest].map((method) => errors(scope(() => method.round(tensor(weights, { shape: [rows, columns] }), grid, 'w'))));
  ours!.forEach((error, group) => expect(error).toBeLessThanOrEqual(nearest![group]! * (1 + 1e-4)));
  expect(ours!.filter((error, group) => error < nearest![group]!).length).toBeGreaterThan(ours!.length / 2);
});

test('zeros stay zeros, and zero points stay where the format can store them', () => {
  const grid: IntegerGrid = { bits: 4, symmetric: false, groupSize: size, leastZero: 1, scaleDtype: 'float16' };
  const { levels, zeros } = scope(() => hqq.round(tensor(new Float32Array(size), { shape: [1, size] }), grid, 'w'));
  expect([...levels]).toEqual(new Array(size).fill(zeros[0]));
  const positive = scope(() => hqq.round(tensor(weights.map(Math.abs), { shape: [rows, columns] }), grid, 'w'));
  expect(Math.min(...positive.zeros)).toBeGreaterThanOrEqual(1);
});
