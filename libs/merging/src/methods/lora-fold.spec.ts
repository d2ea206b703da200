import { scope, tensor } from '@tunesmith/tensor';
import { describeMergeMethod } from '../testing/describe-merge-method.js';
import { mergeTensors } from '../testing/merge-tensors.js';
import { loraFold } from './lora-fold.js';

describeMergeMethod(loraFold);

test('adds scaling * B A to a targeted weight and leaves the others', () => {
  scope(() => {
    const base = tensor([1, 2, 3, 4], { shape: [2, 2] });
    const update = { a: tensor([1, 10], { shape: [1, 2] }), b: tensor([2, 3], { shape: [2, 1] }), scaling: 0.5 };
    expect(mergeTensors(loraFold, { base, models: [], update }).toArray()).toEqual([2, 12, 4.5, 19]);
    expect(mergeTensors(loraFold, { base, models: [] }).toArray()).toEqual([1, 2, 3, 4]);
  });
});
