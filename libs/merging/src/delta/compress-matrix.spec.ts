import { manualSeed, ops, randn, scope, zeros, type Tensor } from '@tunesmith/tensor';
import { compressMatrix, planRanks, restoreGroup } from './compress-matrix.js';
import { dequantizeVectors, quantizeVectors } from './quantize-vectors.js';

const lost = (rest: Tensor, all: Tensor): number => ops.norm(rest).item() / ops.norm(all).item();

test('vectors in more bits are nearer, and eight bits are near', () => {
  scope(() => {
    manualSeed(1);
    const vectors = randn([3, 150]);
    const errors = [1, 2, 3, 4, 8].map((bits) => lost(ops.sub(dequantizeVectors(quantizeVectors(vectors, bits), bits), vectors), vectors));
    expect(errors).toEqual([...errors].sort((one, other) => other - one));
    expect(errors[1]).toBeLessThan(0.4);
    expect(errors[4]).toBeLessThan(0.01);
    expect(dequantizeVectors(quantizeVectors(zeros([1, 5]), 2), 2).toArray()).toEqual([0, 0, 0, 0, 0]);
  });
});

test('ranks fill the budget, the first groups first', () => {
  const groups = [{ rank: 2, bits: 8 }, { rank: 32, bits: 3 }, { rank: null, bits: 2 }];
  // 512 x 512 at one bit: 262,144. A vector pair costs 1,024 times its bits and 16 scales of 16 bits.
  expect(planRanks([512, 512], groups, 1)).toEqual([{ rank: 2, bits: 8 }, { rank: 32, bits: 3 }, { rank: Math.floor((262_144 - 2 * (8192 + 256) - 32 * (3072 + 256)) / (2048 + 256)), bits: 2 }]);
  expect(planRanks([16, 16], groups, 1)).toEqual([{ rank: 2, bits: 3 }]);
  expect(planRanks([4, 4], groups, 1)).toEqual([]);
  expect(planRanks([64, 64], groups, 16)).toEqual([{ rank: 2, bits: 8 }, { rank: 32, bits: 3 }, { rank: 30, bits: 2 }]);
});

test('the parts and what is left over make the matrix', () => {
  scope(() => {
    manualSeed(2);
    const matrix = randn([40, 70]);
    const { groups, rest } = compressMatrix(matrix, [{ rank: 2, bits: 8 }, { rank: 10, bits: 3 }]);
    expect(groups.map(({ rank, bits }) => [rank, bits])).toEqual([[2, 8], [10, 3]]);
    const restored = groups.map((group) => restoreGroup(group, group.bits)).reduce((sum, each) => ops.add(sum, each), rest);
    expect(ops.allclose(restored, matrix, 1e-4, 1e-4)).toBe(true);
  });
});

test('mixed precision keeps more of a change with few strong directions than one precision of the same size', () => {
  scope(() => {
    manualSeed(3);
    const scales = ops.reshape(ops.exp(ops.mulScalar(randn([64]), 1.5)), [64, 1]);
    const matrix = ops.matmul(randn([256, 64]), ops.mul(scales, randn([64, 256])));
    const mixed = compressMatrix(matrix, planRanks([256, 256], [{ rank: 4, bits: 8 }, { rank: 8, bits: 3 }, { rank: null, bits: 2 }], 0.5)).rest;
    const plain = compressMatrix(matrix, planRanks([256, 256], [{ rank: null, bits: 2 }], 0.5)).rest;
    const whole = compressMatrix(matrix, planRanks([256, 256], [{ rank: null, bits: 8 }], 0.5)).rest;
    expect(lost(mixed, matrix)).toBeLessThan(lost(plain, matrix));
    expect(lost(mixed, matrix)).toBeLessThan(lost(whole, matrix));
  });
});
