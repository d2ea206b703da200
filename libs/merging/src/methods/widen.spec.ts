import { scope, tensor } from '@tunesmith/tensor';
import { describeMergeMethod } from '../testing/describe-merge-method.js';
import { mergeTensors } from '../testing/merge-tensors.js';
import { widen } from './widen.js';

describeMergeMethod(widen, { symmetric: true });

test('columns that moved far are taken by the calibrated score, the others by the softmax of their ranks', () => {
  scope(() => {
    const base = tensor([1, 1, 1, 1], { shape: [1, 4] });
    const model = tensor([1, 1.5, 3, 9], { shape: [1, 4] });
    // Lengths moved by 0, 0.5, 2, 8: ranks 0, 1/4, 1/2, 3/4 with mean 3/8. No direction turned: the same ranks by position. One model: every softmax is 1.
    expect(mergeTensors(widen, { base, models: [model] }, { score_calibration_value: 0.5 }).toArray()).toEqual([1, 1.5, 2, 5]);
  });
});

test('embeddings have a vector for each token, transposed weights for each row', () => {
  scope(() => {
    const base = tensor([1, 1, 1, 1], { shape: [4, 1] });
    const model = tensor([1, 1.5, 3, 9], { shape: [4, 1] });
    for (const each of [{ role: 'embedding' as const }, { transposed: true }]) {
      expect(mergeTensors(widen, { base, models: [model], ...each }, { score_calibration_value: 0.5 }).toArray()).toEqual([1, 1.5, 2, 5]);
    }
  });
});

test('vectors go by how far each number moved', () => {
  scope(() => {
    const merged = mergeTensors(widen, { base: tensor([0, 0]), models: [tensor([1, 3]), tensor([2, 0])] }).toArray();
    const share = (own: number, other: number): number => Math.exp(own) / (Math.exp(own) + Math.exp(other));
    [share(1, 2) + 2, 3].forEach((value, index) => expect(merged[index]).toBeCloseTo(value, 5));
  });
});
