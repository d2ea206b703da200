import { scope, tensor, zeros } from '@tunesmith/tensor';
import { describeMergeMethod } from '../testing/describe-merge-method.js';
import { mergeTensors } from '../testing/merge-tensors.js';
import { modelStock } from './model-stock.js';

describeMergeMethod(modelStock, { symmetric: true });

test('the angle between the task vectors says how far it goes towards their mean', () => {
  scope(() => {
    const base = tensor([1, 1]);
    const models = [tensor([2, 1]), tensor([1 + 0.5, 1 + Math.sqrt(0.75)])]; // 60 degrees apart
    const t = (2 * 0.5) / (1 + 0.5);
    const merged = mergeTensors(modelStock, { base, models }).toArray();
    [t * 1.75 + (1 - t), t * (1 + Math.sqrt(0.75) / 2) + (1 - t)].forEach((value, index) => expect(merged[index]).toBeCloseTo(value, 5));
  });
});

test('rows have angles of their own where asked; updates that oppose each other leave the base', () => {
  scope(() => {
    const base = zeros([2, 2]);
    const models = [tensor([1, 0, 1, 0], { shape: [2, 2] }), tensor([1, 0, -1, 0], { shape: [2, 2] })];
    expect(mergeTensors(modelStock, { base, models }, { filter_wise: true }).toArray()).toEqual([1, 0, 0, 0]);
  });
});
