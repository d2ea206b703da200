import { scope, tensor } from '@tunesmith/tensor';
import { describeMergeMethod } from '../testing/describe-merge-method.js';
import { mergeTensors } from '../testing/merge-tensors.js';
import { nearswap } from './nearswap.js';

describeMergeMethod(nearswap, { parameters: { t: 0.05 } });

test('takes what is near and keeps what is far', () => {
  scope(() => {
    const merged = mergeTensors(nearswap, { base: tensor([1, 1, 1]), models: [tensor([1.5, 2, 5])] }, { t: 0.5 }).toArray();
    [1.5, 1.5, 1.5].forEach((value, index) => expect(merged[index]).toBeCloseTo(value, 6)); // shares 1, 1/2, 1/8
  });
});
