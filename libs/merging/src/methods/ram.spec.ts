import { scope, tensor, zeros } from '@tunesmith/tensor';
import { describeMergeMethod } from '../testing/describe-merge-method.js';
import { mergeTensors } from '../testing/merge-tensors.js';
import { ram } from './ram.js';

describeMergeMethod(ram, { symmetric: true });

test('what one model changed is taken whole, what several changed by the mean of those that did', () => {
  scope(() => {
    const models = [tensor([1, 2, 0, 3]), tensor([0, 4, 0, -1]), tensor([0, 0, 0, 1])];
    expect(mergeTensors(ram, { base: zeros([4]), models }).toArray()).toEqual([1, 3, 0, 1]);
    // Up to epsilon nothing counts as changed.
    expect(mergeTensors(ram, { base: zeros([4]), models }, { epsilon: 1 }).toArray()).toEqual([0, 3, 0, 3]);
  });
});
