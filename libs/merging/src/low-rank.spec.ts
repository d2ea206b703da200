import { manualSeed, ops, randn, scope, zeros } from '@tunesmith/tensor';
import { lowRankFactors, rankOfEnergy } from './low-rank.js';

test.each([[12, 7], [7, 12], [9, 9], [1, 5]])('the factors of [%d, %d] give its truncated singular value decomposition', (out, width) => {
  scope(() => {
    manualSeed(2);
    const matrix = randn([out, width]);
    const [u, s, v] = ops.svd(matrix, false);
    const rank = Math.min(out, width, 3);
    const expected = ops.matmul(ops.mul(ops.narrow(u, 1, 0, rank), ops.narrow(s, 0, 0, rank)), ops.narrow(v, 0, 0, rank));
    const { a, b, singularValues } = lowRankFactors(matrix, () => rank);
    expect([b.shape, a.shape, a.dtype]).toEqual([[out, rank], [rank, width], 'float32']);
    s.toArray().forEach((value, index) => expect(singularValues[index]).toBeCloseTo(value, 4));
    expect(ops.allclose(ops.matmul(b, a), expected, 1e-4, 1e-5)).toBe(true);
    // Both sides carry the root of each singular value.
    ops.vectorNorm(a, 2, [1]).toArray().forEach((length, index) => expect(length ** 2).toBeCloseTo(singularValues[index]!, 4));
  });
});

test('a matrix of rank two needs two, and nothing has factors of zeros', () => {
  scope(() => {
    manualSeed(3);
    const matrix = ops.matmul(randn([20, 2]), randn([2, 30]));
    const { a, b } = lowRankFactors(matrix, (values) => rankOfEnergy(values, 1 - 1e-9));
    expect(a.shape[0]).toBe(2);
    expect(ops.allclose(ops.matmul(b, a), matrix, 1e-4, 1e-5)).toBe(true);
    expect(lowRankFactors(zeros([3, 4]), () => 2).a.toArray()).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
  });
});

test.each([[0.5, 1], [0.8, 1], [0.81, 2], [1, 3]])('of singular values 4, 2, 0 (squares 16, 4, 0) the share %d is held by %d', (share, rank) => {
  expect(rankOfEnergy([4, 2, 0], share)).toBe(rank === 3 ? 2 : rank);
});
